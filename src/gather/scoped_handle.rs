//! [`ScopedHandle`]: passes the output of a scope's child to the future that awaits it.
//!
//! The [`Reporter`], which the child owns, and the [`ScopedHandle`] share a cell.
//!
//! ```text
//!  Running --(C1)--> Finished --(C3)--> Taken
//!     |                                  ^
//!     +------(C2)--> Cancelled ---(C3)---+
//! ```
//!
//! - C1. [`Reporter::finish`] stores the child's output.
//! - C2. The reporter is dropped without an output, because the child was dropped or panicked.
//! - C3. [`ScopedHandle::poll`] takes the result.
//!
//! Both ends are on one thread. Foreign code runs when the waker is cloned, woken or dropped, and
//! when the output is dropped. The cell is never borrowed while foreign code runs.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use runtime_core::budget;
use runtime_core::debug_as_message;
use runtime_core::unwinding::poll_or_drop;

use super::scope_state::BoxedChild;

/// The contents of the cell.
enum ChildResult<T> {
    /// The child runs. Holds the waker of the task that awaits the handle, if there is one.
    Running(Option<Waker>),
    /// The child has returned this output.
    Finished(T),
    /// The child was dropped without an output.
    Cancelled,
    /// The handle has returned the result.
    Taken,
}

/// A handle that yields the output of a scope's child. Made by
/// [`Scope::spawn`](super::Scope::spawn).
///
/// Dropping the handle lets the child continue; the scope still waits for the child.
///
/// # Errors
///
/// [`ChildCancelled`], if the child was dropped before it finished. Either
/// [`Scope::cancel`](super::Scope::cancel) was called, or the scope had ended when the child was
/// spawned. If the handle is awaited outside the scope, the scope may also have been dropped, or
/// one of its children may have panicked.
///
/// # Panics
///
/// If polled after completion.
///
/// # Cancel safety
///
/// Safe: a handle that is awaited by reference can be awaited again.
#[must_use = "await the child's output, or `detach` it"]
pub struct ScopedHandle<T> {
    result: Rc<RefCell<ChildResult<T>>>,
}

pin_project! {
    /// A child of a scope: a future, and the child's end of the cell for its output.
    struct ScopedChild<F: Future> {
        // Dropped before the output is stored. If its poll panics, it is dropped while the panic
        // unwinds, and a panic of its destructor is caught.
        #[pin]
        future: Option<F>,
        reporter: Option<Reporter<F::Output>>,
    }
}

impl<F: Future> Future for ScopedChild<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let output = ready!(poll_or_drop(this.future.as_mut(), cx));
        this.future.set(None);
        if let Some(reporter) = this.reporter.take() {
            reporter.finish(output);
        }
        Poll::Ready(())
    }
}

/// The child's end of the cell. Stores the child's output. If it is dropped without an output, it
/// records that the child was cancelled.
struct Reporter<T> {
    result: Rc<RefCell<ChildResult<T>>>,
}

/// The error of a child's handle: the child was dropped before it finished.
///
/// It has no fields and will have none, so it can be matched and compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChildCancelled;

impl fmt::Display for ChildCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the child was dropped before it finished")
    }
}

debug_as_message!(ChildCancelled);

impl std::error::Error for ChildCancelled {}

/// Makes a child of a scope, and the handle of its output.
pub(super) fn scoped_child<'env, F>(future: F) -> (BoxedChild<'env>, ScopedHandle<F::Output>)
where
    F: Future + 'env,
{
    let result = Rc::new(RefCell::new(ChildResult::Running(None)));
    let reporter = Some(Reporter { result: Rc::clone(&result) });
    (Box::pin(ScopedChild { future: Some(future), reporter }), ScopedHandle { result })
}

impl<T> Reporter<T> {
    /// Stores the output, and wakes the awaiting task (C1).
    fn finish(self, output: T) {
        self.store(ChildResult::Finished(output));
    }

    /// Stores the result, unless the cell has one already.
    fn store(&self, result: ChildResult<T>) {
        if !matches!(*self.result.borrow(), ChildResult::Running(_)) {
            return;
        }
        if let ChildResult::Running(Some(waker)) = self.result.replace(result) {
            waker.wake();
        }
    }
}

impl<T> Drop for Reporter<T> {
    fn drop(&mut self) {
        self.store(ChildResult::Cancelled);
    }
}

impl<T> ScopedHandle<T> {
    /// Returns `true` if the child has finished or was dropped.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.result.borrow(), ChildResult::Running(_))
    }

    /// Lets the child continue, and ignores its output. The scope still waits for the child. The
    /// same as dropping the handle, but explicit.
    pub fn detach(self) {}

    /// Returns `true` if the cell has this waker already.
    fn is_awaited_by(&self, waker: &Waker) -> bool {
        match &*self.result.borrow() {
            ChildResult::Running(Some(known)) => known.will_wake(waker),
            ChildResult::Running(None)
            | ChildResult::Finished(_)
            | ChildResult::Cancelled
            | ChildResult::Taken => false,
        }
    }
}

impl<T> Future for ScopedHandle<T> {
    type Output = Result<T, ChildCancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_awaited_by(cx.waker()) {
            return Poll::Pending;
        }
        if self.is_finished() {
            ready!(budget::poll_spend(cx));
        }
        // The waker is cloned before the cell is read, because cloning it may run any code.
        let waker = (!self.is_finished()).then(|| cx.waker().clone());
        match self.result.replace(ChildResult::Taken) {
            ChildResult::Finished(output) => Poll::Ready(Ok(output)),
            ChildResult::Cancelled => Poll::Ready(Err(ChildCancelled)),
            ChildResult::Taken => panic!("ScopedHandle polled after completion"),
            ChildResult::Running(before) => {
                self.result.replace(ChildResult::Running(waker));
                drop(before);
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for ScopedHandle<T> {
    fn drop(&mut self) {
        if !self.is_finished() {
            let waker = self.result.replace(ChildResult::Running(None));
            drop(waker);
        }
    }
}

impl<T> fmt::Debug for ScopedHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.result.borrow() {
            ChildResult::Running(_) => "running",
            ChildResult::Finished(_) => "finished",
            ChildResult::Cancelled => "cancelled",
            ChildResult::Taken => "taken",
        };
        f.debug_tuple("ScopedHandle").field(&format_args!("{state}")).finish()
    }
}
