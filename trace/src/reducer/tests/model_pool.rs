//! The pool of the model. Each step of it is one critical section of the pool's lock.

use runtime_core::metadata::{Id, Metadata};
use runtime_core::record::event::Event;

use super::model::{LOOP, Model, WakeStep};

const THREADS_MAX: usize = 3;

/// A worker of the model.
#[derive(Clone, Debug)]
pub(super) struct ModelWorker {
    pub(super) thread: u64,
    pub(super) wake: WakeStep,
    pub(super) step: WorkerStep,
    is_for_monitor: bool,
}

/// The next step of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerStep {
    Starting,
    Assigned,
    /// Runs a job, for which a task waits.
    Running(Id, u64),
    /// The closure has ended, and the task is being woken.
    Ending(Id),
    Idle,
    Monitor,
}

impl Model {
    /// A task submits a job.
    pub(super) fn submit(&mut self, key: u64) {
        if self.is_pool_closed {
            return;
        }
        let metadata = Metadata::here();
        self.queue.push_back((metadata.id(), key));
        self.record(LOOP, Event::JobQueued { metadata });
        self.dispatch(LOOP);
    }

    /// Wakes or starts a worker, or does nothing.
    fn dispatch(&mut self, thread: u64) {
        let is_for_monitor = !self.monitor && self.pick(3) == 0;
        let idle = self.workers.iter().find(|(_, worker)| worker.step == WorkerStep::Idle);
        if let Some(row) = idle.map(|(&row, _)| row) {
            self.monitor |= is_for_monitor;
            self.assign(row, is_for_monitor, thread);
        } else if self.workers.len() < THREADS_MAX && self.pick(2) == 0 {
            let row = (0..).find(|row| !self.workers.contains_key(row)).expect("one is free");
            self.record(thread, Event::WorkerReserved { worker: row });
            if self.pick(8) == 0 {
                return self.record(thread, Event::WorkerRefused { worker: row });
            }
            self.monitor |= is_for_monitor;
            self.next_thread += 1;
            let (step, wake) = (WorkerStep::Starting, WakeStep::Nothing);
            let worker = ModelWorker { thread: self.next_thread, wake, step, is_for_monitor };
            self.workers.insert(row, worker);
        }
    }

    fn assign(&mut self, row: u32, is_for_monitor: bool, thread: u64) {
        if let Some(worker) = self.workers.get_mut(&row) {
            (worker.step, worker.is_for_monitor) = (WorkerStep::Assigned, is_for_monitor);
        }
        self.record(thread, Event::WorkerAssigned { worker: row });
    }

    pub(super) fn cancel_job(&mut self) {
        let Some(&(job, _)) = self.queue.front() else { return };
        self.record(LOOP, Event::CancelRequested { job });
        if self.pick(2) == 0 {
            self.queue.pop_front();
            self.record(LOOP, Event::JobDiscarded { job });
        }
    }

    pub(super) fn close_pool(&mut self) {
        self.is_pool_closed = true;
        self.record(LOOP, Event::PoolClosed);
        for row in self.workers.keys().copied().collect::<Vec<_>>() {
            if self.workers[&row].step == WorkerStep::Idle {
                self.assign(row, false, LOOP);
            }
        }
        let running = self.busy();
        self.record(LOOP, Event::ShutdownWaits { running });
        while let Some((job, _)) = self.queue.pop_front() {
            self.record(LOOP, Event::JobDiscarded { job });
        }
        let running = self.busy();
        self.record(LOOP, Event::ShutdownEnded { running });
    }

    pub(super) fn busy(&self) -> u32 {
        let is_busy = |worker: &&ModelWorker| {
            matches!(worker.step, WorkerStep::Running(..) | WorkerStep::Ending(_))
        };
        self.workers.values().filter(is_busy).count() as u32
    }

    pub(super) fn worker_step(&mut self) {
        let rows: Vec<u32> = self.workers.keys().copied().collect();
        let index = self.pick(rows.len());
        let Some(&row) = rows.get(index) else { return };
        let mut worker = self.workers[&row].clone();
        if worker.wake != WakeStep::Nothing {
            worker.wake = self.go_on(worker.thread, worker.wake);
            self.workers.insert(row, worker);
            return;
        }
        match worker.step {
            WorkerStep::Starting => {
                self.record(worker.thread, Event::WorkerStarted { worker: row });
                self.begin_as(row, &worker);
            }
            WorkerStep::Assigned => self.begin_as(row, &worker),
            WorkerStep::Running(job, key) => {
                if self.pick(3) > 0 {
                    worker.wake = self.begin_wake(key);
                }
                worker.step = WorkerStep::Ending(job);
                self.workers.insert(row, worker);
            }
            WorkerStep::Ending(job) => {
                self.record(worker.thread, Event::JobEnded { job, worker: row });
                self.next(row, &worker);
            }
            WorkerStep::Idle => {
                if self.pick(8) == 0 {
                    self.retire(row, &worker);
                }
            }
            WorkerStep::Monitor => self.watch(row, &worker),
        }
    }

    fn begin_as(&mut self, row: u32, worker: &ModelWorker) {
        if !worker.is_for_monitor {
            return self.next(row, worker);
        }
        self.record(worker.thread, Event::MonitorBegan { worker: row });
        let step = WorkerStep::Monitor;
        self.workers.insert(row, ModelWorker { step, is_for_monitor: false, ..worker.clone() });
    }

    fn watch(&mut self, row: u32, worker: &ModelWorker) {
        if self.pick(2) == 0 {
            self.record(worker.thread, Event::PoolGrew { by: 1 });
            return self.dispatch(worker.thread);
        }
        self.monitor = false;
        self.record(worker.thread, Event::MonitorEnded { worker: row });
        self.next(row, worker);
    }

    /// A worker takes a job, waits, or retires.
    fn next(&mut self, row: u32, worker: &ModelWorker) {
        let step = if let Some((job, key)) = self.queue.pop_front() {
            self.record(worker.thread, Event::JobTaken { job, worker: row });
            WorkerStep::Running(job, key)
        } else if self.is_pool_closed {
            return self.retire(row, worker);
        } else {
            WorkerStep::Idle
        };
        self.workers.insert(row, ModelWorker { step, ..worker.clone() });
        if step == WorkerStep::Idle {
            self.record(worker.thread, Event::WorkerIdle { worker: row });
            let idle = self.workers.values().filter(|worker| worker.step == WorkerStep::Idle);
            let (idle, busy) = (idle.count() as u32, self.busy());
            let (threads, queued) = (self.workers.len() as u32, self.queue.len() as u32);
            self.record(worker.thread, Event::PoolCounts { threads, idle, busy, queued });
        }
    }

    fn retire(&mut self, row: u32, worker: &ModelWorker) {
        self.workers.remove(&row);
        self.record(worker.thread, Event::WorkerRetired { worker: row });
    }
}
