//! The future that `block_on` drives, as a list of tasks finds it.
//!
//! The future lies on the stack of `block_on` and is not in the slab of tasks. While `block_on`
//! drives it, a thread-local holds its metadata and its waker. Loops nest, and only the innermost
//! loop of a thread runs tasks, so one place is enough: the guard restores the former value.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;

use runtime_core::metadata::Metadata;
use runtime_core::sync::thread_local_const;

use crate::scheduler::shared::Shared;
use crate::task::waker::{Message, TaskWaker};

/// The future that the innermost `block_on` of a thread drives.
#[derive(Clone)]
pub(crate) struct MainEntry {
    pub(crate) metadata: Metadata,
    pub(crate) waker: Arc<TaskWaker>,
}

thread_local_const! {
    static DRIVEN: RefCell<Option<MainEntry>> = RefCell::new(None)
}

/// Returns the future that `block_on` drives on this thread, if this loop is its loop.
pub(crate) fn of_loop(shared: &Arc<Shared<Message>>) -> Option<MainEntry> {
    let driven = DRIVEN.with(|driven| driven.borrow().clone());
    driven.filter(|main| Arc::ptr_eq(&main.waker.shared, shared))
}

/// Notes the future that `block_on` drives, until the guard is dropped.
pub(crate) fn enter(metadata: Metadata, waker: Arc<TaskWaker>) -> MainGuard {
    let driven = Some(MainEntry { metadata, waker });
    MainGuard { outer: DRIVEN.with(|cell| cell.replace(driven)) }
}

/// Restores the former value when dropped.
#[must_use = "the future counts as driven until the guard is dropped"]
pub(crate) struct MainGuard {
    outer: Option<MainEntry>,
}

impl Drop for MainGuard {
    fn drop(&mut self) {
        let outer = mem::take(&mut self.outer);
        let inner = DRIVEN.with(|cell| cell.replace(outer));
        drop(inner);
    }
}
