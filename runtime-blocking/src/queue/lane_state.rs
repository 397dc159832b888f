//! One lane of the job queue: its limits, its queue, and the wait list behind its queue.

use std::borrow::Cow;

use runtime_core::completion::Completion;
use runtime_core::metadata::Metadata;
use std::sync::Arc;

use crate::queue::job_list::{JobList, WaitStage, WaitingJobs};
use crate::queue::lane_config::LaneConfig;
use crate::queue::permit::{Permit, WhenFull};

/// A lane and its jobs. *Guarded by* the pool's lock.
pub(crate) struct LaneState {
    pub(crate) config: LaneConfig,
    pub(crate) queue: JobList,
    /// The jobs for which the queue has no room.
    pub(crate) wait_list: JobList,
    pub(crate) running: usize,
    pub(crate) completed: u64,
    /// True while the lane has a handle. Without a handle, the lane is removed when its last job
    /// has ended.
    pub(crate) has_handle: bool,
}

impl LaneState {
    pub(crate) fn new(config: LaneConfig) -> LaneState {
        LaneState {
            config,
            queue: JobList::new(),
            wait_list: JobList::new(),
            running: 0,
            completed: 0,
            has_handle: true,
        }
    }

    pub(crate) fn name(&self) -> Cow<'static, str> {
        self.config.name.clone()
    }

    /// The number of jobs that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len() + self.wait_list.len()
    }

    /// The number of further jobs that the lane's limit lets run now.
    pub(crate) fn vacancies(&self) -> usize {
        self.config.running_max - self.running
    }

    /// The number of waiting jobs that could run now if there were enough threads.
    pub(crate) fn takeable(&self) -> usize {
        self.waiting().min(self.vacancies())
    }

    /// The number of jobs that wait or run.
    pub(crate) fn jobs(&self) -> usize {
        self.waiting() + self.running
    }

    /// Returns whether the lane can be removed.
    pub(crate) fn is_over(&self) -> bool {
        !self.has_handle && self.jobs() == 0
    }

    /// The rank of the lane's first job; `None` if the lane has no job that may run. The job of
    /// lowest rank of all lanes runs next.
    pub(crate) fn rank(&self, jobs: &WaitingJobs) -> Option<u64> {
        if self.vacancies() == 0 {
            return None;
        }
        Some(jobs.get(self.queue.first())?.ticket + self.config.priority.penalty())
    }

    /// Decides where a new job waits. Returns `None` if the job is handed back.
    pub(crate) fn stage_for_new(&self, when_full: WhenFull) -> Option<WaitStage> {
        if self.queue.len() < self.config.queue_max {
            Some(WaitStage::Queue)
        } else if when_full == WhenFull::HandBack {
            None
        } else {
            Some(WaitStage::WaitList)
        }
    }

    /// Returns the list that holds the jobs of this stage.
    pub(crate) fn list(&mut self, stage: WaitStage) -> &mut JobList {
        match stage {
            WaitStage::Queue => &mut self.queue,
            WaitStage::WaitList => &mut self.wait_list,
        }
    }

    /// Moves the first job of the wait list into the queue, if there is one and there is room.
    /// The caller [grants](crate::queue::permit::grant) the permit.
    #[inline]
    pub(crate) fn admit(&mut self, jobs: &mut WaitingJobs) -> Option<Permit> {
        if self.wait_list.len() == 0 || self.queue.len() >= self.config.queue_max {
            return None;
        }
        let admitted = self.wait_list.move_first(jobs, &mut self.queue)?;
        admitted.stage = WaitStage::Queue;
        admitted.permit.take()
    }
}

/// Makes the permit of a new job, if its submitter waits for one.
pub(crate) fn permit_for_new(
    metadata: &Metadata,
    stage: WaitStage,
    when_full: WhenFull,
) -> Option<Permit> {
    let is_awaited = stage == WaitStage::WaitList && when_full == WhenFull::WaitForPermit;
    is_awaited.then(|| Arc::new(Completion::new(metadata.clone(), None)))
}
