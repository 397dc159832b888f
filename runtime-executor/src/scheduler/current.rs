//! The current loop of a thread: the loop that the thread is turning or has entered.
//!
//! Loops nest (a job blocks on a handle, a task turns another loop), and the innermost loop is
//! current. The thread-local itself is never destroyed, so destructors of other thread-locals can
//! wake tasks. Such a wake finds no loop, because each guard has restored the former value.

use std::cell::RefCell;
use std::fmt;
use std::mem;
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
pub(crate) enum Current {
    NoLoop,
    /// The thread is turning this loop.
    Turning(Rc<Core>),
    /// The thread has entered this loop, and does not turn it.
    Entered(Arc<Shared<Message>>),
    /// The thread runs a job of this loop. The job may hold the loop's clock.
    AtWork(Arc<Shared<Message>>),
}

thread_local_const! {
    static CURRENT: RefCell<Current> = RefCell::new(Current::NoLoop)
}

/// The loop that this thread is turning.
#[inline]
pub(crate) fn turning() -> Option<Rc<Core>> {
    CURRENT.with(|current| match &*current.borrow() {
        Current::Turning(core) => Some(Rc::clone(core)),
        Current::NoLoop | Current::Entered(_) | Current::AtWork(_) => None,
    })
}

/// The shared part of the loop that this thread is turning or has entered.
pub(crate) fn shared() -> Option<Arc<Shared<Message>>> {
    CURRENT.with(|current| match &*current.borrow() {
        Current::Turning(core) => Some(Arc::clone(&core.shared)),
        Current::Entered(shared) | Current::AtWork(shared) => Some(Arc::clone(shared)),
        Current::NoLoop => None,
    })
}

/// Returns whether this thread runs a job of this loop.
pub(crate) fn is_at_work_for(shared: &Arc<Shared<Message>>) -> bool {
    CURRENT.with(|current| match &*current.borrow() {
        Current::AtWork(current) => Arc::ptr_eq(current, shared),
        Current::NoLoop | Current::Turning(_) | Current::Entered(_) => false,
    })
}

/// Spawns a task on the loop that this thread is turning.
///
/// # Errors
/// If the thread is turning no loop. Then the future is dropped.
#[inline]
pub fn try_spawn<F>(metadata: Metadata, future: F) -> Result<JoinHandle<F::Output>, NoRuntimeError>
where
    F: Future<Output: 'static> + 'static,
{
    let core = turning().ok_or_else(NoRuntimeError::new)?;
    Ok(core.spawn(metadata, future))
}

/// A wake begins here: W1 on the thread that turns the task's loop, W2 on all other threads.
impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !is_queued_here(&self) {
            self.post();
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !is_queued_here(self) {
            Arc::clone(self).post();
        }
    }
}

/// Queues a task (W1), if this thread is turning its loop.
#[inline]
fn is_queued_here(task: &TaskWaker) -> bool {
    CURRENT.with(|current| match &*current.borrow() {
        Current::Turning(core) if Arc::ptr_eq(&core.shared, &task.shared) => {
            core.ready.push(task);
            true
        }
        Current::Turning(_) | Current::NoLoop | Current::Entered(_) | Current::AtWork(_) => false,
    })
}

/// Makes a loop current until the guard is dropped.
pub(crate) fn enter(inner: Current) -> EnterGuard {
    EnterGuard { outer: CURRENT.with(|current| current.replace(inner)) }
}

/// Keeps a loop current until the guard is dropped. See [`Handle::enter`](crate::Handle::enter).
#[must_use = "the loop is current until the guard is dropped"]
pub struct EnterGuard {
    outer: Current,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        let outer = mem::replace(&mut self.outer, Current::NoLoop);
        let inner = CURRENT.with(|current| current.replace(outer));
        drop(inner);
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnterGuard")
    }
}
