//! The jobs for which the workers of a pool wait.

use crate::deadlock::wait_tracking::AwaitedJob;
use crate::worker::current::WorkerId;

/// The workers that wait for a job and can be woken only by the end of that job. *Guarded by* the
/// pool's lock. Sorted by worker: few workers wait, and a tree map is ten times as much code.
#[derive(Default)]
pub(crate) struct WaitTable(Vec<(WorkerId, AwaitedJob)>);

impl WaitTable {
    /// Notes that a worker waits for `job`.
    pub(crate) fn start(&mut self, worker: WorkerId, job: AwaitedJob) {
        match self.find(worker) {
            Ok(place) => self.0[place].1 = job,
            Err(place) => self.0.insert(place, (worker, job)),
        }
    }

    /// Notes that a worker waits no longer.
    pub(crate) fn stop(&mut self, worker: WorkerId) {
        if let Ok(place) = self.find(worker) {
            self.0.remove(place);
        }
    }

    /// The job that a worker waits for.
    pub(crate) fn awaited(&self, worker: WorkerId) -> Option<AwaitedJob> {
        self.find(worker).ok().map(|place| self.0[place].1)
    }

    /// The workers that wait.
    pub(crate) fn workers(&self) -> impl Iterator<Item = WorkerId> {
        self.0.iter().map(|(worker, _)| *worker)
    }

    /// Returns the place of a worker, or the place at which to insert it.
    fn find(&self, worker: WorkerId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&worker, |(waiting, _)| *waiting)
    }
}
