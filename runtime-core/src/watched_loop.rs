//! The words by which a watchdog's thread follows a loop: `aside::observe::Watchdog`.
//!
//! - D1. Before a poll, the loop stores the number of the task, and then a new *poll number*, which
//!   is odd. After the poll it stores the next number, which is even.
//! - D2. The watchdog reads the poll number at regular times. If it reads the same odd number for a
//!   whole threshold, one poll has held the loop for at least that long.
//! - D3. Before the loop sleeps, and when the thread leaves it, the loop stores QUIET. If the
//!   watchdog has read the same even number and QUIET for a whole threshold, it tries QUIET →
//!   ASLEEP. If this succeeds, it sleeps without a time limit.
//! - D4. When the loop continues, it swaps in BUSY, and wakes the watchdog if it finds ASLEEP.
//!
//! So a poll costs three stores, a sleep of the loop costs a store and a swap, and the loop makes a
//! system call only if it was quiet for a whole threshold. The loop reads no clock.
//!
//! # The races
//!
//! A poll may end while the watchdog reads (D2). The number of the task is read between two reads
//! of the poll number. If it is that of a later poll, then the end of the earlier poll is visible,
//! too, and the second read returns another poll number:
//!
//! ```text
//! loop                                watchdog                               poll   task
//! polls task 3                                                                 5      3
//!                                     reads poll 5
//! ends the poll                                                                6      3
//! stores task 4 (Release)                                                      6      4
//!                                     reads task 4 (Acquire)
//!                                     reads poll 6, not 5: no report
//! ```
//!
//! The loop may continue while the watchdog is about to sleep (D3 and D4). Both write one word by
//! a read-modify-write, so one of them is first. If the swap is first, the exchange fails, and the
//! watchdog does not sleep. If the exchange is first, the swap finds ASLEEP.

use std::collections::HashMap;
use std::fmt;

use crate::fork::ForkCheck;
use crate::metadata::Metadata;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Mutex, MutexGuard, OnceLock, lock_unless};

const BUSY: usize = 0;
const QUIET: usize = 1;
const ASLEEP: usize = 2;
const ENDED: usize = 3;

/// A number that changes at the begin and at the end of each poll. It is odd during a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollNumber(usize);

impl PollNumber {
    /// Returns the number.
    pub fn get(self) -> usize {
        self.0
    }

    /// Returns whether a poll was in progress.
    pub fn is_polling(self) -> bool {
        self.0 % 2 == 1
    }
}

/// The next step of the watchdog after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The loop exists: look at it again.
    Look,
    /// The runtime has ended, so the watchdog ends, too.
    End,
}

/// A loop that is watched. *Shared by* the loop's thread and the watchdog's. *Guarded by* its
/// atomics; the tasks by a lock, which the watchdog takes only if a poll is late. *Woken by*
/// [`resume`](WatchedLoop::resume) and [`end`](WatchedLoop::end).
pub struct WatchedLoop {
    /// Only the loop writes it.
    poll: AtomicUsize,
    /// The task of the last poll. Only the loop writes it.
    task: AtomicU64,
    mode: AtomicUsize,
    /// The watchdog's thread, once it was started.
    watchdog: OnceLock<Thread>,
    /// The tasks that are alive, and the main future.
    tasks: Mutex<HashMap<u64, Metadata>>,
    /// In a forked child the watchdog does not exist, and never unlocks what it had locked.
    process: ForkCheck,
}

impl WatchedLoop {
    /// A loop that is quiet.
    pub fn new() -> WatchedLoop {
        WatchedLoop {
            poll: AtomicUsize::new(0),
            task: AtomicU64::new(0),
            mode: AtomicUsize::new(QUIET),
            watchdog: OnceLock::new(),
            tasks: Mutex::default(),
            process: ForkCheck::here(),
        }
    }

    /// Returns whether this process is a forked child of the one that made the loop. It has no
    /// watchdog.
    pub fn is_forked(&self) -> bool {
        self.process.check().is_err()
    }

    // ---- the loop's side ----

    /// Adds a task, or the main future.
    pub fn insert(&self, task: &Metadata) {
        if let Some(mut tasks) = self.lock() {
            tasks.insert(task.id().get(), task.clone());
        }
    }

    /// Removes a task that has ended.
    pub fn remove(&self, task: u64) {
        let removed = self.lock().and_then(|mut tasks| tasks.remove(&task));
        drop(removed);
    }

    fn lock(&self) -> Option<MutexGuard<'_, HashMap<u64, Metadata>>> {
        lock_unless(&self.tasks, || self.is_forked())
    }

    /// D1: a poll begins. `number` is the next one, and odd.
    pub fn begin_poll(&self, number: usize, task: u64) {
        // ORDERING: Release, paired with the Acquire in `task_of`. A watchdog that reads this task
        // also sees that the poll before has ended.
        self.task.store(task, Ordering::Release);
        // ORDERING: Release, paired with the Acquire in `poll`. A watchdog that reads this number
        // also sees the task.
        self.poll.store(number, Ordering::Release);
    }

    /// D1: the poll has ended. `number` is the next one, and even.
    pub fn end_poll(&self, number: usize) {
        // ORDERING: Relaxed. The store of the next task orders it.
        self.poll.store(number, Ordering::Relaxed);
    }

    /// D3: the loop is about to sleep, or the thread leaves it. The caller has called
    /// [`resume`](WatchedLoop::resume) since the last call.
    pub fn rest(&self) {
        // ORDERING: Relaxed. The word alone decides whether the loop wakes the watchdog. While it
        // is BUSY, only the loop writes it.
        self.mode.store(QUIET, Ordering::Relaxed);
    }

    /// D4: the loop continues. Wakes the watchdog if it sleeps.
    pub fn resume(&self) {
        // ORDERING: AcqRel. Release: the watchdog's next look sees what the loop did before.
        // Acquire is not needed; AcqRel is the rule for words that several threads write.
        if self.mode.swap(BUSY, Ordering::AcqRel) == ASLEEP {
            self.unpark();
        }
    }

    /// Lets the watchdog end, and wakes it.
    pub fn end(&self) {
        // ORDERING: AcqRel. Release: the watchdog that finds ENDED sees the end of the last poll.
        // Acquire is not needed; AcqRel is the rule for words that several threads write.
        self.mode.swap(ENDED, Ordering::AcqRel);
        self.unpark();
    }

    /// Sets the thread that is woken, before the next [`resume`](WatchedLoop::resume).
    pub fn set_watchdog(&self, thread: Thread) {
        let _there_is_one = self.watchdog.set(thread);
    }

    fn unpark(&self) {
        if let Some(watchdog) = self.watchdog.get() {
            watchdog.unpark();
        }
    }

    // ---- the watchdog's side ----

    /// D2: reads the poll number.
    pub fn poll(&self) -> PollNumber {
        // ORDERING: Acquire, paired with the Release in `begin_poll`.
        PollNumber(self.poll.load(Ordering::Acquire))
    }

    /// D2. Returns the task of a poll, or `None` if the poll has ended.
    pub fn task_of(&self, poll: PollNumber) -> Option<Metadata> {
        // ORDERING: Acquire, paired with the Release in `begin_poll`.
        let task = self.task.load(Ordering::Acquire);
        let task = self.tasks.lock().get(&task).cloned();
        // ORDERING: Acquire, as in `poll`. The loads above come first.
        (self.poll() == poll).then_some(task).flatten()
    }

    /// Returns whether the loop is quiet, as a hint.
    pub fn is_quiet(&self) -> bool {
        // ORDERING: Relaxed. The exchange in `sleep` decides.
        self.mode.load(Ordering::Relaxed) == QUIET
    }

    /// D3. Sleeps until the loop continues or has ended. Returns at once if the loop is not quiet.
    ///
    /// # Blocking
    /// Blocks the watchdog's thread.
    pub fn sleep(&self) -> Next {
        // ORDERING: AcqRel / Acquire, the rule for words that several threads write. The loads
        // below see what the loop did.
        let _ = self.mode.compare_exchange(QUIET, ASLEEP, Ordering::AcqRel, Ordering::Acquire);
        loop {
            // ORDERING: Acquire, paired with `resume` and `end`: what the loop did is visible.
            match self.mode.load(Ordering::Acquire) {
                ASLEEP => thread::park(),
                ENDED => return Next::End,
                _busy_or_quiet => return Next::Look,
            }
        }
    }

    /// Waits until `wait` has returned true, or the loop has ended. `wait` parks the thread once.
    ///
    /// # Blocking
    /// Blocks the watchdog's thread.
    pub fn wait(&self, wait: impl Fn() -> bool) -> Next {
        loop {
            // ORDERING: Acquire, paired with `end`: the last poll is visible.
            if self.mode.load(Ordering::Acquire) == ENDED {
                return Next::End;
            }
            if wait() {
                return Next::Look;
            }
        }
    }
}

impl Default for WatchedLoop {
    fn default() -> WatchedLoop {
        WatchedLoop::new()
    }
}

impl fmt::Debug for WatchedLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedLoop").field("poll", &self.poll()).finish_non_exhaustive()
    }
}
