//! The role of the current thread and the task that it polls, in one thread-local value.
//!
//! The role says what started the thread: a pool, a pinned state, or the program. Whatever its
//! role, a thread may turn event loops, one inside the other.
//!
//! The value holds only plain numbers, because the packages that write it do not depend on each
//! other. Each package keeps values of its own types (the loop that is turned, the job that runs)
//! in its own thread-locals. So a wake on the loop's thread accesses only one thread-local. The
//! role's value is made by a constant expression and never destroyed, so it can be read while other
//! thread-locals are destroyed.

use std::cell::Cell;

use crate::budget::{self, SuspendGuard};
use crate::metadata::Id;

/// The part of a runtime that started a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadRole {
    /// No part of a runtime started the thread.
    Outside,
    /// The thread is a worker of a pool.
    Worker {
        /// The number of the pool.
        pool: u64,
        /// The index of the worker in the pool.
        worker: usize,
    },
    /// The thread was a worker of a pool, and its thread-locals are being destroyed. If one of
    /// their destructors shuts the pool down, that shutdown must not wait for this thread.
    RetiredWorker {
        /// The number of the pool.
        pool: u64,
    },
    /// The thread owns a pinned state.
    Pinned {
        /// The number of the state.
        state: u64,
    },
}

struct ThreadContext {
    role: Cell<ThreadRole>,
    /// The number of loops that the thread is turning, one inside the other.
    loops: Cell<usize>,
    /// The task that the innermost loop is polling.
    task: Cell<Option<Id>>,
}

crate::sync::thread_local_const! {
    static CONTEXT: ThreadContext = ThreadContext {
        role: Cell::new(ThreadRole::Outside),
        loops: Cell::new(0),
        task: Cell::new(None),
    }
}

/// The role of the current thread.
pub fn role() -> ThreadRole {
    CONTEXT.with(|context| context.role.get())
}

/// Sets the role of the current thread. The pool or the pinned state that owns the thread calls
/// this at the thread's start and end.
pub fn set_role(role: ThreadRole) {
    CONTEXT.with(|context| context.role.set(role));
}

/// Returns whether the current thread is turning an event loop.
///
/// If it is turning one, code that blocks the thread would stall all tasks of that loop.
pub fn is_on_loop() -> bool {
    CONTEXT.with(|context| context.loops.get() > 0)
}

/// Returns the task that the innermost loop of the current thread is polling or dropping.
pub fn task() -> Option<Id> {
    CONTEXT.with(|context| context.task.get())
}

/// Sets the task that is being polled. A loop calls this before each poll of a task, and with
/// `None` before it polls its main future and at the end of its polls.
#[inline]
pub fn set_task(task: Option<Id>) {
    CONTEXT.with(|context| context.task.set(task));
}

/// Marks the current thread as turning a loop until the guard is dropped. Calls nest. The budget of
/// a task that turns the loop is suspended.
#[inline]
pub fn enter_loop() -> LoopGuard {
    let outer_task = CONTEXT.with(|context| {
        context.loops.set(context.loops.get() + 1);
        context.task.take()
    });
    LoopGuard { _budget: budget::suspend(), outer_task }
}

/// The guard of [`enter_loop`].
#[derive(Debug)]
#[must_use = "the thread counts as turning a loop until the guard is dropped"]
pub struct LoopGuard {
    _budget: SuspendGuard,
    outer_task: Option<Id>,
}

impl Drop for LoopGuard {
    #[inline]
    fn drop(&mut self) {
        CONTEXT.with(|context| {
            context.loops.set(context.loops.get() - 1);
            context.task.set(self.outer_task);
        });
    }
}
