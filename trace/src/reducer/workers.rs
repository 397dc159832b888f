//! The workers of a pool, its counts, and its shutdown.
//!
//! The pool records the events of its jobs and workers under its lock, so their order is the order
//! in which they took effect, and the rules are exact.

use std::collections::BTreeMap;

use runtime_core::metadata::Id;

use crate::reducer::change::{PoolWord, StateItem, StatePart};
use crate::reducer::step::Step;

/// A worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracedWorker {
    /// The activity of the worker.
    pub role: WorkerRole,
    /// The thread, once it runs.
    pub thread: Option<u64>,
    place: u64,
}

/// The activity of a worker: a worker has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerRole {
    /// Its thread is being started.
    Reserved,
    /// It looks for a job.
    Looking,
    /// It runs a job.
    Busy(Id),
    /// It waits on the idle stack.
    Idle,
    /// It has left the idle stack, and is being woken.
    Assigned,
    /// It watches whether the queue moves.
    Monitor,
}

/// The state of a pool's shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShutdownPhase {
    /// The pool accepts jobs.
    #[default]
    Open,
    /// The pool accepts no job any more.
    Closed,
    /// A shutdown waits until all workers have retired.
    Waits,
    /// A shutdown has ended.
    Ended {
        /// The number of jobs that still run.
        running: u32,
    },
}

/// The workers of a pool, its counts, and its shutdown.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkerRows {
    rows: BTreeMap<u32, TracedWorker>,
    next_place: u64,
    pub(crate) shutdown: ShutdownPhase,
}

const THREADS: StateItem = StateItem::Pool(PoolWord::Threads);
const RUNNING: StateItem = StateItem::Pool(PoolWord::Running);
const SHUTDOWN: StateItem = StateItem::Pool(PoolWord::Shutdown);

/// A sample of the pool's own counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolSample {
    pub(crate) threads: u32,
    pub(crate) idle: u32,
    pub(crate) busy: u32,
    pub(crate) queued: u32,
}

impl WorkerRows {
    pub(crate) fn get(&self, worker: u32) -> Option<&TracedWorker> {
        self.rows.get(&worker)
    }

    /// The workers in the order in which their rows were reserved.
    pub(crate) fn iter(&self) -> Vec<u32> {
        let mut rows: Vec<_> = self.rows.iter().map(|(&row, worker)| (worker.place, row)).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// The number of workers from their reservation to their retirement.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn count(&self, is_meant: impl Fn(WorkerRole) -> bool) -> usize {
        self.rows.values().filter(|worker| is_meant(worker.role)).count()
    }

    pub(crate) fn running(&self) -> usize {
        self.count(|role| matches!(role, WorkerRole::Busy(_)))
    }

    /// The worker whose thread this is.
    pub(crate) fn of_thread(&self, thread: u64) -> Option<u32> {
        let mut rows = self.rows.iter();
        rows.find(|(_, worker)| worker.thread == Some(thread)).map(|(&row, _)| row)
    }

    fn insert(&mut self, worker: u32, role: WorkerRole, step: &mut Step<'_>) {
        self.next_place += 1;
        self.remove(worker, step);
        let traced = TracedWorker { role, thread: None, place: self.next_place };
        self.rows.insert(worker, traced);
        step.add(StatePart::Workers, StateItem::Worker(worker));
        step.put(StatePart::Pool, THREADS);
    }

    fn remove(&mut self, worker: u32, step: &mut Step<'_>) {
        if let Some(traced) = self.rows.remove(&worker) {
            step.remove(StatePart::Workers, StateItem::Worker(worker));
            step.put(StatePart::Pool, THREADS);
            if matches!(traced.role, WorkerRole::Busy(_)) {
                step.put(StatePart::Pool, RUNNING);
            }
        }
    }

    /// A worker takes another role, for which its role must be one of those that `from` accepts.
    fn change(
        &mut self,
        worker: u32,
        from: impl Fn(WorkerRole) -> bool,
        to: WorkerRole,
        act: &str,
        step: &mut Step<'_>,
    ) {
        match self.rows.get(&worker).map(|traced| traced.role) {
            None => {
                step.must_if_whole(false, || {
                    format!("worker {worker} {act}, but it has no thread")
                });
                self.insert(worker, to, step);
            }
            Some(role) => {
                let doing = role.in_words();
                step.must(from(role), || format!("worker {worker} {act}, but it {doing}"));
            }
        }
        let Some(traced) = self.rows.get_mut(&worker) else { return };
        let was_busy = matches!(traced.role, WorkerRole::Busy(_));
        traced.role = to;
        step.put(StatePart::Workers, StateItem::Worker(worker));
        if was_busy || matches!(to, WorkerRole::Busy(_)) {
            step.put(StatePart::Pool, RUNNING);
        }
    }

    /// The rule that an event is recorded by the worker's own thread.
    fn must_be_own(&mut self, worker: u32, act: &str, step: &mut Step<'_>) {
        let Some(traced) = self.rows.get_mut(&worker) else { return };
        let thread = *traced.thread.get_or_insert(step.thread);
        let own = step.thread;
        step.must(thread == own, || {
            format!("worker {worker} {act} on thread {own}, but it is thread {thread}")
        });
    }

    pub(crate) fn reserved(&mut self, worker: u32, step: &mut Step<'_>) {
        let is_free = !self.rows.contains_key(&worker);
        step.must(is_free, || format!("the row of worker {worker} is reserved a second time"));
        self.insert(worker, WorkerRole::Reserved, step);
    }

    pub(crate) fn refused(&mut self, worker: u32, step: &mut Step<'_>) {
        let role = self.rows.get(&worker).map(|worker| worker.role);
        step.must_if_whole(role == Some(WorkerRole::Reserved), || {
            format!("the thread of worker {worker} is refused, but none was started")
        });
        self.remove(worker, step);
    }

    pub(crate) fn started(&mut self, worker: u32, step: &mut Step<'_>) {
        let is_reserved = |role| role == WorkerRole::Reserved;
        self.change(worker, is_reserved, WorkerRole::Looking, "starts", step);
        self.must_be_own(worker, "starts", step);
    }

    pub(crate) fn job_taken(&mut self, worker: u32, job: Id, step: &mut Step<'_>) {
        let is_free = |role| matches!(role, WorkerRole::Looking | WorkerRole::Assigned);
        self.change(worker, is_free, WorkerRole::Busy(job), "takes a job", step);
        self.must_be_own(worker, "takes a job", step);
    }

    pub(crate) fn job_ended(&mut self, worker: u32, job: Id, step: &mut Step<'_>) {
        let runs_it = |role| role == WorkerRole::Busy(job);
        self.change(worker, runs_it, WorkerRole::Looking, "ends a job that it does not run", step);
        self.must_be_own(worker, "ends a job", step);
    }

    pub(crate) fn idle(&mut self, worker: u32, step: &mut Step<'_>) {
        let is_free = |role| matches!(role, WorkerRole::Looking | WorkerRole::Assigned);
        self.change(worker, is_free, WorkerRole::Idle, "becomes idle", step);
        self.must_be_own(worker, "becomes idle", step);
    }

    pub(crate) fn assigned(&mut self, worker: u32, step: &mut Step<'_>) {
        let is_idle = |role| role == WorkerRole::Idle;
        self.change(worker, is_idle, WorkerRole::Assigned, "is woken", step);
    }

    pub(crate) fn monitor_began(&mut self, worker: u32, step: &mut Step<'_>) {
        let monitors = self.count(|role| role == WorkerRole::Monitor);
        step.must(monitors == 0, || format!("worker {worker} is a second monitor"));
        let is_free = |role| matches!(role, WorkerRole::Looking | WorkerRole::Assigned);
        self.change(worker, is_free, WorkerRole::Monitor, "becomes the monitor", step);
        self.must_be_own(worker, "becomes the monitor", step);
    }

    pub(crate) fn monitor_ended(&mut self, worker: u32, step: &mut Step<'_>) {
        let is_monitor = |role| role == WorkerRole::Monitor;
        self.change(worker, is_monitor, WorkerRole::Looking, "ceases to be the monitor", step);
        self.must_be_own(worker, "ceases to be the monitor", step);
    }

    pub(crate) fn retired(&mut self, worker: u32, step: &mut Step<'_>) {
        let role = self.rows.get(&worker).map(|worker| worker.role);
        let may_retire = match role {
            Some(role) => {
                matches!(role, WorkerRole::Looking | WorkerRole::Idle | WorkerRole::Assigned)
            }
            None => !step.is_whole(),
        };
        step.must(may_retire, || {
            let doing = role.map_or("has no thread", WorkerRole::in_words);
            format!("worker {worker} retires, but it {doing}")
        });
        self.must_be_own(worker, "retires", step);
        self.remove(worker, step);
    }

    /// Compares the pool's own counts with those of the trace.
    pub(crate) fn must_agree(&self, sample: PoolSample, queued: usize, step: &mut Step<'_>) {
        let idle = self.count(|role| role == WorkerRole::Idle);
        let pairs = [
            ("threads", sample.threads, self.len()),
            ("idle workers", sample.idle, idle),
            ("running jobs", sample.busy, self.running()),
            ("queued jobs", sample.queued, queued),
        ];
        for (what, own, traced) in pairs {
            step.must_if_whole(own as usize == traced, || {
                format!("the pool counts {own} {what}, but the trace has {traced}")
            });
        }
    }

    // ---- the shutdown ----

    pub(crate) fn closed(&mut self, step: &mut Step<'_>) {
        let is_open = self.shutdown == ShutdownPhase::Open;
        step.must(is_open, || "the pool closes a second time".into());
        self.enter_shutdown(ShutdownPhase::Closed, step);
    }

    pub(crate) fn shutdown_goes_on(&mut self, phase: ShutdownPhase, step: &mut Step<'_>) {
        let is_closed = self.shutdown != ShutdownPhase::Open;
        step.must_if_whole(is_closed, || "a shutdown goes on before the pool is closed".into());
        self.enter_shutdown(phase, step);
    }

    fn enter_shutdown(&mut self, phase: ShutdownPhase, step: &mut Step<'_>) {
        self.shutdown = phase;
        step.put(StatePart::Pool, SHUTDOWN);
    }

    pub(crate) fn forget(&mut self, step: &mut Step<'_>) {
        for row in self.rows.keys().copied().collect::<Vec<_>>() {
            self.remove(row, step);
        }
        self.enter_shutdown(ShutdownPhase::Open, step);
    }
}

impl WorkerRole {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            WorkerRole::Reserved => "is being started",
            WorkerRole::Looking => "looks for a job",
            WorkerRole::Busy(_) => "runs a job",
            WorkerRole::Idle => "is idle",
            WorkerRole::Assigned => "is being woken",
            WorkerRole::Monitor => "is the monitor",
        }
    }
}
