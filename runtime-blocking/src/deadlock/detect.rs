//! A job that blocks on another job of its own pool.
//!
//! 1. The worker's thread is [watched](runtime_core::watch): before it sleeps for one job alone, it
//!    says so here. If that job waits or runs in this pool, it is noted in the worker's seat, until
//!    the thread is awake again. A job that is not found has ended, and the wake is on its way.
//! 2. In the same critical section the [rule](crate::deadlock::wait_graph) is asked whether this worker can
//!    go on. Nothing that happens later takes the hope from somebody who had some: who ends a job
//!    takes the next; who takes one goes on, until it says otherwise itself; the idle and the
//!    lookout are there while jobs wait. But for one thing: a thread that was on the way and could
//!    not be started. Who learns of that asks for everybody.
//! 3. Who cannot go on gets an error: the job at the end of what it waits for is taken out of its
//!    queue and refused, and whoever waits for that is awake. If it is for want of a thread and
//!    there may be one more, although the system has refused one before, that is tried first.
//!
//! What is taken out under the lock is neither run nor cancelled by anybody else; and a job that is
//! being run, or is ending, counts as running until its worker comes back. So no job is refused
//! that somebody was about to run.

use std::sync::Arc;

use runtime_core::join::JoinError;
use runtime_core::metadata::Id;
use runtime_core::watch::{Awaited, Watch};

use crate::deadlock::wait_graph::{Awaits, Lack, Runner, Scene, Standstill, Stuck};
use crate::job::closure::{Job, Place as JobPlace};
use crate::pool::shared::{Departed, Shared, State};
use crate::queue::lanes::{Admission, announce};
use crate::worker::lifecycle::{Place, current_place};
use crate::worker::policy::Call;
use crate::worker::table::SeatId;

/// Watches one worker's thread for its pool.
pub(crate) struct Seated {
    pub(crate) shared: Arc<Shared>,
    pub(crate) seat: SeatId,
}

impl Watch for Seated {
    fn falls_asleep(&self, job: Awaited) {
        if job.pool == self.shared.pool_number() && self.is_at_work() {
            self.shared.note_wait(self.seat, job.id);
        }
    }

    fn wakes_up(&self) {
        if self.is_at_work() {
            // Its last reference may be this one, so it is dropped outside the lock.
            let awaited = self.shared.lock().roster.stop_awaiting(self.seat);
            drop(awaited);
        }
    }
}

impl Seated {
    /// A destructor may still block when the worker has retired, and given up its seat.
    fn is_at_work(&self) -> bool {
        current_place(&self.shared) == Place::Inside(self.seat)
    }
}

/// A job that was taken out because nobody would have run it.
struct Refused {
    job: Arc<dyn Job>,
    /// If it stood in line: what tells that it does so no more.
    admission: Option<Admission>,
    departed: Departed,
    why: Standstill,
}

impl Refused {
    /// Outside the lock: the closure is dropped here.
    fn tell(self) {
        let Refused { job, admission, departed, why } = self;
        job.discard(JoinError::refused(job.metadata().clone(), Box::new(why)));
        announce(admission);
        departed.tell();
    }
}

impl Shared {
    /// Steps 1 to 3, for a worker that is about to sleep.
    fn note_wait(self: &Arc<Self>, seat: SeatId, id: Id) {
        let mut state = self.lock();
        let Some(job) = state.find(id) else { return };
        let displaced = state.roster.start_awaiting(seat, job);
        let Some(stuck) = state.stuck(seat) else {
            drop(state);
            return drop(displaced);
        };
        let call = match stuck.1.lack {
            Lack::Threads => state.policy.call_at_last(),
            Lack::Places(_) => Call::Nobody,
        };
        if call == Call::Nobody {
            let refused = self.refuse(&mut state, &stuck);
            drop(state);
            refused.tell();
        } else {
            // If it fails, `refuse_the_hopeless` follows there.
            let errand = state.dispatch(call);
            drop(state);
            self.carry_out_on_worker(errand);
        }
        drop(displaced);
    }

    /// Step 3, for all that wait, when a thread on which they hoped has not come.
    #[cold]
    pub(crate) fn refuse_the_hopeless(&self) {
        loop {
            let mut state = self.lock();
            let mut waiting = state.roster.awaiting().into_iter();
            let Some(stuck) = waiting.find_map(|seat| state.stuck(seat)) else { return };
            let refused = self.refuse(&mut state, &stuck);
            drop(state);
            refused.tell();
        }
    }

    fn refuse(&self, state: &mut State, (scene, stuck): &(Scene, Stuck)) -> Refused {
        let (last, _) =
            state.roster.running().nth(stuck.last).expect("the scene is of this moment");
        let job = state.roster.awaited(last).cloned().expect("it waits for a job");
        let admission = state.lanes.take_admission(&*job);
        let departed = state.withdraw_job(&*job).expect("that waits to be run");
        let lane = match stuck.lack {
            Lack::Threads => None,
            Lack::Places(lane) => Some(lane),
        };
        let runners = state.roster.running().zip(&scene.runners);
        let waiting = runners
            .filter(|(_, runner)| runner.awaits != Awaits::Nothing)
            .filter(|(_, runner)| lane.is_none_or(|lane| runner.lane == lane))
            .map(|((_, running), _)| running.job.metadata().clone());
        let waiting = waiting.collect();
        let lane = lane.map(|lane| state.lanes.name(lane));
        let why = Standstill { pool: self.settings.thread_name.clone(), lane, waiting };
        Refused { job, admission, departed, why }
    }
}

impl State {
    /// A job that runs or waits.
    fn find(&self, id: Id) -> Option<Arc<dyn Job>> {
        let mut running = self.roster.running();
        let running = running.find(|(_, running)| running.job.metadata().id() == id);
        let running = running.map(|(_, running)| Arc::clone(&running.job));
        running.or_else(|| self.lanes.find(id))
    }

    /// Whether the worker on this seat, which waits, cannot go on; with the scene of that.
    fn stuck(&self, seat: SeatId) -> Option<(Scene, Stuck)> {
        let awaited = self.roster.awaited(seat)?;
        let waits_to_be_run = awaited.place() != JobPlace::Out;
        if waits_to_be_run && self.lanes.has_place(awaited.lane()) && self.policy.is_anybody_free()
        {
            return None;
        }
        let scene = self.scene();
        let runner = self.roster.running().position(|(other, _)| other == seat)?;
        let stuck = scene.stuck(runner)?;
        Some((scene, stuck))
    }

    fn scene(&self) -> Scene {
        let awaits = |awaited: &Arc<dyn Job>| {
            if awaited.place() != JobPlace::Out {
                return Awaits::Waiting(awaited.lane());
            }
            let mut running = self.roster.running();
            let runs = running.position(|(_, running)| is_same(&running.job, awaited));
            runs.map_or(Awaits::Nothing, Awaits::Runner)
        };
        let runner = |(seat, running): (SeatId, &crate::worker::table::Running)| Runner {
            lane: running.job.lane(),
            awaits: self.roster.awaited(seat).map_or(Awaits::Nothing, awaits),
        };
        Scene {
            runners: self.roster.running().map(runner).collect(),
            full: self.lanes.ids().filter(|&id| !self.lanes.has_place(id)).collect(),
            has_thread: self.policy.is_anybody_free(),
        }
    }
}

fn is_same(one: &Arc<dyn Job>, other: &Arc<dyn Job>) -> bool {
    one.metadata().id() == other.metadata().id()
}
