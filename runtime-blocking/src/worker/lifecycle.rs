//! The life of a worker: look for a job, run it, look again, wait, retire.
//!
//! ```text
//!             ┌──────────────┐
//!   called ─▶ │  next        │── a job ──▶ run ──▶ next ...
//!             │  (or, as the │── none ───▶ wait ──▶ called, as worker or lookout
//!             │   lookout,   │               └─────▶ the keep-alive passed: retire
//!             │   look out)  │── none, and the pool is closed: retire
//!             └──────────────┘
//! ```
//!
//! Looking for the next job and reporting that the last one ended is one critical section, so a
//! busy worker takes the lock once for each job. The job counts as running until its closure has
//! ended, what it held is dropped, and whoever awaits it was woken: a waker that never returns
//! keeps its worker busy, and the others go on.
//!
//! A worker that finds no job after many lingers, if the policy says so: it yields the core once
//! and looks again before it waits.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use runtime_core::catch_panic::drop_catching;
use runtime_core::park::{Parker, Unparked};
use runtime_core::sync::thread::{self, JoinHandle};
use runtime_core::sync::{MutexGuard, thread_local_const};
use runtime_core::watch;

use crate::deadlock::detect::Seated;
use crate::job::cancel;
use crate::job::closure::Job;
use crate::pool::shared::{Shared, State};
use crate::queue::lanes::{Taken, announce};
use crate::worker::policy::{Call, Coming, Next, PATIENCE, Role, Tick};
use crate::worker::table::{Running, SeatId};

thread_local_const! {
    /// For which pool, by its number, this thread works, and where.
    static HERE: Cell<(u64, Place)> = Cell::new((0, Place::Outside))
}

/// What a thread is to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// None of its workers.
    Outside,
    /// One of its workers, on this seat.
    Inside(SeatId),
    /// One of its workers that has retired: its thread-locals are being destroyed. Whoever shuts
    /// the pool down from there must not wait for this thread either.
    Retired,
}

/// What the current thread is to this pool.
pub(crate) fn current_place(shared: &Shared) -> Place {
    let (pool, place) = HERE.with(|here| here.get());
    if pool == shared.number { place } else { Place::Outside }
}

fn set_place(shared: &Shared, place: Place) {
    HERE.with(|here| here.set((shared.number, place)));
}

struct Worker {
    shared: Arc<Shared>,
    seat: SeatId,
    parker: Arc<Parker>,
}

/// What a worker does next.
enum Step {
    Run(Arc<dyn Job>),
    /// Look again in a moment, which begins now.
    Linger(Instant),
    /// Wait to be called, at most until then.
    Wait(Option<Instant>),
    LookOut,
    Retire(Departure),
}

/// What is left to do for a worker that has retired.
struct Departure {
    /// Threads that retired before, to be joined.
    before: Vec<JoinHandle<()>>,
    /// Who waits in a shutdown and may look again.
    waiters: Vec<Arc<Parker>>,
}

/// The body of a worker's thread.
pub(crate) fn run(shared: Arc<Shared>, seat: SeatId, role: Role) {
    set_place(&shared, Place::Inside(seat));
    let _watched = watch::install(Rc::new(Seated { shared: Arc::clone(&shared), seat }));
    let worker = Worker { shared, seat, parker: Arc::new(Parker::new()) };
    let mut step = worker.begin(role);
    let mut in_a_row = 0;
    loop {
        step = match step {
            Step::Run(job) => {
                cancel::run_as_current(job);
                in_a_row += 1;
                let is_many = in_a_row >= worker.shared.settings.many;
                let coming = if is_many { Coming::BackFromMany } else { Coming::Back };
                worker.next(coming, Instant::now())
            }
            Step::Linger(now) => worker.linger(now),
            Step::Wait(deadline) => {
                in_a_row = 0;
                worker.wait(deadline)
            }
            Step::LookOut => worker.look_out(),
            Step::Retire(departure) => return departure.finish(),
        };
    }
}

impl Worker {
    fn begin(&self, role: Role) -> Step {
        let mut state = self.shared.lock();
        state.roster.move_in(self.seat, Arc::clone(&self.parker));
        state.policy.started();
        drop(state);
        self.called(role)
    }

    fn called(&self, role: Role) -> Step {
        match role {
            Role::Worker => self.next(Coming::Called, Instant::now()),
            Role::Lookout => Step::LookOut,
        }
    }

    /// Looks for a job. One critical section, and at most one call after it.
    fn next(&self, coming: Coming, now: Instant) -> Step {
        let mut state = self.shared.lock();
        let (ended, released) = self.report(&mut state);
        let step = match state.policy.next(coming) {
            Next::Take(call) => {
                let taken = self.take_job(&mut state, now);
                let errand = state.dispatch(call);
                drop(state);
                self.shared.carry_out_on_worker(errand);
                taken.announce_and_run()
            }
            Next::Linger => {
                drop(state);
                Step::Linger(now)
            }
            Next::Wait => self.sit_down(state, now),
            Next::Retire => self.retire(state),
        };
        // Outside the lock, which each of them has left.
        released.iter().for_each(|waiter| waiter.unpark());
        drop_catching(ended);
        step
    }

    /// Reports that this worker's job has ended, if it had one. Gives what is to be dropped, and
    /// who is to be unparked, outside the lock.
    #[inline]
    fn report(&self, state: &mut State) -> (Option<Running>, Vec<Arc<Parker>>) {
        let Some(running) = state.roster.end(self.seat) else { return (None, Vec::new()) };
        let ended = state.lanes.ended(running.job.lane());
        if ended.takeable_more {
            state.policy.release();
        }
        let released = state.take_waiters_if(ended.was_last_must);
        (Some(running), released)
    }

    fn take_job(&self, state: &mut State, now: Instant) -> Taken {
        let taken = state.lanes.pop().expect("the policy counts the jobs that can be taken");
        state.roster.begin(self.seat, Running { job: Arc::clone(&taken.job), since: now });
        taken
    }

    /// Lets others have the core for a moment, and looks again. If the submitter was waiting for
    /// it, there are more jobs then; if nobody was, the call returns at once. What it finds counts
    /// from before, which saves a look at the clock.
    fn linger(&self, now: Instant) -> Step {
        thread::yield_now();
        self.next(Coming::Called, now)
    }

    fn sit_down(&self, mut state: MutexGuard<'_, State>, now: Instant) -> Step {
        state.roster.push_idle(self.seat);
        drop(state);
        Step::Wait(now.checked_add(self.shared.settings.keep_alive))
    }

    /// Waits on the idle stack. The summons, which is under the lock, says whether it was called;
    /// the unpark only ends the sleep, and may come late or be left over from before.
    fn wait(&self, deadline: Option<Instant>) -> Step {
        loop {
            let unparked = self.parker.park(deadline);
            let mut state = self.shared.lock();
            if let Some(role) = state.roster.take_summons(self.seat) {
                drop(state);
                return self.called(role);
            }
            if unparked == Unparked::Expired {
                state.policy.retire();
                state.roster.leave_idle(self.seat);
                return self.retire(state);
            }
        }
    }

    /// Watches whether the queue moves, and lets the crew grow when it does not.
    fn look_out(&self) -> Step {
        let mut seen = None;
        loop {
            let now = Instant::now();
            let mut state = self.shared.lock();
            match state.policy.tick(seen) {
                Tick::WaitAgain(count) => {
                    drop(state);
                    seen = Some(count);
                }
                Tick::Grow { by, seen: count } => {
                    drop(state);
                    self.grow(by);
                    seen = Some(count);
                }
                Tick::Take => {
                    let taken = self.take_job(&mut state, now);
                    drop(state);
                    return taken.announce_and_run();
                }
                Tick::StandDown => return self.sit_down(state, now),
                Tick::Retire => return self.retire(state),
            }
            self.be_patient();
        }
    }

    fn grow(&self, by: usize) {
        for _ in 0..by {
            let mut state = self.shared.lock();
            let call = state.policy.grow();
            if call == Call::Nobody {
                return;
            }
            let errand = state.dispatch(call);
            drop(state);
            self.shared.carry_out_on_worker(errand);
        }
    }

    /// Sleeps for the whole time: nobody calls the lookout, so an unpark is left over from before.
    fn be_patient(&self) {
        let deadline = Instant::now().checked_add(PATIENCE);
        while self.parker.park(deadline) == Unparked::Notified {}
    }

    fn retire(&self, mut state: MutexGuard<'_, State>) -> Step {
        set_place(&self.shared, Place::Retired);
        let before = state.roster.vacate(self.seat);
        let waiters = state.take_released_waiters();
        Step::Retire(Departure { before, waiters })
    }
}

impl Taken {
    /// Tells who has got the place of the job, which runs next.
    #[inline]
    fn announce_and_run(self) -> Step {
        announce(self.admission);
        Step::Run(self.job)
    }
}

impl Departure {
    fn finish(self) {
        self.waiters.iter().for_each(|waiter| waiter.unpark());
        join_all(self.before);
    }
}

/// Joins threads that have retired.
///
/// # Blocking
/// For as long as their thread-locals take to be destroyed.
pub(crate) fn join_all(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A worker's thread lets no panic out, so there is nothing in the result.
        drop_catching(thread.join());
    }
}
