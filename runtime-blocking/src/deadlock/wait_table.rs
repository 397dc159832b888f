//! The jobs for which the workers of a pool wait.

use std::collections::BTreeMap;

use crate::deadlock::wait_tracking::AwaitedJob;
use crate::worker::current::WorkerId;

/// The workers that wait for a job and can be woken only by the end of that job. *Guarded by* the
/// pool's lock.
#[derive(Default)]
pub(crate) struct WaitTable(BTreeMap<WorkerId, AwaitedJob>);

impl WaitTable {
    /// Notes that a worker waits for `job`.
    pub(crate) fn start(&mut self, worker: WorkerId, job: AwaitedJob) {
        self.0.insert(worker, job);
    }

    /// Notes that a worker waits no longer.
    pub(crate) fn stop(&mut self, worker: WorkerId) {
        self.0.remove(&worker);
    }

    /// The job that a worker waits for.
    pub(crate) fn awaited(&self, worker: WorkerId) -> Option<AwaitedJob> {
        self.0.get(&worker).copied()
    }

    /// The workers that wait.
    pub(crate) fn workers(&self) -> impl Iterator<Item = WorkerId> {
        self.0.keys().copied()
    }
}
