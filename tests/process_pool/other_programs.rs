//! Programs that are not workers, or do not follow the protocol.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use aside::process_pool::{CallError, ProcessPool};
use aside::run_in_executor;

use crate::functions::ECHO;

/// Reads the pool's hello and sends a hello.
pub(crate) const HELLO: &str =
    r"head -c 19 >/dev/null; printf '\001\016\000\000\000aside-pp\001\000\377\377\377\377' >&0";
/// Reads a call of `echo` with one byte of arguments.
pub(crate) const READ_CALL: &str = "head -c 12 >/dev/null";

/// A shell script in place of a worker. Its standard input is the connection.
pub(crate) fn script(name: &str, body: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.sh"));
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Makes a call in a worker that runs the given program, and returns the error.
fn call_error(program: impl Into<PathBuf>) -> CallError {
    let builder = ProcessPool::builder().workers(1).program(program).on_line(|_| ());
    let pool = builder.start_timeout(Duration::from_secs(20)).build();
    aside::run(async { run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap_err() })
}

pub(crate) fn a_missing_program_is_an_error() {
    let error = call_error("/there/is/no/such/program");
    assert!(matches!(error, CallError::Start(why) if why.kind() == ErrorKind::NotFound));
}

pub(crate) fn a_program_that_exits_at_once_is_reported_as_dead() {
    let error = call_error(script("ends", "echo so soon >&2; exit 5"));
    let death = error.worker_death().unwrap();
    assert_eq!(death.status.unwrap().code(), Some(5));
    assert_eq!(death.last_lines, "so soon");
}

pub(crate) fn a_program_that_sends_no_hello_is_killed() {
    let builder = ProcessPool::builder().workers(1).program(script("silent", "sleep 1000"));
    let pool = builder.start_timeout(Duration::from_millis(200)).build();
    let error = aside::run(async { run_in_executor(&pool, ECHO.call(1)).await.unwrap() });
    assert!(
        matches!(error, Err(CallError::Start(why)) if why.kind() == ErrorKind::TimedOut),
        "the start times out"
    );
}

pub(crate) fn a_program_of_another_protocol_version_is_refused() {
    let newer = r"printf '\001\016\000\000\000aside-pp\011\000\377\377\377\377' >&0; sleep 1000";
    let CallError::Start(why) = call_error(script("newer", newer)) else {
        panic!("it was accepted")
    };
    assert_eq!(why.to_string(), "the other side uses version 9 of the protocol, not 1");
}

/// P58.
pub(crate) fn a_truncated_reply_is_reported_as_a_death() {
    let half = format!(r"{HELLO}; {READ_CALL}; printf '\003\100\000\000\000half' >&0; exit 0");
    let error = call_error(script("half", &half));
    assert_eq!(error.worker_death().unwrap().status.unwrap().code(), Some(0));
}

/// P58.
pub(crate) fn a_malformed_reply_is_an_error() {
    let replies = [
        ("kind", r"\143\000\000\000\000", "no frame has kind 99"),
        ("two", r"\003\001\000\000\000\001\003", "bytes follow the frame"),
        ("hello", r"\001\000\000\000\000", "a Hello frame is no reply"),
        (
            "long",
            r"\003\377\377\377\377",
            "a frame of 4294967295 bytes, where 268435456 are allowed",
        ),
    ];
    for (name, reply, why) in replies {
        let body = format!("{HELLO}; {READ_CALL}; printf '{reply}' >&0; sleep 1000");
        let error = call_error(script(name, &body));
        assert!(matches!(&error, CallError::BadReply(said) if &**said == why), "{name}: {error}");
    }
}
