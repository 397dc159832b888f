//! Makes a loop current on a thread.

use std::fmt;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use crate::scheduler::core::Core;
use crate::scheduler::current::{self, Current};
use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// Makes a loop current until the guard is dropped.
#[inline]
pub(crate) fn enter(inner: Current) -> EnteredLoop {
    EnteredLoop { outer: current::replace(inner) }
}

/// Makes a loop current on the thread that owns it. A thread that is turning the loop keeps that
/// relation.
pub(crate) fn enter_owned(core: &Rc<Core>) -> EnteredLoop {
    enter(relation_to(&core.shared).unwrap_or_else(|| Current::Owned(Rc::clone(core))))
}

/// Makes a loop current on any thread. A thread that is turning the loop, owns it, or runs one of
/// its jobs keeps that relation.
pub(crate) fn enter_shared(shared: &Arc<Shared<Message>>) -> EnteredLoop {
    enter(relation_to(shared).unwrap_or_else(|| Current::Entered(Arc::clone(shared))))
}

/// This thread's relation to a loop, if the loop is the current one.
fn relation_to(shared: &Arc<Shared<Message>>) -> Option<Current> {
    current::with(|current| {
        current.shared().filter(|current| Arc::ptr_eq(current, shared)).map(|_same| current.clone())
    })
}

/// Returns whether this thread runs a job of this loop.
pub(crate) fn is_at_work_for(shared: &Arc<Shared<Message>>) -> bool {
    current::with(|current| match current {
        Current::AtWork(current) => Arc::ptr_eq(current, shared),
        _ => false,
    })
}

/// Keeps a loop current until it is dropped. See [`Handle::enter`](crate::Handle::enter).
#[must_use = "the loop is current until the guard is dropped"]
pub struct EnteredLoop {
    outer: Current,
}

impl Drop for EnteredLoop {
    #[inline]
    fn drop(&mut self) {
        let inner = current::replace(mem::replace(&mut self.outer, Current::NoLoop));
        drop(inner);
    }
}

impl fmt::Debug for EnteredLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnteredLoop")
    }
}
