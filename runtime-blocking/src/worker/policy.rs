//! The rule by which workers are started, woken and retired. A pure value: no thread, no clock, no
//! lock.
//!
//! Starting a thread costs a hundred times what a short job costs, and more threads than cores
//! contend with each other. But jobs are submitted here because they block, and blocked jobs need
//! threads. The rule tells the two cases apart by whether the queue moves:
//!
//! 1. While fewer than `cores` workers are busy, a waiting job dispatches a worker: the worker that
//!    became idle last is woken, or a thread is started. While one is arriving, no other is
//!    dispatched; the arriving worker takes a job and dispatches the next worker if jobs are left.
//!    So a burst costs its submitter one or two dispatches, and not one per job.
//! 2. Beyond that, one worker becomes the *monitor*. It runs no jobs. It looks at the queue every
//!    100 µs ([`PATIENCE`]):
//!    - the queue is empty: the monitor becomes an ordinary idle worker;
//!    - a job has ended since the last look, so the queue moves: the monitor keeps waiting;
//!    - no job has ended, so the running jobs must be blocked: the monitor adds threads, as many as
//!      there are cores, then twice as many each time. It dispatches all of them itself. Letting the
//!      new workers dispatch each other was measured and is slower, because they then contend with
//!      the jobs for the cores.
//! 3. If no thread can be added (`threads_max` is reached, or the system refuses one) and the queue
//!    does not move, the monitor runs a job itself. No monitor is needed then: each worker that
//!    ends a job takes the next one.
//! 4. A worker that has run many jobs in a row and finds no other yields the core once and looks
//!    again before it waits, unless another worker is arriving. It counts as arriving, so a submit
//!    makes no system call. Without this, a worker that is faster than its submitter would sleep
//!    between any two jobs of a burst. A worker that was woken for a single job does not yield: on a
//!    busy machine that may take milliseconds, for which the next job would wait.
//!
//! ```text
//!                    dispatch                 next: Take
//!  (start) ─┬──▶ ARRIVING ◀──────── IDLE    ARRIVING ──▶ BUSY ──┐ next: Take
//!           │       │ next: Wait     ▲ │                  │ ▲───┘
//!           │       └────────────────┘ │ dispatch         │ next: Wait
//!           │                        ▲ ▼                  ▼
//!           └───────────────▶ MONITOR ◀──▶ IDLE ◀─────────┘        IDLE ──▶ retired
//!                                │ tick: Take                  retire, or any of them
//!                                └──▶ BUSY                        when closed
//! ```
//!
//! (A worker that yields is ARRIVING, too.) Two invariants: there are at most `threads_max` threads;
//! and while a job waits, a worker is arriving, or there is a monitor, or (if no worker can be
//! dispatched) all workers are busy and will look when their jobs end. So no job depends on a later
//! submit. Only two workers have a timer: the monitor while jobs wait, and an idle worker for its
//! keep-alive.

use std::time::Duration;

/// The time for which the queue may not move before threads are added.
pub(crate) const PATIENCE: Duration = Duration::from_micros(100);

/// The highest number of jobs that end before another thread start is tried after a refusal.
const BACKOFF_MAX: u64 = 64;

/// The role for which a worker is woken or started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes jobs.
    Worker,
    /// Watches whether the queue moves.
    Monitor,
}

/// The worker to dispatch. It has been counted; the caller carries the dispatch out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Dispatch {
    /// No worker is needed.
    Nothing,
    /// Wake the worker that became idle last.
    Wake(Role),
    /// Start a thread; answered by [`Policy::started`] or [`Policy::could_not_start`].
    Start(Role),
}

/// Where a worker comes from that looks for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It was woken or started, or it has yielded.
    Dispatched,
    /// It has ended a job.
    JobEnded,
    /// It has ended a job, after many others in a row.
    ManyJobsEnded,
}

/// The next action of a worker that looked for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum WorkerAction {
    /// Take the next job, carry out the dispatch, and run the job.
    Take(Dispatch),
    /// Yield the core once, and look again.
    YieldAndRetry,
    /// Wait on top of the idle stack.
    Wait,
    /// End the thread.
    Retire,
}

/// The next action of the monitor after a look at the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum MonitorAction {
    /// Sleep for [`PATIENCE`], then look again with this count of ended jobs.
    WaitAgain(u64),
    /// Carry out [`Policy::grow`] at most `by` times, then wait again with this count.
    Grow { by: usize, seen: u64 },
    /// Take the next job and run it, as an ordinary worker.
    Take,
    /// Wait on top of the idle stack, as an ordinary worker.
    StandDown,
    /// End the thread.
    Retire,
}

/// The consequence of a thread that could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum StartFailure {
    /// Other threads run the waiting jobs. The dispatch is never a start.
    Continue(Dispatch),
    /// There is no thread: the caller empties the queue and fails the jobs.
    NoThread,
}

/// The counts, and the rule that changes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    threads_max: usize,
    /// The number of busy workers above which a monitor is needed. Set by each submit.
    cores: usize,
    /// No job is accepted any more, and a worker that finds no job retires.
    closed: bool,
    /// The waiting jobs that no lane's limit holds back.
    queued: usize,
    /// The workers that were dispatched and have not looked for a job yet.
    arriving: usize,
    /// The workers that run a job.
    busy: usize,
    /// The workers on the idle stack.
    idle: usize,
    /// Whether there is a monitor, or one is arriving.
    monitor: bool,
    /// The number of jobs that have ended, ever. The monitor compares it.
    ended: u64,
    /// The number of workers that the next growth dispatches.
    step: usize,
    /// Whether a thread start was refused, and since then no start has succeeded and no monitor has
    /// seen the queue move.
    refused: bool,
    /// After a refusal, a worker that ends a job tries to start a thread once `ended` is this high.
    retry_at: u64,
    /// The distance of the next `retry_at`.
    backoff: u64,
}

impl Policy {
    /// An open pool without threads.
    pub(crate) fn new(threads_max: usize) -> Policy {
        Policy {
            threads_max,
            cores: 1,
            closed: false,
            queued: 0,
            arriving: 0,
            busy: 0,
            idle: 0,
            monitor: false,
            ended: 0,
            step: 1,
            refused: false,
            retry_at: 0,
            backoff: 1,
        }
    }

    // ---- counts ----

    /// The number of threads that were dispatched and have not retired.
    pub(crate) fn threads(&self) -> usize {
        self.arriving + self.busy + self.idle + usize::from(self.monitor)
    }

    /// The number of workers that run no job and are not about to, the monitor included.
    pub(crate) fn waiting(&self) -> usize {
        self.idle + usize::from(self.monitor)
    }

    /// The number of workers that run a job.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }

    /// The number of jobs that wait for a worker.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// The number of jobs that have run, ever.
    pub(crate) fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether there is a thread that runs no job and takes the next one.
    pub(crate) fn has_free_thread(&self) -> bool {
        self.arriving > 0 || self.idle > 0 || self.monitor
    }

    /// Whether [`close`](Policy::close) was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    // ---- jobs ----

    /// Counts a submitted job that no limit holds back.
    #[inline]
    pub(crate) fn submit(&mut self, cores: usize) -> Dispatch {
        self.cores = cores;
        self.queued += 1;
        self.dispatch_if_needed(self.vacancies())
    }

    /// Counts a job that its lane's limit no longer holds back. The worker whose job ended looks for
    /// a job next, so no dispatch is needed.
    pub(crate) fn release(&mut self) {
        self.queued += 1;
    }

    /// Counts the removal of a job that no limit held back.
    pub(crate) fn remove(&mut self) {
        self.queued -= 1;
    }

    /// Counts the removal of all jobs but these.
    pub(crate) fn remove_all_but(&mut self, left: usize) {
        self.queued = left;
    }

    // ---- workers ----

    /// Notes that a new thread runs. It looks for a job, or at the queue, next.
    pub(crate) fn started(&mut self) {
        self.refused = false;
        self.retry_at = 0;
        self.backoff = 1;
    }

    /// Notes that a dispatched thread could not be started.
    pub(crate) fn could_not_start(&mut self, role: Role) -> StartFailure {
        match role {
            Role::Worker => self.arriving -= 1,
            Role::Monitor => self.monitor = false,
        }
        self.refused = true;
        self.retry_at = self.ended + self.backoff;
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        if self.threads() == 0 {
            self.queued = 0;
            return StartFailure::NoThread;
        }
        StartFailure::Continue(self.dispatch_if_needed(0))
    }

    /// Decides for a worker that looks for a job.
    #[inline]
    pub(crate) fn next(&mut self, arrival: Arrival) -> WorkerAction {
        match arrival {
            Arrival::Dispatched => self.arriving -= 1,
            Arrival::JobEnded | Arrival::ManyJobsEnded => {
                self.busy -= 1;
                self.ended += 1;
            }
        }
        if self.queued > 0 {
            self.queued -= 1;
            self.busy += 1;
            return WorkerAction::Take(self.dispatch_if_needed(self.vacancies_for(arrival)));
        }
        if self.closed {
            return WorkerAction::Retire;
        }
        if arrival == Arrival::ManyJobsEnded && self.arriving == 0 {
            self.arriving += 1;
            return WorkerAction::YieldAndRetry;
        }
        self.idle += 1;
        WorkerAction::Wait
    }

    /// Decides for the monitor, which brings the count of its last look, if there was one.
    pub(crate) fn tick(&mut self, seen: Option<u64>) -> MonitorAction {
        let has_moved = seen != Some(self.ended);
        if has_moved {
            self.step = self.cores;
            // The refusal is older than the last move of the queue: another start may succeed.
            self.refused = false;
        }
        if self.queued == 0 {
            self.monitor = false;
            if self.closed {
                return MonitorAction::Retire;
            }
            self.idle += 1;
            return MonitorAction::StandDown;
        }
        if has_moved || self.queued <= self.arriving {
            return MonitorAction::WaitAgain(self.ended);
        }
        if self.idle == 0 && self.vacancies_for_growth() == 0 {
            self.monitor = false;
            self.queued -= 1;
            self.busy += 1;
            return MonitorAction::Take;
        }
        let by = self.step;
        self.step = self.step.saturating_mul(2);
        MonitorAction::Grow { by, seen: self.ended }
    }

    /// Dispatches one worker of a growth, unless the arriving ones suffice.
    pub(crate) fn grow(&mut self) -> Dispatch {
        if self.queued <= self.arriving {
            return Dispatch::Nothing;
        }
        self.dispatch(Role::Worker, self.vacancies_for_growth())
    }

    /// Dispatches a worker although a start was refused before, because all workers wait for a
    /// queued job.
    pub(crate) fn dispatch_against_deadlock(&mut self) -> Dispatch {
        debug_assert!(!self.has_free_thread(), "a free thread would run the queued job");
        if self.queued == 0 {
            return Dispatch::Nothing;
        }
        self.dispatch(Role::Worker, self.vacancies())
    }

    /// Counts out an idle worker whose keep-alive has passed.
    pub(crate) fn retire(&mut self) {
        self.idle -= 1;
    }

    /// Accepts no more jobs. The caller wakes all idle workers, as workers.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.arriving += self.idle;
        self.idle = 0;
    }

    // ---- the rule ----

    fn vacancies(&self) -> usize {
        self.threads_max - self.threads()
    }

    /// After a refusal, not every ended job is worth another system call. A worker that was
    /// dispatched tries in any case: the jobs that came while it was arriving dispatched nothing.
    fn vacancies_for(&self, arrival: Arrival) -> usize {
        let backs_off = arrival != Arrival::Dispatched && self.ended < self.retry_at;
        if backs_off { 0 } else { self.vacancies() }
    }

    /// A refusal ends a growth.
    fn vacancies_for_growth(&self) -> usize {
        if self.refused { 0 } else { self.vacancies() }
    }

    /// Points 1 and 2, if this number of threads may be started.
    fn dispatch_if_needed(&mut self, vacancies: usize) -> Dispatch {
        if self.queued == 0 || self.arriving > 0 {
            return Dispatch::Nothing;
        }
        if self.busy < self.cores {
            return self.dispatch(Role::Worker, vacancies);
        }
        if self.monitor {
            return Dispatch::Nothing;
        }
        self.dispatch(Role::Monitor, vacancies)
    }

    fn dispatch(&mut self, role: Role, vacancies: usize) -> Dispatch {
        let dispatch = if self.idle > 0 {
            self.idle -= 1;
            Dispatch::Wake(role)
        } else if vacancies > 0 {
            Dispatch::Start(role)
        } else {
            return Dispatch::Nothing;
        };
        match role {
            Role::Worker => self.arriving += 1,
            Role::Monitor => self.monitor = true,
        }
        dispatch
    }
}

#[cfg(test)]
mod tests;
