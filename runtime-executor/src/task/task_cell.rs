//! Where a task's completion cell lies, and with it the task's references to its waker.
//!
//! - A task with the output `()` that is spawned on its loop's thread has a [`WakerCell`]: the cell
//!   lies in the waker's allocation. Such a task takes two allocations, that one and the box.
//! - All other tasks have a [`SeparateCell`]: the cell is an allocation of its own. A waker is
//!   `Send` and `Sync` with all that it contains, so it cannot contain a result that need not be
//!   `Send`. A task that is spawned from another thread has a cell before it has a key, with which
//!   a waker is made.
//!
//! [`WakerCell`]: crate::task::waker_cell::WakerCell
//! [`SeparateCell`]: crate::task::separate_cell::SeparateCell

use std::any::{Any, TypeId};
use std::task::Waker;

use runtime_core::awaiter::AwaiterCell;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::task::own_wakers::OwnWakers;
use crate::task::waker::TaskWaker;

/// A task's completion cell for a result `T`, and the task's own references to its waker.
pub(crate) trait TaskCell<T> {
    fn metadata(&self) -> &Metadata;

    fn is_cancel_requested(&self) -> bool;

    /// The key and the flags.
    fn task(&self) -> &TaskWaker;

    /// The waker for the polls of the future.
    fn polling(&self) -> &Waker;

    /// The cell, as a list of tasks reads it.
    fn awaiter(&self) -> &dyn AwaiterCell;

    /// Completes the cell, after the future has been dropped.
    fn complete(&mut self, result: Result<T, JoinError>);

    /// A reading end, for the one handle of the task.
    fn handle(&self) -> JoinHandle<T>;

    /// Returns whether the finished task may become another task: neither its key nor a waker is
    /// left anywhere.
    fn is_recyclable(&self) -> bool;

    /// Makes this the cell of the next task, and takes the task's metadata. Returns `None` and
    /// takes nothing if something else still refers to a part that cannot be replaced.
    fn renew(&mut self, metadata: &mut Option<Metadata>) -> Option<JoinHandle<T>>;

    /// Takes the wakers out of a finished task, if a task of any type can use them.
    fn take_wakers(&mut self) -> Option<OwnWakers>;
}

/// The invariant of every unfinished task.
pub(crate) const IS_ALIVE: &str = "an unfinished task has its wakers";

/// Returns whether a task with this output has its cell in its waker. The compiler knows the
/// answer.
#[inline(always)]
pub(crate) fn is_in_waker<T: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}

/// Returns a value of type `A`, which is also the type `B`, as that.
///
/// # Panics
/// If the types differ.
#[inline(always)]
pub(crate) fn same_type<A: 'static, B: 'static>(value: A) -> B {
    let mut value = Some(value);
    let value: &mut dyn Any = &mut value;
    let same = value.downcast_mut::<Option<B>>().and_then(Option::take);
    same.expect("a cell is made for the output of its task")
}
