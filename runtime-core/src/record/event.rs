//! The events that a runtime records.

use std::time::Instant;

use crate::metadata::{Id, Metadata};
use crate::slab::Key;

/// The bits of a task's key: index and generation of its slot. Wakers know a task by its key alone.
/// A new task may take over the key of an ended one; its [`Event::TaskSpawned`] says so.
pub type TaskKeyBits = u64;

/// The key of the future that `block_on` drives. It is the key of no slot.
pub const MAIN_KEY: TaskKeyBits = Key::NONE.to_bits();

/// One step of a runtime.
///
/// The numbers W1 to W4, P1 and so on are those of the protocols that the modules of the same name
/// describe.
#[derive(Clone, Debug)]
pub enum Event {
    // ---- the loop ----
    /// A thread begins to turn the loop: `block_on`, `drain` or `turn`.
    LoopEntered,
    /// The thread has ceased to turn the loop. A poll that has not ended has panicked, which only a
    /// poll of the main future can do.
    LoopLeft,
    /// The polls of one turn have ended. The numbers are the loop's own, so a trace can be checked
    /// against them. A turn that finds nothing ready parks after this event.
    TurnEnded {
        /// Messages taken from the inbox in this turn.
        received: u32,
        /// Timers fired in this turn.
        fired: u32,
        /// Keys of the batch that this turn had to take up. A main future that is ready ends the
        /// turn before the rest of them, and the next turn continues.
        polled: u32,
        /// Tasks that are alive, without the main future.
        tasks: u32,
        /// Keys in the ready queue, and in the rest of the batch.
        ready: u32,
    },
    /// The ready queue has become the batch of this turn. With a seed, the batch is shuffled.
    BatchTaken {
        /// Its number of keys.
        len: u32,
    },
    /// The loop is about to park (P1), at most until the deadline.
    Parked {
        /// The deadline.
        deadline: Option<Instant>,
    },
    /// The park has ended.
    Unparked {
        /// True if a notification ended it, and not a deadline or a socket.
        notified: bool,
    },
    /// The loop has closed: all of its tasks were cancelled, and its timers, its ready queue and
    /// its inbox are gone.
    LoopClosed,

    // ---- tasks ----
    /// A future was given to `block_on`. Its key is [`MAIN_KEY`], which is in the ready queue.
    MainBegan {
        /// Number and location.
        metadata: Metadata,
    },
    /// The future of `block_on` is ready, or it has panicked.
    MainEnded,
    /// Step 1: a task was spawned. Its key is in the ready queue.
    TaskSpawned {
        /// The key.
        key: TaskKeyBits,
        /// Number, name and location.
        metadata: Metadata,
    },
    /// Step 2: the key was taken from the batch, and the poll of its task begins.
    PollBegan {
        /// The key.
        key: TaskKeyBits,
    },
    /// A key was taken from the batch, and its task had ended.
    KeySkipped {
        /// The key.
        key: TaskKeyBits,
    },
    /// The poll has ended: step 3, or step 5 if the future is ready.
    PollEnded {
        /// The key.
        key: TaskKeyBits,
        /// True if the future was ready or has panicked.
        is_ready: bool,
    },
    /// A task is cancelled instead of being polled, because it was requested to stop or the loop
    /// closes. Its future is dropped next.
    TaskCancelled {
        /// The key.
        key: TaskKeyBits,
    },
    /// Step 5: the task has ended: it was completed or cancelled, and its future was dropped.
    TaskEnded {
        /// The key.
        key: TaskKeyBits,
    },
    /// Step 4: a waker of the task was used. Wakes of one task by several threads at the same time
    /// may be numbered in another order than that in which they took effect, so that an elided wake
    /// precedes the wake that has posted the message. All of them precede the receipt of the
    /// message.
    Woken {
        /// The key.
        key: TaskKeyBits,
        /// The effect of the wake.
        route: WakeRoute,
    },
    /// A message was received (W3). The key of a woken task goes to the ready queue, unless it is
    /// there already.
    MessageReceived {
        /// The key of the woken task; `None` for a command, such as a spawn by another thread. The
        /// command runs next.
        key: Option<TaskKeyBits>,
    },
    /// A thread that does not turn the loop sends a command to it. If the loop is closed, the
    /// command is dropped.
    CommandPosted,

    // ---- timers ----
    /// A timer was set, usually by the task that is being polled.
    TimerSet {
        /// The number of the timer, unique among the timers that are set.
        timer: u64,
        /// The deadline.
        deadline: Instant,
    },
    /// A timer's deadline has passed, and its waker is used.
    TimerFired {
        /// The number of the timer.
        timer: u64,
    },
    /// A timer was dropped before its deadline.
    TimerDropped {
        /// The number of the timer.
        timer: u64,
    },

    // ---- sockets ----
    /// A descriptor was registered.
    SourceRegistered {
        /// The number of the source, unique among those that are registered.
        source: u64,
    },
    /// The kernel has reported a descriptor as ready (R3).
    SourceReady {
        /// The number of the source.
        source: u64,
        /// Ready to be read.
        readable: bool,
        /// Ready to be written.
        writable: bool,
    },
    /// An operation would have blocked, or moved fewer bytes than requested, and has cleared the
    /// readiness that it had seen (R2).
    SourceCleared {
        /// The number of the source.
        source: u64,
        /// The direction of the operation.
        direction: IoDirection,
        /// True if the direction is still ready: a newer report has arrived meanwhile, or the last
        /// one reported more than data.
        is_still_ready: bool,
    },
    /// The task that is being polled waits for a descriptor.
    SourceAwaited {
        /// The number of the source.
        source: u64,
        /// The awaited direction.
        direction: IoDirection,
    },
    /// A descriptor was deregistered.
    SourceClosed {
        /// The number of the source.
        source: u64,
    },

    // ---- the pool ----
    /// Step 2 of a blocking call: a job enters the queue of the pool, or waits behind a full queue.
    JobQueued {
        /// Number, name and location.
        metadata: Metadata,
    },
    /// Step 3: a worker has taken the job, and runs it.
    JobTaken {
        /// The number of the job.
        job: Id,
        /// The worker's row in the table.
        worker: u32,
    },
    /// Step 4: the closure has ended, and the awaiting task has been woken.
    JobEnded {
        /// The number of the job.
        job: Id,
        /// The worker's row in the table.
        worker: u32,
    },
    /// The job has left the queue without being run. Its awaiting task is woken next.
    JobDiscarded {
        /// The number of the job.
        job: Id,
    },
    /// A job was requested to stop, while it was queued or running. (The request to a task is a
    /// wake.)
    CancelRequested {
        /// The number of the job.
        job: Id,
    },
    /// An idle worker has left the idle stack: it is woken for a job, as the monitor, or to retire.
    WorkerAssigned {
        /// The worker's row in the table.
        worker: u32,
    },
    /// A row was reserved for a worker, whose thread is started next.
    WorkerReserved {
        /// The worker's row in the table.
        worker: u32,
    },
    /// The thread of a reserved worker could not be started.
    WorkerRefused {
        /// The worker's row in the table.
        worker: u32,
    },
    /// A worker's thread runs.
    WorkerStarted {
        /// The worker's row in the table.
        worker: u32,
    },
    /// A worker waits on the idle stack.
    WorkerIdle {
        /// The worker's row in the table.
        worker: u32,
    },
    /// A worker has become the monitor.
    MonitorBegan {
        /// The worker's row in the table.
        worker: u32,
    },
    /// The monitor has become a worker again.
    MonitorEnded {
        /// The worker's row in the table.
        worker: u32,
    },
    /// The running jobs block, so the pool starts or wakes more workers.
    PoolGrew {
        /// Their number.
        by: u32,
    },
    /// A worker's thread ends.
    WorkerRetired {
        /// The worker's row in the table.
        worker: u32,
    },
    /// A sample of the pool's own counts, under its lock, so a trace can be checked against them.
    PoolCounts {
        /// Workers from the reservation of their row to their retirement.
        threads: u32,
        /// Workers on the idle stack.
        idle: u32,
        /// Workers that run a job.
        busy: u32,
        /// Jobs in the queues, and behind full queues.
        queued: u32,
    },
    /// The pool accepts no job any more.
    PoolClosed,
    /// A shutdown waits until all workers have retired.
    ShutdownWaits {
        /// The number of jobs that run.
        running: u32,
    },
    /// A shutdown has ended.
    ShutdownEnded {
        /// The number of jobs that still run.
        running: u32,
    },
}

/// The effect of a wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeRoute {
    /// W1: on the loop's thread. The key went to the ready queue.
    Queued,
    /// W1: on the loop's thread. The key was in the ready queue or the rest of the batch already.
    AlreadyQueued,
    /// W2: on another thread. A message was sent.
    Posted,
    /// W2: on another thread. A message was in the inbox already, so none was sent.
    Elided,
}

/// The direction of an operation of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoDirection {
    /// Reading.
    Read,
    /// Writing.
    Write,
}
