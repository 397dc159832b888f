//! Detecting that a worker would wait for ever, and refusing a job so that the worker continues.
//!
//! - D1. A worker's thread is about to sleep until one job ends. The worker notes this in the [wait
//!   table](crate::deadlock::wait_table). Nothing is noted if the awaited job is neither queued nor
//!   running in this pool: it has ended and its wake-up is on the way, or it belongs to another
//!   pool.
//! - D2. In the same critical section the worker asks the [rule](crate::deadlock::wait_graph)
//!   whether the job that it runs can proceed. If that job can proceed, no later event prevents it:
//!   a worker that ends a job takes the next job; a running job proceeds until it notes a wait of
//!   its own; idle workers and the monitor stay while jobs are queued. There is one exception: a
//!   dispatched thread may fail to start. The thread that tried to start the dispatched thread then
//!   asks the rule again, for all waiting workers.
//! - D3. If the job cannot proceed, the queued job at the end of the chain of waits is removed from
//!   the queue and refused, which wakes the worker that waits for it. If threads are short and
//!   `threads_max` allows another thread, the pool first tries to start one, even if the system
//!   refused a start before.
//!
//! A job that was removed under the lock can no longer be run or cancelled by another thread. A job
//! counts as running until its worker looks for the next job. So a job that a thread is about to
//! run is never refused.

use std::sync::Arc;

use runtime_core::join::JoinError;

use crate::deadlock::deadlock_error::Deadlock;
use crate::deadlock::wait_graph::{Blockage, Runner, Shortage, WaitGraph, WaitsOn};
use crate::deadlock::wait_tracking::AwaitedJob;
use crate::pool::removal::Removal;
use crate::pool::shared::{PoolShared, PoolState};
use crate::queue::job_list::WaitingJob;
use crate::queue::permit::grant;
use crate::worker::current::WorkerId;
use crate::worker::policy::Dispatch;

/// A job that was removed because no thread would ever have run it.
#[must_use]
struct Refusal {
    removal: Removal,
    why: Deadlock,
}

impl Refusal {
    /// Completes the job's cell. Call this outside the lock, because the closure is dropped here.
    fn finish(self) {
        let WaitingJob { job, permit, .. } = self.removal.finish();
        job.discard(JoinError::refused(job.metadata().clone(), Box::new(self.why)));
        grant(permit);
    }
}

/// D1 to D3, for a worker that is about to sleep.
pub(crate) fn start_waiting(shared: &Arc<PoolShared>, worker: WorkerId, job: AwaitedJob) {
    let mut state = shared.lock();
    if waits_on(&state, job) == WaitsOn::Nothing {
        return;
    }
    state.waits.start(worker, job);
    let Some((graph, blockage)) = blockage(&state, worker) else { return };
    let dispatch = match blockage.shortage {
        Shortage::Threads => state.policy.dispatch_against_deadlock(),
        Shortage::Lane(_) => Dispatch::Nothing,
    };
    if dispatch == Dispatch::Nothing {
        let refusal = refuse(shared, &mut state, &graph, blockage);
        drop(state);
        refusal.finish();
    } else {
        // If the thread cannot be started, the function that starts it calls `refuse_deadlocked`.
        let assignment = state.assign(dispatch);
        drop(state);
        shared.carry_out_on_worker(assignment);
    }
}

/// D3, for all waiting workers, after the thread for their awaited jobs could not be started.
#[cold]
pub(crate) fn refuse_deadlocked(shared: &PoolShared) {
    loop {
        let mut state = shared.lock();
        let found = state.waits.workers().find_map(|worker| blockage(&state, worker));
        let Some((graph, blockage)) = found else { return };
        let refusal = refuse(shared, &mut state, &graph, blockage);
        drop(state);
        refusal.finish();
    }
}

/// Removes the job for which the last runner of the chain waits.
fn refuse(
    shared: &PoolShared,
    state: &mut PoolState,
    graph: &WaitGraph,
    Blockage { last, shortage }: Blockage,
) -> Refusal {
    let lane = match shortage {
        Shortage::Threads => None,
        Shortage::Lane(lane) => Some(lane),
    };
    let runners = state.workers.running().zip(&graph.runners);
    let waiting = runners
        .filter(|(_, runner)| runner.waits_on != WaitsOn::Nothing)
        .filter(|(_, runner)| lane.is_none_or(|lane| runner.lane == lane))
        .map(|((_, running), _)| running.job.metadata().clone());
    let why = Deadlock {
        pool: shared.settings.thread_name.clone(),
        waiting: waiting.collect(),
        lane: lane.map(|lane| state.queue.lane(lane).name()),
    };
    let (last, _) = state.workers.running().nth(last).expect("the graph shows the running jobs");
    let job = state.waits.awaited(last).expect("the last runner waits for a job");
    let removal = state.remove_job(job.ticket).expect("and that job is queued");
    Refusal { removal, why }
}

/// Returns the reason why the job of a waiting worker cannot proceed; `None` if it can.
fn blockage(state: &PoolState, worker: WorkerId) -> Option<(WaitGraph, Blockage)> {
    let awaited = state.waits.awaited(worker)?;
    // Usually a free thread will run the awaited job, and then no graph is needed.
    if let WaitsOn::Queued(lane) = waits_on(state, awaited)
        && state.queue.lane(lane).vacancies() > 0
        && state.policy.has_free_thread()
    {
        return None;
    }
    let runner = state.workers.running().position(|(other, _)| other == worker)?;
    let graph = graph(state);
    let blockage = graph.blockage(runner)?;
    Some((graph, blockage))
}

fn graph(state: &PoolState) -> WaitGraph {
    let runners = state.workers.running().map(|(worker, running)| Runner {
        lane: running.lane,
        waits_on: state.waits.awaited(worker).map_or(WaitsOn::Nothing, |job| waits_on(state, job)),
    });
    let lanes = state.queue.lanes().filter(|(_, lane)| lane.vacancies() == 0);
    WaitGraph {
        runners: runners.collect(),
        full: lanes.map(|(id, _)| id).collect(),
        has_thread: state.policy.has_free_thread(),
    }
}

/// Returns where an awaited job is: in the queue, on a worker, or neither. A job that has ended or
/// belongs to another pool is in neither place.
fn waits_on(state: &PoolState, awaited: AwaitedJob) -> WaitsOn {
    if let Some((lane, job)) = state.queue.find(awaited.ticket)
        && job.metadata().id() == awaited.id
    {
        return WaitsOn::Queued(lane);
    }
    let mut running = state.workers.running();
    let runner = running.position(|(_, running)| running.job.metadata().id() == awaited.id);
    runner.map_or(WaitsOn::Nothing, WaitsOn::Runner)
}
