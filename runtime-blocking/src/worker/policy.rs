//! The rule by which workers are started, woken and retired. A pure value: no thread, no clock, no
//! lock.
//!
//! Starting a thread costs a hundred times what a short job costs, and more threads than cores
//! contend with each other. But jobs are submitted to a pool because they block, and blocked jobs
//! need threads. The rule tells the two cases apart by whether the queue moves:
//!
//! 1. While fewer than `cores` workers are busy, a waiting job dispatches a worker: the worker that
//!    became idle last is woken, or a thread is started. While one worker is arriving, no other is
//!    dispatched; the arriving worker takes a job, and dispatches the next worker if jobs are left.
//!    So a burst costs its submitter one or two dispatches, and not one per job.
//! 2. Beyond that, one worker becomes the *monitor*. It runs no jobs. If no job finishes for 100
//!    µs, or jobs run for longer than that, they must be blocked, so it [adds
//!    threads](crate::worker::growth). If it can add none, it runs a job itself.
//! 3. A worker that has run many jobs in a row and finds no further job yields the core once and
//!    looks again before it waits, unless another worker is arriving. While it yields it counts as
//!    arriving, so a submit makes no system call. Without the yield, a worker that is faster than
//!    its submitter would sleep between any two jobs of a burst. A worker that was woken for one
//!    job does not yield: a yield may take milliseconds on a busy machine.
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
//! (A worker that yields is ARRIVING, too.) Two invariants hold. There are at most `threads_max`
//! threads. While a job waits, a worker is arriving, or there is a monitor, or no worker can be
//! dispatched and all workers are busy. A busy worker looks for a job when its own ends, so no
//! waiting job depends on a later submit. Two kinds of workers have a timer: the monitor while jobs
//! wait, and idle workers for their keep-alive.

use std::time::Duration;

use crate::worker::round::Round;
use crate::worker::start_backoff::StartBackoff;

/// The role for which a worker is woken or started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes jobs.
    Worker,
    /// Watches whether the queue moves.
    Monitor,
}

/// The worker to dispatch. The policy has counted it; the caller carries out the dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Dispatch {
    /// No worker is needed.
    Nothing,
    /// Wake the worker that became idle last.
    Wake(Role),
    /// Start a thread. The result is reported by `started` or `could_not_start`.
    Start(Role),
}

/// Where a worker that looks for a job comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The worker was woken or started, or it has yielded.
    Dispatched,
    /// The worker has ended a job.
    JobEnded,
    /// The worker has ended a job, after many others in a row.
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

/// The counts, and the rule that changes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    threads_max: usize,
    /// The number of busy workers from which on a monitor is needed. Set by each submit.
    pub(super) cores: usize,
    /// True if no job is accepted any more. Then a worker that finds no job retires.
    pub(super) closed: bool,
    /// The number of waiting jobs that no lane's limit holds back.
    pub(super) queued: usize,
    /// The number of workers that were dispatched and have not looked for a job yet.
    pub(super) arriving: usize,
    /// The number of workers that run a job.
    pub(super) busy: usize,
    /// The number of workers on the idle stack.
    pub(super) idle: usize,
    /// True if there is a monitor, or one is arriving.
    pub(super) monitor: bool,
    /// The number of ended jobs. The monitor compares it with the number at its last look.
    pub(super) ended: u64,
    /// The time for which the ended jobs have run.
    pub(super) run_time: Duration,
    /// The number of workers that the monitor adds the next time.
    pub(super) step: usize,
    /// The jobs whose run times the monitor looks at next.
    pub(super) round: Round,
    /// The thread starts that were refused.
    pub(super) backoff: StartBackoff,
}

impl Policy {
    /// An open pool without threads.
    pub(crate) fn new(threads_max: usize) -> Policy {
        Policy { threads_max, step: 1, ..Policy::default() }
    }

    // ---- counts ----

    /// The number of threads that were dispatched and have not retired.
    pub(crate) fn threads(&self) -> usize {
        self.arriving + self.busy + self.idle + usize::from(self.monitor)
    }

    /// The number of workers that run no job and are not arriving. The monitor is included.
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

    /// The number of ended jobs.
    pub(crate) fn ended(&self) -> u64 {
        self.ended
    }

    /// Returns whether there is a thread that runs no job and takes the next one.
    pub(crate) fn has_free_thread(&self) -> bool {
        self.arriving > 0 || self.idle > 0 || self.monitor
    }

    /// Returns whether [`close`](Policy::close) was called.
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

    /// Counts a job that its lane's limit no longer holds back. The worker whose job ended looks
    /// for a job next, so no dispatch is needed.
    pub(crate) fn release(&mut self) {
        self.queued += 1;
    }

    /// Counts the removal of a job that no limit held back.
    pub(crate) fn remove(&mut self) {
        self.queued -= 1;
    }

    /// Counts the removal of all jobs that no limit held back, except `left` of them.
    pub(crate) fn remove_all_but(&mut self, left: usize) {
        self.queued = left;
    }

    // ---- workers ----

    /// Decides what a worker that looks for a job does next.
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

    /// Removes from the counts an idle worker whose keep-alive has passed.
    pub(crate) fn retire(&mut self) {
        self.idle -= 1;
    }

    /// Accepts no more jobs. The caller wakes all idle workers in the role `Worker`.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.arriving += self.idle;
        self.idle = 0;
    }

    // ---- the rule ----

    pub(super) fn vacancies(&self) -> usize {
        self.threads_max - self.threads()
    }

    /// After a refusal, a worker that has ended a job seldom tries another start. A dispatched
    /// worker always tries: jobs submitted while it was arriving dispatched nothing.
    fn vacancies_for(&self, arrival: Arrival) -> usize {
        let backs_off = arrival != Arrival::Dispatched && self.backoff.is_waiting(self.ended);
        if backs_off { 0 } else { self.vacancies() }
    }

    /// Applies points 1 and 2 of the rule. At most `vacancies` threads may be started.
    pub(super) fn dispatch_if_needed(&mut self, vacancies: usize) -> Dispatch {
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

    pub(super) fn dispatch(&mut self, role: Role, vacancies: usize) -> Dispatch {
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
