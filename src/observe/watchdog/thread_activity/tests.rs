//! The parser, with texts of the kernel.

use super::{ThreadActivity, parse};

fn waits(system_call: Option<&str>, kernel_function: Option<&str>) -> Option<ThreadActivity> {
    let [system_call, kernel_function] =
        [system_call, kernel_function].map(|name| name.map(String::from));
    Some(ThreadActivity { is_running: false, system_call, kernel_function })
}

#[test]
fn the_state_follows_the_last_parenthesis() {
    let parsed = parse("7671 (a) S (b)) R 7665 7665 30548 0", Some("running"), Some("0"));
    assert_eq!(parsed.map(|activity| activity.to_string()).as_deref(), Some("runs"));
    assert_eq!(parse("7671 (sleep) S 7665", None, None), waits(None, None));
    assert_eq!(parse("", None, None), None);
    assert_eq!(parse("7671 (sleep)", None, None), None);
}

#[test]
fn an_unknown_system_call_is_shown_by_its_number() {
    let parsed = parse("1 (x) D 2", Some("123456789 0x0 0x0"), Some("folio_wait_bit"));
    assert_eq!(parsed, waits(Some("123456789"), Some("folio_wait_bit")));
    let text = parsed.map(|activity| activity.to_string());
    assert_eq!(text.as_deref(), Some("waits in the system call 123456789 (folio_wait_bit)"));
}

#[test]
fn a_thread_that_waits_outside_of_a_system_call_has_none() {
    assert_eq!(parse("1 (x) S 2", Some("-1 0x7f 0x7f"), Some("0")), waits(None, None));
    assert_eq!(parse("1 (x) S 2", Some("running"), Some("f\n")), waits(None, Some("f")));
}

#[cfg(all(target_os = "linux", feature = "net"))]
#[test]
fn a_known_system_call_is_shown_by_its_name() {
    let number = libc::SYS_clock_nanosleep;
    let parsed = parse("1 (x) S 2", Some(&format!("{number} 0x0 0x0")), None);
    assert_eq!(parsed, waits(Some("clock_nanosleep"), None));
}
