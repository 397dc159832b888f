//! What the handles, the workers and the jobs of one pool share, and how a decision of the
//! [policy](crate::worker::policy) is carried out.
//!
//! There is one lock. Under it are the counts, the lanes and the roster, and nothing of the user's
//! runs there. Whoever needs something done by another thread asks the policy under the lock, turns
//! its answer into an [`Errand`] (the worker is off the idle stack, the seat is reserved: from now
//! on everybody knows), leaves the lock, and carries the errand out.

use std::io;
use std::mem;
use std::sync::Arc;

use runtime_core::fork::{ForkCheck, ForkedError};
use runtime_core::join::JoinError;
use runtime_core::metadata::Id;
use runtime_core::park::Parker;
use runtime_core::sync::counter::Counter;
use runtime_core::sync::{Mutex, MutexGuard, lock_unless};
use runtime_core::watch::PoolNumber;

use crate::job::closure::Job;
use crate::pool::builder::Settings;
use crate::queue::fifo::Entry;
use crate::queue::lanes::{Admission, Lanes, WhenFull, Withdrawn, announce};
use crate::worker::lifecycle;
use crate::worker::policy::{Call, Policy, Role, Unstarted};
use crate::worker::table::{Roster, SeatId};

/// How many pools there have been.
static POOLS: Counter = Counter::new();

/// *Shared by* the pool's handles, its workers, and its queued jobs. *Guarded by* its lock; the
/// settings never change.
pub(crate) struct Shared {
    /// Tells this pool from all others of the process, past and future.
    pub(crate) number: u64,
    pub(crate) settings: Settings,
    /// Where its threads are, from the first submit on.
    process: ForkCheck,
    state: Mutex<State>,
}

/// What the lock guards.
pub(crate) struct State {
    pub(crate) policy: Policy,
    pub(crate) lanes: Lanes,
    pub(crate) roster: Roster,
    /// Who waits in a shutdown. *Woken by* whoever makes [`State::is_quiet`] true.
    pub(crate) waiters: Vec<Arc<Parker>>,
    /// Why it is closed, if that is because this is a forked child.
    forked: Option<ForkedError>,
}

/// A call that has been decided under the lock and is to be carried out after it.
#[must_use]
pub(crate) enum Errand {
    Nothing,
    Unpark(Arc<Parker>),
    Start(SeatId, Role),
}

/// There is no thread at all, and none can be started: these jobs were queued, and are nobody's.
pub(crate) struct Stranded {
    pub(crate) error: io::Error,
    pub(crate) jobs: Vec<Entry>,
}

/// What follows from a job that was taken out of its lane.
#[must_use]
pub(crate) struct Departed {
    withdrawn: Withdrawn,
    waiters: Vec<Arc<Parker>>,
}

impl Departed {
    /// Outside the lock.
    pub(crate) fn tell(self) {
        announce(self.withdrawn.admission);
        drop(self.withdrawn.swept);
        self.waiters.iter().for_each(|waiter| waiter.unpark());
    }
}

/// Why a job was not accepted.
pub(crate) enum Refusal {
    Closed,
    Forked(ForkedError),
    Full,
    NoThread(io::Error),
}

impl State {
    /// Turns a call into an errand; from here on the one who is called counts as called.
    pub(crate) fn dispatch(&mut self, call: Call) -> Errand {
        debug_assert_eq!(self.policy.queued(), self.lanes.takeable(), "two ways to count");
        match call {
            Call::Nobody => Errand::Nothing,
            Call::Wake(role) => match self.roster.call_idle(role) {
                Some(parker) => Errand::Unpark(parker),
                None => unreachable!("the policy counts the idle workers"),
            },
            Call::Hire(role) => Errand::Start(self.roster.reserve(), role),
        }
    }

    /// Takes a job out of its lane, if it waits there.
    pub(crate) fn withdraw_job(&mut self, job: &dyn Job) -> Option<Departed> {
        let withdrawn = self.lanes.withdraw(job)?;
        if withdrawn.takeable_less {
            self.policy.cancel();
        }
        let waiters =
            if withdrawn.was_last_must { mem::take(&mut self.waiters) } else { Vec::new() };
        Some(Departed { withdrawn, waiters })
    }

    /// Who waits in a shutdown and may look again; to be unparked outside the lock.
    pub(crate) fn take_released_waiters(&mut self) -> Vec<Arc<Parker>> {
        self.take_waiters_if(self.is_quiet())
    }

    /// The same, if there is another reason to look again.
    pub(crate) fn take_waiters_if(&mut self, may_look: bool) -> Vec<Arc<Parker>> {
        if may_look { mem::take(&mut self.waiters) } else { Vec::new() }
    }

    /// Who waited in a shutdown does so no more, or not with this look.
    pub(crate) fn withdraw(&mut self, waiter: &Arc<Parker>) {
        self.waiters.retain(|other| !Arc::ptr_eq(other, waiter));
    }

    /// Whether every thread has retired but those whose jobs have shut the pool down themselves.
    pub(crate) fn is_quiet(&self) -> bool {
        self.policy.threads() <= self.roster.insiders()
    }
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Shared {
        let state = State {
            policy: Policy::new(settings.threads_max),
            lanes: Lanes::new(settings.main_lane.clone()),
            roster: Roster::default(),
            waiters: Vec::new(),
            forked: None,
        };
        Shared {
            number: POOLS.next(),
            settings,
            process: ForkCheck::unused(),
            state: Mutex::new(state),
        }
    }

    /// How this pool's jobs are known from others.
    pub(crate) fn pool_number(&self) -> PoolNumber {
        PoolNumber::new(self.number)
    }

    /// For its own threads, and for who knows that this is no forked child.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// For everybody else: in a forked child, the lock may be held by a thread that is not there.
    pub(crate) fn lock_from_outside(&self) -> Result<MutexGuard<'_, State>, ForkedError> {
        let mut forked = Ok(());
        let is_hopeless = || {
            forked = self.process.check();
            forked.is_err()
        };
        match lock_unless(&self.state, is_hopeless) {
            Some(state) => Ok(state),
            None => Err(forked.expect_err("it is hopeless for this reason")),
        }
    }

    /// The same for what has no way to return the error.
    ///
    /// # Panics
    /// In a forked child, if the lock was held at the fork.
    #[track_caller]
    pub(crate) fn lock_to_look(&self) -> MutexGuard<'_, State> {
        match self.lock_from_outside() {
            Ok(state) => state,
            Err(forked) => panic!("the blocking pool cannot be used: {forked}"),
        }
    }

    /// Asks the system whether this process has the threads of the pool.
    pub(crate) fn check_process(&self) -> Result<(), ForkedError> {
        self.process.check()
    }

    /// Puts a job into its lane, and sees to it that somebody will look. Gives what tells of its
    /// admission, if it has to wait for that and `when_full` asked to be told.
    pub(crate) fn enqueue(
        self: &Arc<Self>,
        job: Arc<dyn Job>,
        when_full: WhenFull,
    ) -> Result<Option<Admission>, Refusal> {
        let id = job.metadata().id();
        let cores = self.settings.cores();
        self.process.check_cheaply().map_err(Refusal::Forked)?;
        let mut state = self.lock_from_outside().map_err(Refusal::Forked)?;
        if state.policy.is_closed() {
            return Err(state.forked.map_or(Refusal::Closed, Refusal::Forked));
        }
        let Some(pushed) = state.lanes.push(job, when_full) else { return Err(Refusal::Full) };
        let call = if pushed.takeable_more { state.policy.submit(cores) } else { Call::Nobody };
        let errand = state.dispatch(call);
        drop(state);
        if !matches!(errand, Errand::Nothing)
            && let Err(forked) = self.process.check()
        {
            return Err(self.give_up_in_child(id, forked));
        }
        let Err(stranded) = self.carry_out(errand) else { return Ok(pushed.admission) };

        // The jobs of others were accepted while a thread was on the way, which then did not come.
        let mut handed_back = false;
        for Entry { job, admission, .. } in stranded.jobs {
            if job.metadata().id() == id {
                handed_back = true;
            } else {
                let error = Box::new(twin(&stranded.error));
                job.discard(JoinError::refused(job.metadata().clone(), error));
                announce(admission);
            }
        }
        if handed_back { Err(Refusal::NoThread(stranded.error)) } else { Ok(None) }
    }

    /// This is a forked child. Takes back the job; the parent's are left as they are.
    #[cold]
    fn give_up_in_child(&self, id: Id, forked: ForkedError) -> Refusal {
        let mut state = self.lock();
        state.forked = Some(forked);
        state.policy.close();
        let job = state.lanes.find(id);
        let departed = job.as_ref().and_then(|job| state.withdraw_job(&**job));
        drop(state);
        drop((job, departed));
        Refusal::Forked(forked)
    }

    /// Takes a job out of its lane, if it waits there: it becomes a husk. The caller discards it.
    pub(crate) fn withdraw(&self, job: &dyn Job) -> bool {
        let Ok(mut state) = self.lock_from_outside() else { return false };
        let Some(departed) = state.withdraw_job(job) else { return false };
        drop(state);
        departed.tell();
        true
    }

    /// Wakes or starts whom the errand names. Fails only if that leaves the pool without a thread.
    #[inline]
    pub(crate) fn carry_out(self: &Arc<Self>, errand: Errand) -> Result<(), Stranded> {
        match errand {
            Errand::Nothing => Ok(()),
            Errand::Unpark(parker) => {
                parker.unpark();
                Ok(())
            }
            Errand::Start(seat, role) => self.start(seat, role),
        }
    }

    /// The same for a worker: while it is there, no job is stranded.
    #[inline]
    pub(crate) fn carry_out_on_worker(self: &Arc<Self>, errand: Errand) {
        let stranded = self.carry_out(errand).is_err();
        debug_assert!(!stranded, "the worker that calls is a thread of the pool");
    }

    fn start(self: &Arc<Self>, seat: SeatId, role: Role) -> Result<(), Stranded> {
        let shared = Arc::clone(self);
        let started = self.settings.start_thread(seat, move || lifecycle::run(shared, seat, role));
        let mut state = self.lock();
        match started {
            Ok(handle) => {
                state.roster.deposit(seat, handle);
                self.release_waiters(state);
                Ok(())
            }
            Err(error) => {
                state.roster.release(seat);
                self.go_on_without(state, role, error)
            }
        }
    }

    #[cold]
    fn go_on_without(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        role: Role,
        error: io::Error,
    ) -> Result<(), Stranded> {
        match state.policy.could_not_start(role) {
            Unstarted::Leave(call) => {
                let errand = state.dispatch(call);
                self.release_waiters(state);
                let carried_out = self.carry_out(errand);
                self.refuse_the_hopeless();
                carried_out
            }
            Unstarted::Strand => {
                let jobs = state.lanes.drain(|_all| true);
                self.release_waiters(state);
                Err(Stranded { error, jobs })
            }
        }
    }

    /// Ends the lock and wakes who waits in a shutdown, if there is something new for them.
    fn release_waiters(&self, mut state: MutexGuard<'_, State>) {
        let waiters = state.take_released_waiters();
        drop(state);
        waiters.iter().for_each(|waiter| waiter.unpark());
    }
}

/// An `io::Error` that says the same.
fn twin(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
