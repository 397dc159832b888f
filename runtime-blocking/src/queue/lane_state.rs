//! One lane of the job queue: its limits, its queue, and the wait list behind its queue.

use std::borrow::Cow;

use runtime_core::completion::Completion;
use std::sync::Arc;

use crate::job::closure::Job;
use crate::queue::job_list::{JobList, WaitingJob};
use crate::queue::lane_config::LaneConfig;
use crate::queue::permit::{Permit, WhenFull};
use crate::queue::ticket::Ticket;

/// One of the two lists of a lane in which jobs wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitStage {
    /// The queue.
    Queue,
    /// The list of jobs for which the queue has no room.
    WaitList,
}

/// A lane and its jobs. *Guarded by* the pool's lock.
pub(crate) struct LaneState {
    pub(crate) config: LaneConfig,
    pub(crate) queue: JobList<()>,
    /// The jobs for which the queue has no room, each with the permit for which its submitter
    /// waits, if it does.
    pub(crate) wait_list: JobList<Option<Permit>>,
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

    /// Returns whether the lane's first job may run now.
    pub(crate) fn may_run(&self) -> bool {
        self.queue.len() > 0 && self.vacancies() > 0
    }

    /// The rank of the lane's first job. The job of lowest rank of all lanes runs next.
    pub(crate) fn rank(&self) -> Option<u64> {
        Some(self.queue.first()?.0 + self.config.priority.penalty())
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

    /// Appends a job, which has its ticket, to the list of its stage.
    #[inline]
    pub(crate) fn push(&mut self, stage: WaitStage, job: Arc<dyn Job>, permit: Option<Permit>) {
        match stage {
            WaitStage::Queue => self.queue.push(job, ()),
            WaitStage::WaitList => self.wait_list.push(job, permit),
        }
    }

    /// The waiting jobs, in the order in which they will run, each with its permit.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<dyn Job>, Option<&Permit>)> {
        let queued = self.queue.iter().map(|(job, ())| (job, None));
        queued.chain(self.wait_list.iter().map(|(job, permit)| (job, permit.as_ref())))
    }

    /// Returns the waiting job with this ticket.
    pub(crate) fn get(&self, ticket: Ticket) -> Option<&Arc<dyn Job>> {
        self.queue.get(ticket).or_else(|| self.wait_list.get(ticket))
    }

    /// Removes the waiting job with this ticket. The caller [admits](LaneState::admit) another.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<WaitingJob> {
        if let Some((job, ())) = self.queue.remove(ticket) {
            return Some(WaitingJob { job, permit: None });
        }
        let (job, permit) = self.wait_list.remove(ticket)?;
        Some(WaitingJob { job, permit })
    }

    /// Moves all waiting jobs into `drained`.
    pub(crate) fn drain_into(&mut self, drained: &mut Vec<WaitingJob>) {
        while let Some((job, ())) = self.queue.pop() {
            drained.push(WaitingJob { job, permit: None });
        }
        while let Some((job, permit)) = self.wait_list.pop() {
            drained.push(WaitingJob { job, permit });
        }
    }

    /// Moves the first job of the wait list into the queue, if there is one and there is room.
    /// The caller [grants](crate::queue::permit::grant) the permit.
    #[inline]
    pub(crate) fn admit(&mut self) -> Option<Permit> {
        if self.wait_list.len() == 0 || self.queue.len() >= self.config.queue_max {
            return None;
        }
        let (job, permit) = self.wait_list.pop()?;
        self.queue.push(job, ());
        permit
    }
}

/// Makes the permit of a new job, if its submitter waits for one.
#[inline]
pub(crate) fn permit_for_new(
    job: &dyn Job,
    stage: WaitStage,
    when_full: WhenFull,
) -> Option<Permit> {
    let is_awaited = stage == WaitStage::WaitList && when_full == WhenFull::WaitForPermit;
    is_awaited.then(|| Arc::new(Completion::new(job.metadata().clone(), None)))
}
