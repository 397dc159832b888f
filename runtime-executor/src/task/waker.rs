//! A task's waker: how a task is woken on its loop's thread and from other threads.
//!
//! There are two queues with a flag for each. The *ready queue* belongs to the loop's thread, and
//! the *inbox* is shared by all threads. A waker holds the task's key, the two flags and the way to
//! the loop, but no part of the future. So a waker may outlive the task, the loop and the thread.
//!
//! - W1. A wake on the loop's thread marks the task `ready` and pushes its key to the ready queue,
//!   unless the task was marked already. A plain load and store suffice: no other thread touches
//!   the flag.
//! - W2. A wake on another thread swaps `posted` to true. Only the wake that found it false sends a
//!   message and unparks the loop. Ten thousand wakes of one task can cause a single message.
//! - W3. The loop takes the message out of the inbox, and swaps `posted` to false **before** it
//!   marks the task ready (W1).
//! - W4. The loop clears `ready` before it polls the task, so a wake during the poll queues the
//!   task again.
//!
//! # The race between an elided wake (W2) and the poll
//!
//! ```text
//! thread A               thread B                    loop                              posted
//! writes its data
//! swaps, reads false                                                                   true
//! sends the message
//!                        writes its data
//!                        swaps, reads true:                                            true
//!                        sends nothing
//!                                                    takes A's message (W3)
//!                                                    swaps, reads B's write            false
//!                                                    polls: sees the data of A and B
//! ```
//!
//! B's swap is the only trace of its wake. The loop's swap reads it and thereby acquires B's data.
//! A store in its place would overwrite B's write without reading it, and the poll could miss the
//! data. If B's swap comes after the loop's, B reads false and sends a message of its own.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;

use runtime_core::slab::{self, Key};
use runtime_core::sync::atomic::{AtomicBool, Ordering};

use crate::scheduler::shared::Shared;

/// The key of a task in its loop's slab. A queue may hold a key long after its task has ended. The
/// key's generation is then stale, and the loop ignores the key.
pub(crate) type TaskKey = Key;

/// The key of `block_on`'s future, which lies on the caller's stack and not in the slab.
pub(crate) const MAIN: TaskKey = Key::NONE;

#[inline]
pub(crate) fn is_main(key: TaskKey) -> bool {
    key.index() == MAIN.index()
}

/// An item of the inbox.
pub(crate) enum Message {
    /// A task was woken (W2).
    Wake(Arc<TaskWaker>),
    /// A closure to run on the loop's thread between two polls, where the loop is *current*. If the
    /// loop is gone, the closure is dropped.
    Command(Box<dyn FnOnce() + Send>),
}

/// The state that all clones of a task's waker share. *Shared by* the clones, on any thread.
/// *Guarded by* its two flags. *Woken by* nothing: no thread waits for it. A wake begins in
/// `scheduler/current.rs`.
///
/// `C` is the task's completion cell, or `()` if the [cell lies elsewhere](crate::task::task_cell).
pub(crate) struct TaskWaker<C: ?Sized = dyn Send + Sync> {
    pub(crate) key: TaskKey,
    /// True if the key is in the ready queue or this turn's batch. For the loop's thread only.
    ready: AtomicBool,
    /// True if a message with this waker is in the inbox. All threads use this flag.
    pub(super) posted: AtomicBool,
    pub(crate) shared: Arc<Shared<Message>>,
    pub(crate) cell: C,
}

impl<C: Send + Sync + 'static> TaskWaker<C> {
    pub(crate) fn new(key: TaskKey, shared: Arc<Shared<Message>>, cell: C) -> TaskWaker<C> {
        let flag = || AtomicBool::new(false);
        TaskWaker { key, ready: flag(), posted: flag(), shared, cell }
    }

    /// W2.
    pub(crate) fn post(self: Arc<Self>) {
        // ORDERING: AcqRel, paired with the swap in `clear_posted`. Release publishes what the
        // waker's caller wrote; a read-modify-write also continues the release sequence of earlier
        // wakes. Acquire is not needed; it is the rule for words that several threads write.
        let swap = || self.posted.swap(true, Ordering::AcqRel);
        if !self.recorded_post(swap) {
            let shared = Arc::clone(&self.shared);
            // If the loop is gone, the message is returned and dropped: it was only a wake.
            let _ = shared.post(Message::Wake(self));
        }
    }
}

impl<C: ?Sized> TaskWaker<C> {
    /// Returns whether the task was woken (W1) and not polled since.
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        // ORDERING: Relaxed. Only one thread reads and writes this flag.
        self.ready.load(Ordering::Relaxed)
    }

    /// W3.
    pub(crate) fn clear_posted(&self) {
        // ORDERING: AcqRel, paired with the swap in `post`. Reads from the last elided wake.
        self.posted.swap(false, Ordering::AcqRel);
    }

    /// W4.
    #[inline]
    pub(crate) fn clear_ready(&self) {
        // ORDERING: Relaxed, as in `is_ready`.
        self.ready.store(false, Ordering::Relaxed);
    }
}

/// The keys of the tasks that the next turn polls. Only the loop's thread reaches it.
#[derive(Default)]
pub(crate) struct ReadyQueue(pub(super) RefCell<Vec<TaskKey>>);

impl ReadyQueue {
    /// W1.
    #[inline]
    pub(crate) fn push<C: ?Sized>(&self, task: &TaskWaker<C>) {
        if !task.is_ready() {
            // ORDERING: Relaxed, as in `is_ready`.
            task.ready.store(true, Ordering::Relaxed);
            let mut keys = self.0.borrow_mut();
            if keys.len() < keys.capacity() {
                keys.push(task.key);
            } else {
                drop(keys);
                self.push_to_full(task.key);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn push_to_full(&self, key: TaskKey) {
        let keys = &mut *self.0.borrow_mut();
        slab::grow(keys);
        keys.push(key);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Moves the queue into an empty batch, and takes the batch's memory for the next keys.
    pub(crate) fn swap(&self, batch: &mut Vec<TaskKey>) {
        mem::swap(batch, &mut *self.0.borrow_mut());
    }

    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}
