//! The treatment of each kind of error. The operation of a test returns the errors.

use std::future::poll_fn;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{PAUSE, RUN, RUNS_MAX, accept, poll_accept};
use crate::Runtime;
use crate::net::AsyncFd;
use crate::time::{Clock, now};

/// Returns a descriptor that stays readable, and its peer.
fn readable() -> (AsyncFd<UnixStream>, UnixStream) {
    let (near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.write_all(b"x").unwrap();
    (AsyncFd::new(near).unwrap(), far)
}

/// Accepts by an operation that returns `code` as its error the given number of times, and then a
/// connection. Returns the result and the virtual time that has passed.
fn accept_after(code: i32, errors: u32) -> (io::Result<()>, Duration) {
    let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
    runtime.block_on(async {
        let (listener, _far) = readable();
        let begin = now();
        let mut left = errors;
        let accepted = accept(&listener, |_| {
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            Err(io::Error::from_raw_os_error(code))
        });
        (accepted.await, now() - begin)
    })
}

// P98.
#[test]
fn an_error_of_one_connection_is_skipped() {
    let codes = [
        libc::ECONNABORTED,
        libc::EINTR,
        libc::EPROTO,
        libc::EPERM,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENOPROTOOPT,
        libc::EOPNOTSUPP,
        #[cfg(target_os = "linux")]
        libc::ENONET,
    ];
    for code in codes {
        let (accepted, elapsed) = accept_after(code, 1);
        assert!(accepted.is_ok(), "{accepted:?}");
        assert_eq!(elapsed, Duration::ZERO);
    }
}

// P98.
#[test]
fn many_errors_of_connections_cause_pauses_and_no_error() {
    let (accepted, elapsed) = accept_after(libc::ENETDOWN, 10 * RUN);
    assert!(accepted.is_ok(), "{accepted:?}");
    assert_eq!(elapsed, 10 * PAUSE);
}

// P98.
#[test]
fn a_listener_that_only_fails_returns_its_error() {
    let (accepted, elapsed) = accept_after(libc::EOPNOTSUPP, u32::MAX);
    assert_eq!(accepted.unwrap_err().raw_os_error(), Some(libc::EOPNOTSUPP));
    assert_eq!(elapsed, (RUNS_MAX - 1) * PAUSE);
}

// P98.
#[test]
fn exhaustion_is_returned_after_a_pause_and_other_errors_at_once() {
    for code in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
        let (accepted, elapsed) = accept_after(code, 1);
        assert_eq!(accepted.unwrap_err().raw_os_error(), Some(code));
        assert_eq!(elapsed, PAUSE);
    }
    let (accepted, elapsed) = accept_after(libc::EINVAL, 1);
    assert_eq!(accepted.unwrap_err().raw_os_error(), Some(libc::EINVAL));
    assert_eq!(elapsed, Duration::ZERO);
}

/// Polls with the given number of errors of connections, and returns the number that are left.
fn poll_after(code: i32, mut errors: u32) -> (io::Result<()>, u32) {
    Runtime::new().block_on(async {
        let (listener, _far) = readable();
        let polled = poll_fn(|cx| {
            poll_accept(&listener, cx, |_| {
                if errors == 0 {
                    return Ok(());
                }
                errors -= 1;
                Err(io::Error::from_raw_os_error(code))
            })
        });
        let accepted = polled.await;
        (accepted, errors)
    })
}

#[test]
fn a_poll_skips_the_errors_of_one_run_and_returns_all_others_at_once() {
    let (accepted, _) = poll_after(libc::ECONNABORTED, RUN - 1);
    assert!(accepted.is_ok(), "{accepted:?}");
    let (accepted, left) = poll_after(libc::ECONNABORTED, RUN + 5);
    assert_eq!(accepted.unwrap_err().raw_os_error(), Some(libc::ECONNABORTED));
    assert_eq!(left, 5);
    for code in [libc::EMFILE, libc::EINVAL] {
        let (accepted, left) = poll_after(code, 3);
        assert_eq!((accepted.unwrap_err().raw_os_error(), left), (Some(code), 2));
    }
}
