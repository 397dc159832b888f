//! The jobs that wait or run, with the tasks that await them, for lists of tasks.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use runtime_core::awaiter::AwaiterCell;
use runtime_core::catch_panic::drop_catching;
use runtime_core::metadata::Metadata;
use runtime_core::task_list::{JobStage, Wait};

use crate::job::closure::Job;
use crate::pool::handle::Pool;
use crate::pool::shared::PoolState;
use crate::queue::permit::Permit;

/// A job, or the permit of a job that is not accepted yet.
enum ListedJob {
    Accepted(Arc<dyn Job>),
    Behind(Metadata, Permit),
}

impl Pool {
    /// Visits the wakers of the tasks that await jobs of this pool: see
    /// [`AwaiterCell::visit_awaiter`]. Costs one lock, and one lock for each job.
    ///
    /// In a forked child, the pool's lock may be held for ever. In that case no job is visited.
    #[doc(hidden)]
    pub fn visit_awaiters(&self, visit: &mut dyn FnMut(Wait, &mut Waker)) {
        let Ok(state) = self.main_lane().owner().shared().lock_checked() else { return };
        let jobs = state.awaited_jobs(Instant::now());
        drop(state);
        for (job, stage) in &jobs {
            let (metadata, cell): (_, &dyn AwaiterCell) = match job {
                ListedJob::Accepted(job) => (job.metadata(), &**job),
                ListedJob::Behind(metadata, permit) => (metadata, &**permit),
            };
            cell.visit_awaiter(&mut |waker| {
                visit(Wait::Job { job: metadata.clone(), stage: *stage }, waker);
            });
        }
        // The last reference to a job may be this one.
        jobs.into_iter().for_each(drop_catching);
    }
}

impl PoolState {
    fn awaited_jobs(&self, now: Instant) -> Vec<(ListedJob, JobStage)> {
        let mut jobs = Vec::new();
        for (_, running) in self.workers.running() {
            let stage = JobStage::Running { since: now.saturating_duration_since(running.since) };
            jobs.push((ListedJob::Accepted(Arc::clone(&running.job)), stage));
        }
        for (_, lane) in self.queue.lanes() {
            for (ahead, (job, permit)) in lane.iter().enumerate() {
                let stage = JobStage::Queued { ahead };
                jobs.push((ListedJob::Accepted(Arc::clone(job)), stage));
                if let Some(permit) = permit {
                    let behind = ListedJob::Behind(job.metadata().clone(), Arc::clone(permit));
                    jobs.push((behind, JobStage::BehindFullQueue));
                }
            }
        }
        jobs
    }
}
