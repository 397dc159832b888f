//! How the output of a scope's child gets to whoever awaits it.
//!
//! A cell shared by two: the [`Reporter`], which the child owns, and the [`ScopedHandle`].
//!
//! ```text
//!  Awaited --(1)--> Finished --(3)--> Taken
//!     |                                 ^
//!     +------(2)--> Cancelled ----(3)---+
//! ```
//!
//! 1. [`Reporter::finish`]: the child has its output. 2. The reporter is dropped before, because
//!    the child was, or panicked. 3. [`ScopedHandle::poll`].
//!
//! Both sides are on one thread. The waker and the output are foreign code when they are cloned,
//! woken or dropped, which therefore happens while nobody borrows the cell.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What is known of a child.
enum Report<T> {
    /// Nothing yet; the waker of whoever awaits it.
    Awaited(Option<Waker>),
    /// Its output.
    Finished(T),
    /// It was dropped without one.
    Cancelled,
    /// The handle has returned one of the two.
    Taken,
}

/// A future of the output of a scope's child, made by [`Scope::spawn`](super::Scope::spawn).
///
/// Dropping it leaves the child running: the scope waits for it all the same.
///
/// # Errors
///
/// [`Cancelled`], if the child was dropped before it finished: by
/// [`Scope::cancel`](super::Scope::cancel), because its scope had ended when it was spawned, or
/// because the scope was dropped or a child of it panicked while somebody outside awaits the
/// handle.
///
/// # Panics
///
/// If polled after completion.
///
/// # Cancel safety
///
/// Awaiting the handle by reference can be given up and begun again.
#[must_use = "await the child's output, or `detach` it"]
pub struct ScopedHandle<T> {
    report: Rc<RefCell<Report<T>>>,
}

/// The child's end: says what became of it, at the latest when it is dropped.
pub(super) struct Reporter<T> {
    report: Rc<RefCell<Report<T>>>,
}

/// The error of a child's handle: the child was dropped before it finished.
///
/// There is nothing more to say of it, now or later, so it can be matched and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the child was dropped before it finished")
    }
}

impl std::error::Error for Cancelled {}

/// The two ends of a new report.
pub(super) fn report<T>() -> (Reporter<T>, ScopedHandle<T>) {
    let report = Rc::new(RefCell::new(Report::Awaited(None)));
    (Reporter { report: Rc::clone(&report) }, ScopedHandle { report })
}

impl<T> Reporter<T> {
    /// Hands over the output, and wakes who awaits it (1).
    pub(super) fn finish(self, output: T) {
        self.conclude(Report::Finished(output));
    }

    /// Concludes an awaited report; any other stays as it is.
    fn conclude(&self, conclusion: Report<T>) {
        if !matches!(*self.report.borrow(), Report::Awaited(_)) {
            return;
        }
        if let Report::Awaited(Some(waker)) = self.report.replace(conclusion) {
            waker.wake();
        }
    }
}

impl<T> Drop for Reporter<T> {
    fn drop(&mut self) {
        self.conclude(Report::Cancelled);
    }
}

impl<T> ScopedHandle<T> {
    /// Whether the child is gone, with or without an output.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.report.borrow(), Report::Awaited(_))
    }

    /// Lets the child run unobserved; the scope waits for it. The same as dropping the handle, said
    /// aloud.
    pub fn detach(self) {}

    /// Whether this waker need not be left again.
    fn is_awaited_by(&self, waker: &Waker) -> bool {
        match &*self.report.borrow() {
            Report::Awaited(Some(known)) => known.will_wake(waker),
            Report::Awaited(None) | Report::Finished(_) | Report::Cancelled | Report::Taken => {
                false
            }
        }
    }
}

impl<T> Future for ScopedHandle<T> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_awaited_by(cx.waker()) {
            return Poll::Pending;
        }
        // Cloned before the report is looked at, because a clone may do anything.
        let waker = (!self.is_finished()).then(|| cx.waker().clone());
        match self.report.replace(Report::Taken) {
            Report::Finished(output) => Poll::Ready(Ok(output)),
            Report::Cancelled => Poll::Ready(Err(Cancelled)),
            Report::Taken => panic!("ScopedHandle polled after completion"),
            Report::Awaited(before) => {
                self.report.replace(Report::Awaited(waker));
                drop(before);
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for ScopedHandle<T> {
    fn drop(&mut self) {
        if !self.is_finished() {
            let waker = self.report.replace(Report::Awaited(None));
            drop(waker);
        }
    }
}

impl<T> fmt::Debug for ScopedHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.report.borrow() {
            Report::Awaited(_) => "running",
            Report::Finished(_) => "finished",
            Report::Cancelled => "cancelled",
            Report::Taken => "taken",
        };
        f.debug_tuple("ScopedHandle").field(&format_args!("{state}")).finish()
    }
}
