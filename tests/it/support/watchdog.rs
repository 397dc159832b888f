//! Runs tests with a time limit, so that a stuck test fails with its name.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The time limit: far more than any test takes on any machine.
const BOUND: Duration = Duration::from_secs(60);

/// Runs a test on a thread of its own, and panics if it exceeds the time limit.
#[track_caller]
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    let place = Location::caller();
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let (sender, receiver) = mpsc::channel();
    let body = move || {
        let outcome = catch_unwind(AssertUnwindSafe(test));
        // The send fails if the time limit has passed.
        let _ = sender.send(outcome);
    };
    thread::Builder::new().name(name.clone()).spawn(body).expect("a test can have a thread");
    match receiver.recv_timeout(BOUND) {
        Ok(Ok(())) => {}
        Ok(Err(payload)) => resume_unwind(payload),
        Err(_stuck) => panic!("`{name}` ({place}) was still stuck after {BOUND:?}"),
    }
}

/// Runs `f` on a new thread and returns when the thread has ended, including its destructors.
#[track_caller]
pub(crate) fn on_a_thread<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    match thread::spawn(f).join() {
        Ok(output) => output,
        Err(payload) => resume_unwind(payload),
    }
}

/// Returns the message of the panic of `f`.
#[track_caller]
pub(crate) fn panic_message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it should have panicked");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a panic with a message")).to_owned(),
    }
}
