//! The test of the watchdog. It is apart from the watchdog, because the watchdog is also a part of
//! binaries whose only test counts what the whole process allocates or opens.

use super::watchdog::watched;

#[test]
#[should_panic(expected = "a panic in a watched test")]
fn a_panic_in_a_watched_test_fails_the_test() {
    watched(|| panic!("a panic in a watched test"));
}
