//! The current loop of a thread: the loop that the thread is turning or has entered.
//!
//! Loops nest (a job blocks on a handle, a task turns another loop), and the innermost loop is
//! current. The thread-local itself is never destroyed, so destructors of other thread-locals can
//! wake tasks. Such a wake finds no loop, because each guard has restored the former value.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Wake;

use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::thread_local_const;

use crate::scheduler::core::Core;
use crate::scheduler::no_runtime::NoRuntimeError;
use crate::scheduler::shared::Shared;
use crate::task::waker::{Message, TaskWaker};

/// A thread's relation to a loop.
#[derive(Clone)]
pub(crate) enum Current {
    NoLoop,
    /// The thread is turning this loop.
    Turning(Rc<Core>),
    /// The thread owns this loop and has entered it, and does not turn it.
    Owned(Rc<Core>),
    /// The thread has entered this loop, and does not turn it.
    Entered(Arc<Shared<Message>>),
    /// The thread runs a job of this loop. The job may hold the loop's clock.
    AtWork(Arc<Shared<Message>>),
}

impl Current {
    pub(crate) fn shared(&self) -> Option<&Arc<Shared<Message>>> {
        match self {
            Current::Turning(core) | Current::Owned(core) => Some(&core.shared),
            Current::Entered(shared) | Current::AtWork(shared) => Some(shared),
            Current::NoLoop => None,
        }
    }
}

thread_local_const! {
    static CURRENT: RefCell<Current> = RefCell::new(Current::NoLoop)
}

/// The loop that this thread is turning.
#[inline]
pub(crate) fn turning() -> Option<Rc<Core>> {
    CURRENT.with(|current| match &*current.borrow() {
        Current::Turning(core) => Some(Rc::clone(core)),
        Current::NoLoop | Current::Owned(_) | Current::Entered(_) | Current::AtWork(_) => None,
    })
}

/// The shared part of the thread's current loop.
pub(crate) fn shared() -> Option<Arc<Shared<Message>>> {
    with(|current| current.shared().cloned())
}

/// Calls a closure with the thread's relation to its current loop.
pub(crate) fn with<T>(f: impl FnOnce(&Current) -> T) -> T {
    CURRENT.with(|current| f(&current.borrow()))
}

/// Sets the thread's relation to a loop, and returns the former one.
#[inline]
pub(crate) fn replace(current: Current) -> Current {
    CURRENT.with(|cell| cell.replace(current))
}

/// Spawns a task on the loop that this thread is turning, or that it owns and has entered.
///
/// # Errors
/// If there is no such loop. Then the future is dropped.
#[inline]
pub fn try_spawn<F>(metadata: Metadata, future: F) -> Result<JoinHandle<F::Output>, NoRuntimeError>
where
    F: Future<Output: 'static> + 'static,
{
    let core = turning().or_else(unpark_owned).ok_or_else(NoRuntimeError::new)?;
    Ok(core.spawn(metadata, future))
}

/// The loop that this thread owns and has entered. It is unparked: its host waits for a turn.
#[cold]
fn unpark_owned() -> Option<Rc<Core>> {
    let Current::Owned(core) = with(Current::clone) else { return None };
    core.shared.parker.unpark();
    Some(core)
}

/// A wake begins here: W1 on the thread that turns the task's loop, W2 on all other threads.
impl<C: Send + Sync + 'static> Wake for TaskWaker<C> {
    fn wake(self: Arc<Self>) {
        if !is_queued_here(&*self) {
            self.post();
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !is_queued_here(&**self) {
            Arc::clone(self).post();
        }
    }
}

/// Queues a task (W1), if this thread is turning its loop.
#[inline]
fn is_queued_here(task: &TaskWaker) -> bool {
    CURRENT.with(|current| match &*current.borrow() {
        Current::Turning(core) if Arc::ptr_eq(&core.shared, &task.shared) => {
            core.wake(task);
            true
        }
        _ => false,
    })
}
