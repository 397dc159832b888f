//! Which loop the current thread belongs to: the one it is turning, or one it has entered.
//!
//! They nest (a job blocks on a handle, a task turns a loop of its own), and the innermost counts.
//! The thread-local itself is never destroyed, so a wake from another thread-local's destructor
//! finds it, empty; each guard empties what it filled.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use runtime_core::sync::thread_local_const;

use crate::scheduler::core::Local;
use crate::scheduler::handle::Handle;

/// What the thread has to do with a loop.
pub(crate) enum Current {
    Nothing,
    /// It is turning this loop.
    Turning(Rc<Local>),
    /// It belongs to this loop without turning it.
    Entered(Handle),
    /// The same for a job, which holds the loop's clock if that is virtual.
    AtWork(Handle),
}

thread_local_const! {
    static CURRENT: RefCell<Current> = RefCell::new(Current::Nothing)
}

/// Calls `f`, which must not run the user's code, with the loop that this thread is turning.
#[inline]
pub(crate) fn with_turning<R>(f: impl FnOnce(&Rc<Local>) -> R) -> Option<R> {
    CURRENT.with(|current| match &*current.borrow() {
        Current::Turning(local) => Some(f(local)),
        Current::Nothing | Current::Entered(_) | Current::AtWork(_) => None,
    })
}

/// The loop that this thread is turning, to be kept while the user's code runs.
#[inline]
pub(crate) fn turning() -> Option<Rc<Local>> {
    with_turning(Rc::clone)
}

/// The handle of the loop that this thread is turning or has entered.
pub(crate) fn handle() -> Option<Handle> {
    CURRENT.with(|current| match &*current.borrow() {
        Current::Turning(local) => Some(local.handle()),
        Current::Entered(handle) | Current::AtWork(handle) => Some(handle.clone()),
        Current::Nothing => None,
    })
}

/// Whether this thread runs a job of the loop behind `handle`.
pub(crate) fn is_at_work_for(handle: &Handle) -> bool {
    CURRENT.with(|current| match &*current.borrow() {
        Current::AtWork(current) => current.is_same_loop(handle),
        Current::Nothing | Current::Turning(_) | Current::Entered(_) => false,
    })
}

/// Makes `inner` current until the guard is dropped.
pub(crate) fn enter(inner: Current) -> CurrentGuard {
    CurrentGuard { outer: CURRENT.with(|current| current.replace(inner)) }
}

/// See [`enter`].
pub(crate) struct CurrentGuard {
    outer: Current,
}

impl Drop for CurrentGuard {
    fn drop(&mut self) {
        let outer = mem::replace(&mut self.outer, Current::Nothing);
        let inner = CURRENT.with(|current| current.replace(outer));
        drop(inner);
    }
}
