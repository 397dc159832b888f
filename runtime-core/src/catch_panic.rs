//! Calls to users' code whose panic must not propagate.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The payload of a panic, as `catch_unwind` returns it.
pub type Payload = Box<dyn Any + Send + 'static>;

/// The message of a panic, if `panic!` was given text.
pub fn panic_text(payload: &Payload) -> Option<&str> {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Drops a value whose destructor may panic, and discards that panic.
///
/// The panic hook has already printed the message. The payload of the panic is dropped, too, and
/// its destructor may panic as well. The payload of that second panic is leaked, so that no third
/// panic can follow.
pub fn drop_catching<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value)))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(second);
    }
}

/// Calls a hook or a waker of the user, and discards its panic.
pub fn catch_panic(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        drop_catching(payload);
    }
}
