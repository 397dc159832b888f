//! How a task is woken: by its own loop through the ready queue, from elsewhere through the inbox.
//!
//! Two queues, two flags. A waker holds a task id, a flag for each queue, and the way to the loop;
//! nothing of the future, so that a waker may outlive the task, the loop and the thread.
//!
//! 1. *At home* (on the loop's thread, inside a turn): if the task is not `ready`, mark it so and
//!    push its id on the ready queue. A plain load and store: no other thread touches this flag.
//! 2. *From elsewhere*: swap `posted` to true. Only who finds it clear sends a letter, then
//!    unparks the loop. Ten thousand wakes of one task are one letter.
//! 3. The loop, when it takes the letter out, swaps `posted` to false **before** it makes the task
//!    ready. A wake that was elided in 2 because it found `posted` set comes before this swap in
//!    the order of the one flag, so whatever its caller wrote is visible to the poll that follows.
//!    (A plain store would not read the elided wake's swap, and the poll could miss the data.)
//! 4. The poll clears `ready` before it polls, so that a wake during the poll queues the task
//!    again.

use std::sync::Arc;
use std::task::{Wake, Waker};

use runtime_core::sync::atomic::{AtomicBool, Ordering};

use crate::scheduler::current;
use crate::scheduler::shared::{Letter, Remote};
use crate::task::key::TaskKey;

/// What a task's wakers share. *Shared by* every clone of the waker, on any thread. *Guarded by*
/// its two flags. *Woken by* nobody; it wakes.
pub(crate) struct TaskWaker {
    key: TaskKey,
    /// The id is in the ready queue, or in the batch of this turn. The loop's thread alone.
    ready: AtomicBool,
    /// A letter with this waker is in the inbox. Any thread.
    posted: AtomicBool,
    /// The way to the loop.
    remote: Arc<Remote>,
}

impl TaskWaker {
    fn new(key: TaskKey, remote: Arc<Remote>) -> TaskWaker {
        let clear = || AtomicBool::new(false);
        TaskWaker { key, ready: clear(), posted: clear(), remote }
    }

    #[inline]
    pub(crate) fn key(&self) -> TaskKey {
        self.key
    }

    /// Step 1, and the end of step 3: whether the id is now to be pushed.
    #[inline]
    pub(crate) fn mark_ready(&self) -> Option<TaskKey> {
        // ORDERING: Relaxed, twice. One thread alone reads and writes this flag.
        if self.ready.load(Ordering::Relaxed) {
            return None;
        }
        self.ready.store(true, Ordering::Relaxed);
        Some(self.key)
    }

    /// Step 4: the task is about to be polled.
    #[inline]
    pub(crate) fn clear_ready(&self) {
        // ORDERING: Relaxed, as in `mark_ready`.
        self.ready.store(false, Ordering::Relaxed);
    }

    /// Step 3: the letter has been taken out of the inbox.
    pub(crate) fn clear_posted(&self) {
        // ORDERING: AcqRel, paired with the swap in `post`: reads from the last elided wake.
        self.posted.swap(false, Ordering::AcqRel);
    }

    /// Step 2.
    fn post(self: Arc<Self>) {
        // ORDERING: AcqRel, paired with the swap in `clear_posted`. Release: what the waker's
        // caller wrote; a read-modify-write carries on the release sequence of the wakes before.
        // Acquire is not needed; it is the rule for words that several threads write.
        if !self.posted.swap(true, Ordering::AcqRel) {
            let remote = Arc::clone(&self.remote);
            // A letter to a loop that is gone comes back and is dropped: it was only a wake.
            let _ = remote.post(Letter::Wake(self));
        }
    }

    #[inline]
    fn wake_at_home(&self) -> bool {
        current::with_turning(|local| {
            let at_home = Arc::ptr_eq(&local.remote, &self.remote);
            if at_home {
                local.make_ready(self);
            }
            at_home
        })
        .unwrap_or(false)
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.wake_at_home() {
            self.post();
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.wake_at_home() {
            Arc::clone(self).post();
        }
    }
}

/// What a task needs to be woken by, made once and handed on from a finished task to the next one
/// in its slot when nobody else holds it.
pub(crate) struct Identity {
    pub(crate) shared: Arc<TaskWaker>,
    /// What the task's future is polled with.
    pub(crate) waker: Waker,
    /// What the task's completion cell wakes to cancel it.
    pub(crate) canceller: Waker,
}

impl Identity {
    pub(crate) fn new(key: TaskKey, remote: Arc<Remote>) -> Identity {
        let shared = Arc::new(TaskWaker::new(key, remote));
        let waker = || Waker::from(Arc::clone(&shared));
        Identity { waker: waker(), canceller: waker(), shared }
    }

    /// Whether the three references of an identity are the only ones, so that no old waker can wake
    /// the next task under this key.
    ///
    /// A count read without ordering is enough: new references come only from ours, which no other
    /// thread has, and the flags need no resetting. They say truly whether the id is in a queue,
    /// and if it still is, the next task is polled once for nothing.
    #[inline]
    pub(crate) fn is_unshared(shared: &Arc<TaskWaker>) -> bool {
        Arc::strong_count(shared) == 3
    }
}
