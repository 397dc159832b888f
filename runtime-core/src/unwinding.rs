//! The drop of a future whose poll panics.
//!
//! A value that owns a panicking function's stack is dropped while the panic unwinds, and its
//! destructor can ask `std::thread::panicking`. A future that a runtime polls is not on the stack
//! of its `poll`, so the runtime drops it at the same moment: destructors that roll a transaction
//! back or poison a lock if the thread is panicking then do so in a future, too.
//!
//! If the destructor panics as well, that second panic is caught inside the drop, and only printed.
//! Rust itself aborts the process if one drop runs two destructors that panic, or if a destructor
//! of a variable in the panicking `poll` panics. No library can prevent either.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::catch_panic::catch_panic;

/// Polls a future. If the poll panics, drops the future before the panic reaches the caller.
///
/// # Panics
/// If the poll panics, or there is no future.
#[inline]
pub fn poll_or_drop<F: Future>(
    future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    let mut slot = DropInUnwinding(future);
    let polled = slot.0.as_mut().as_pin_mut().expect("there is a future to poll").poll(cx);
    mem::forget(slot);
    polled
}

/// Drops the future in the slot, unless it is forgotten.
struct DropInUnwinding<'a, F>(Pin<&'a mut Option<F>>);

impl<F> Drop for DropInUnwinding<'_, F> {
    fn drop(&mut self) {
        catch_panic(|| self.0.set(None));
    }
}
