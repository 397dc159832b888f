//! The rule for hiring, waking and retiring: a pure value, with no thread, no clock and no lock.
//!
//! A thread costs a hundred times what a short job costs, and threads beyond the cores fight each
//! other; but jobs are here because they block, and blocked jobs need threads. The rule tells the
//! two cases apart by looking at whether the queue moves:
//!
//! 1. While fewer workers than `cores` are at work, a waiting job calls one: the idle worker that
//!    waits for the shortest time is woken, or a thread is hired. While somebody is on the way
//!    nobody else is called; who arrives takes a job and calls the next if jobs are left. So a
//!    burst costs its submitter a call or two and not one per job.
//! 2. Once `cores` workers are at work and a job waits, one more worker is called as the *lookout*.
//!    It takes no job. It looks, sleeps for [`PATIENCE`], and looks again:
//!    - the queue is empty: it stands down and is an ordinary idle worker;
//!    - a job ended meanwhile, so the queue moves: it waits again;
//!    - no job ended, so those that run do block: it *grows* the crew, by twice as many each time
//!      (`cores` first). It calls them all itself: to have those that arrive call others was
//!      measured, and took longer, because they then fight for the cores with the jobs.
//! 3. When there is nobody left to call (`threads_max` reached, or the system refuses a thread)
//!    and the queue stands still, the lookout takes a job itself. Then no lookout is left, and
//!    none is needed: whoever ends a job takes the next.
//! 4. A worker that has run many jobs in a row and finds no other *lingers*, if nobody else is on
//!    the way: it yields the core once and looks again before it waits. It counts as on the way, so
//!    a submit costs no system call. Otherwise a worker faster than its submitter would fall asleep
//!    between any two jobs of a burst. One that is called for a single job does not linger: on a
//!    busy machine a yield may take milliseconds, and the next job would wait for it.
//!
//! ```text
//!                     call                     next: Take
//!   (hire) ─┬──▶ ARRIVING ◀──────── IDLE    ARRIVING ──▶ BUSY ──┐ next: Take
//!           │       │ next: Wait     ▲ │                  │ ▲───┘
//!           │       └────────────────┘ │ call             │ next: Wait
//!           │                        ▲ ▼                  ▼
//!           └───────────────▶ LOOKOUT ◀──▶ IDLE ◀─────────┘        IDLE ──▶ retired
//!                                │ tick: Take                  retire, or any of them
//!                                └──▶ BUSY                        when closed
//! ```
//!
//! (One who lingers is ARRIVING too.) What always holds: no more threads than `threads_max`; and
//! while a job waits, somebody is on the way, or a lookout is there, or (nobody being left to call)
//! all are at work and will look when their jobs end. Nothing waits for a later submit, and nobody
//! has a timer but the lookout while jobs wait and the idle worker for its keep-alive.

use std::time::Duration;

/// How long the queue may stand still before the crew grows.
pub(crate) const PATIENCE: Duration = Duration::from_micros(100);

/// After a refused thread start, at most so many jobs end before another one is tried.
const BACKOFF_MAX: u64 = 64;

/// What a worker is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// To take jobs.
    Worker,
    /// To watch whether the queue moves.
    Lookout,
}

/// Whom to call next. The call has been counted; the caller carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Call {
    /// There is nothing to do.
    Nobody,
    /// Wake the idle worker that waits for the shortest time.
    Wake(Role),
    /// Start a thread; answered by [`Policy::started`] or [`Policy::could_not_start`].
    Hire(Role),
}

/// Where a worker that looks for a job comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    /// It was called, by a wake or as a new thread; or it has lingered.
    Called,
    /// It has ended a job.
    Back,
    /// The same, and it was one of many in a row.
    BackFromMany,
}

/// What a worker that looks for a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Next {
    /// Take the next job; call; run it.
    Take(Call),
    /// Yield the core once, and look again.
    Linger,
    /// Wait on top of the idle stack.
    Wait,
    /// End the thread.
    Retire,
}

/// What the lookout does after it has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Tick {
    /// Sleep for [`PATIENCE`], then look again with this count.
    WaitAgain(u64),
    /// Carry out what [`Policy::grow`] says, so many times at most; wait again with this count.
    Grow { by: usize, seen: u64 },
    /// Nobody is left to call: take the next job and run it, as an ordinary worker.
    Take,
    /// Wait on top of the idle stack, as an ordinary worker.
    StandDown,
    /// End the thread.
    Retire,
}

/// What follows from a thread that could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Unstarted {
    /// Others will run what waits. The call never is to hire.
    Leave(Call),
    /// There is no thread at all: empty the queue, and fail what was in it.
    Strand,
}

/// The counts, and the rule that moves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    threads_max: usize,
    /// How many workers are called at once; known from the first submit on.
    cores: usize,
    /// No job is accepted any more, and who finds no job retires.
    closed: bool,
    /// Jobs that wait and may run as soon as there is a worker: no lane's limit holds them back.
    queued: usize,
    /// Workers that were called and have not looked yet.
    arriving: usize,
    /// Workers that run a job, until they come back from it.
    busy: usize,
    /// Workers on the idle stack.
    idle: usize,
    /// Whether a lookout is there, or called.
    lookout: bool,
    /// Jobs that have ended, ever: what the lookout compares.
    ended: u64,
    /// How many workers the next growth calls.
    step: usize,
    /// Whether a thread start was refused, and none has succeeded and no lookout has seen the
    /// queue move since.
    refused: bool,
    /// After a refusal: who ends a job tries to hire again when `ended` has come this far.
    retry_at: u64,
    /// How far off the next `retry_at` will be.
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
            lookout: false,
            ended: 0,
            step: 1,
            refused: false,
            retry_at: 0,
            backoff: 1,
        }
    }

    // ---- counts ----

    /// Threads that have been called into being and have not retired.
    pub(crate) fn threads(&self) -> usize {
        self.arriving + self.busy + self.idle + usize::from(self.lookout)
    }

    /// Workers that wait, the lookout among them.
    pub(crate) fn waiting(&self) -> usize {
        self.idle + usize::from(self.lookout)
    }

    /// Workers that run a job.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }

    /// Jobs that wait for a worker.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Jobs that were run, ever.
    pub(crate) fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether a thread is there, or on the way, that runs no job and takes one if there is any.
    pub(crate) fn is_anybody_free(&self) -> bool {
        self.arriving > 0 || self.idle > 0 || self.lookout
    }

    /// Whether [`close`](Policy::close) was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    // ---- jobs come and go ----

    /// A job was submitted that may run as soon as there is a worker.
    #[inline]
    pub(crate) fn submit(&mut self, cores: usize) -> Call {
        self.cores = cores;
        self.queued += 1;
        self.call(self.vacancies())
    }

    /// A job that waited behind its lane's limit need not do so any more. Whoever ended the job
    /// before it looks next.
    pub(crate) fn release(&mut self) {
        self.queued += 1;
    }

    /// A job that could have been taken has left the queue unrun.
    pub(crate) fn cancel(&mut self) {
        self.queued -= 1;
    }

    /// Many have; so many are left.
    pub(crate) fn cancel_all_but(&mut self, left: usize) {
        self.queued = left;
    }

    // ---- workers come and go ----

    /// A new thread runs; it looks for a job, or out, next.
    pub(crate) fn started(&mut self) {
        self.refused = false;
        self.retry_at = 0;
        self.backoff = 1;
    }

    /// A thread that was to be hired could not be started.
    pub(crate) fn could_not_start(&mut self, role: Role) -> Unstarted {
        match role {
            Role::Worker => self.arriving -= 1,
            Role::Lookout => self.lookout = false,
        }
        self.refused = true;
        self.retry_at = self.ended + self.backoff;
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        if self.threads() == 0 {
            self.queued = 0;
            return Unstarted::Strand;
        }
        Unstarted::Leave(self.call(0))
    }

    /// A worker looks for a job.
    #[inline]
    pub(crate) fn next(&mut self, coming: Coming) -> Next {
        match coming {
            Coming::Called => self.arriving -= 1,
            Coming::Back | Coming::BackFromMany => {
                self.busy -= 1;
                self.ended += 1;
            }
        }
        if self.queued > 0 {
            self.queued -= 1;
            self.busy += 1;
            return Next::Take(self.call(self.vacancies_for(coming)));
        }
        if self.closed {
            return Next::Retire;
        }
        if coming == Coming::BackFromMany && self.arriving == 0 {
            self.arriving += 1;
            return Next::Linger;
        }
        self.idle += 1;
        Next::Wait
    }

    /// The lookout looks. It brings the count that the last look gave it, if this is not its first.
    pub(crate) fn tick(&mut self, seen: Option<u64>) -> Tick {
        let has_moved = seen != Some(self.ended);
        if has_moved {
            self.step = self.cores;
            // A refusal from before the queue stood still is no reason not to try again.
            self.refused = false;
        }
        if self.queued == 0 {
            return self.stand_down();
        }
        if has_moved || self.queued <= self.arriving {
            return Tick::WaitAgain(self.ended);
        }
        if self.idle == 0 && self.vacancies_for_growth() == 0 {
            self.lookout = false;
            self.queued -= 1;
            self.busy += 1;
            return Tick::Take;
        }
        let by = self.step;
        self.step = self.step.saturating_mul(2);
        Tick::Grow { by, seen: self.ended }
    }

    /// One more for the crew that a lookout lets grow. Nobody if those on the way will do.
    pub(crate) fn grow(&mut self) -> Call {
        if self.queued <= self.arriving {
            return Call::Nobody;
        }
        self.summon(Role::Worker, self.vacancies_for_growth())
    }

    /// All that are there wait for a job that is queued: one thread more would do, if there can be
    /// one, whatever was refused before.
    pub(crate) fn call_at_last(&mut self) -> Call {
        debug_assert!(!self.is_anybody_free(), "else they would not wait in vain");
        if self.queued == 0 { Call::Nobody } else { self.summon(Role::Worker, self.vacancies()) }
    }

    /// An idle worker's keep-alive has passed: it retires.
    pub(crate) fn retire(&mut self) {
        self.idle -= 1;
    }

    /// No more jobs. The caller wakes all idle workers, as workers.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.arriving += self.idle;
        self.idle = 0;
    }

    // ---- the rule ----

    fn vacancies(&self) -> usize {
        self.threads_max - self.threads()
    }

    /// After a refusal, not every job that ends is worth another system call. But whoever was
    /// called has come for jobs that called nobody else meanwhile: for them it is the first try.
    fn vacancies_for(&self, coming: Coming) -> usize {
        let is_patient = coming != Coming::Called && self.ended < self.retry_at;
        if is_patient { 0 } else { self.vacancies() }
    }

    /// A refusal ends a step of growth.
    fn vacancies_for_growth(&self) -> usize {
        if self.refused { 0 } else { self.vacancies() }
    }

    /// Points 1 and 2: whom the jobs that wait call, if anybody, with so many threads to hire.
    fn call(&mut self, vacancies: usize) -> Call {
        if self.queued == 0 || self.arriving > 0 {
            return Call::Nobody;
        }
        if self.busy < self.cores {
            return self.summon(Role::Worker, vacancies);
        }
        if self.lookout {
            return Call::Nobody;
        }
        self.summon(Role::Lookout, vacancies)
    }

    fn summon(&mut self, role: Role, vacancies: usize) -> Call {
        let call = if self.idle > 0 {
            self.idle -= 1;
            Call::Wake(role)
        } else if vacancies > 0 {
            Call::Hire(role)
        } else {
            return Call::Nobody;
        };
        match role {
            Role::Worker => self.arriving += 1,
            Role::Lookout => self.lookout = true,
        }
        call
    }

    fn stand_down(&mut self) -> Tick {
        self.lookout = false;
        if self.closed {
            return Tick::Retire;
        }
        self.idle += 1;
        Tick::StandDown
    }
}

#[cfg(test)]
mod tests;
