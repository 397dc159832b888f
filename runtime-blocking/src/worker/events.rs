//! The steps of the pool that a trace records, each where it is made: under the pool's lock, so the
//! events of the pool are in the order of its lock.
//!
//! Without the feature `record`, nothing is left of the events.

use std::sync::Arc;

use runtime_core::metadata::Id;
use runtime_core::park::Parker;
use runtime_core::record::event::Event;

use crate::job::closure::Job;
use crate::pool::shared::{PoolShared, PoolState};
use crate::queue::job_list::WaitingJob;
use crate::queue::job_queue::{Popped, Pushed};
use crate::queue::lane_config::{LaneConfig, LaneId};
use crate::queue::permit::WhenFull;
use crate::worker::cores;
use crate::worker::current::WorkerId;
use crate::worker::policy::Role;
use crate::worker::table::CurrentJob;

/// Jobs.
impl PoolState {
    /// Appends a job to its lane. Returns `None` if the queue is full and the job is handed back.
    #[inline]
    pub(crate) fn push_job(
        &mut self,
        job: Arc<dyn Job>,
        lane: LaneId,
        when_full: WhenFull,
    ) -> Option<Pushed> {
        let pushed = self.queue.push(job, lane, when_full)?;
        self.recorder.record_if(|| {
            let (_, job) = self.queue.find(pushed.ticket)?;
            Some(Event::JobQueued { metadata: job.metadata().clone() })
        });
        Some(pushed)
    }

    /// Takes out the job that runs next.
    #[inline]
    pub(crate) fn pop_job(&mut self, worker: WorkerId) -> Option<Popped> {
        let popped = self.queue.pop()?;
        let job = || popped.job.metadata().id();
        self.recorder.record(|| Event::JobTaken { job: job(), worker: number(worker) });
        Some(popped)
    }

    /// Takes the job that the worker has ended, if any. The caller drops the job outside the lock.
    #[must_use]
    #[inline]
    pub(crate) fn end_job(&mut self, worker: WorkerId) -> Option<CurrentJob> {
        let ended = self.workers.end(worker)?;
        let job = || ended.job.metadata().id();
        self.recorder.record(|| Event::JobEnded { job: job(), worker: number(worker) });
        Some(ended)
    }

    /// Takes out all jobs of the lanes that `is_meant` selects, the oldest first.
    pub(crate) fn drain_jobs(&mut self, is_meant: fn(&LaneConfig) -> bool) -> Vec<WaitingJob> {
        let drained = self.queue.drain(is_meant);
        drained.iter().for_each(|waiting| self.record_discarded(waiting));
        drained
    }

    /// Notes that a job has left the queue without being run.
    pub(crate) fn record_discarded(&self, waiting: &WaitingJob) {
        self.recorder.record(|| Event::JobDiscarded { job: waiting.job.metadata().id() });
    }
}

/// Workers.
impl PoolState {
    /// Reserves the lowest free row for a worker whose thread is about to be started.
    pub(crate) fn reserve_worker(&mut self) -> WorkerId {
        let id = self.threads.reserve();
        self.recorder.record(|| Event::WorkerReserved { worker: number(id) });
        id
    }

    /// Releases the row of a worker whose thread could not be started.
    pub(crate) fn release_worker(&mut self, id: WorkerId) {
        self.recorder.record(|| Event::WorkerRefused { worker: number(id) });
        self.threads.release(id);
    }

    /// Adds a new worker, which sleeps on `parker`.
    pub(crate) fn add_worker(&mut self, id: WorkerId, parker: Arc<Parker>) {
        self.recorder.record(|| Event::WorkerStarted { worker: number(id) });
        self.workers.add(id, parker);
    }

    /// Clears the row of a worker that retires.
    pub(crate) fn clear_worker(&mut self, id: WorkerId) {
        self.recorder.record(|| Event::WorkerRetired { worker: number(id) });
        self.workers.clear(id);
    }

    /// Puts a worker on top of the idle stack.
    #[inline]
    pub(crate) fn push_idle(&mut self, id: WorkerId) {
        self.workers.push_idle(id);
        self.recorder.record(|| Event::WorkerIdle { worker: number(id) });
        self.record_counts();
    }

    /// Assigns a role to the idle worker on top. The caller unparks the worker outside the lock.
    #[inline]
    pub(crate) fn assign_idle(&mut self, role: Role) -> Option<Arc<Parker>> {
        let event = |&id: &WorkerId| Event::WorkerAssigned { worker: number(id) };
        self.recorder.record_if(|| self.workers.idle.last().map(event));
        self.workers.assign_idle(role)
    }

    /// Like [`assign_idle`](PoolState::assign_idle), for a worker that the policy has counted.
    #[inline]
    pub(crate) fn assign_counted(&mut self, role: Role) -> Arc<Parker> {
        self.waking_core = cores::current();
        match self.assign_idle(role) {
            Some(parker) => parker,
            None => unreachable!("the policy counts the idle workers"),
        }
    }

    /// Notes that a worker has begun to watch the queue.
    #[inline]
    pub(super) fn record_monitor(&self, id: WorkerId) {
        self.recorder.record(|| Event::MonitorBegan { worker: number(id) });
    }

    /// Notes that the monitor has become a worker again.
    #[inline]
    pub(super) fn record_monitor_end(&self, id: WorkerId) {
        self.recorder.record(|| Event::MonitorEnded { worker: number(id) });
    }

    /// Notes that the pool closes, unless it is closed already.
    pub(crate) fn record_close(&self) {
        let is_first = || !self.policy.is_closed();
        self.recorder.record_if(|| is_first().then_some(Event::PoolClosed));
    }

    /// Notes the counts, so that a trace can be checked against them.
    #[inline]
    pub(crate) fn record_counts(&self) {
        self.recorder.record(|| Event::PoolCounts {
            threads: count(self.policy.threads()),
            idle: count(self.policy.idle),
            busy: count(self.policy.busy),
            queued: count(self.queue.waiting().count()),
        });
    }
}

/// Requests, and the end of the pool.
impl PoolShared {
    /// Notes that a job was requested to stop.
    pub(crate) fn record_cancel(&self, job: Id) {
        self.settings.recorder.record(|| Event::CancelRequested { job });
    }

    /// Notes that the monitor adds workers.
    pub(super) fn record_growth(&self, by: usize) {
        self.settings.recorder.record(|| Event::PoolGrew { by: count(by) });
    }

    /// Notes that a shutdown waits.
    pub(crate) fn record_shutdown_wait(&self, state: &PoolState) {
        let running = || count(state.policy.busy);
        self.settings.recorder.record(|| Event::ShutdownWaits { running: running() });
    }

    /// Notes that a shutdown returns.
    pub(crate) fn record_shutdown_end(&self, running: usize) {
        self.settings.recorder.record(|| Event::ShutdownEnded { running: count(running) });
    }
}

fn number(worker: WorkerId) -> u32 {
    count(worker.row())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
