//! The jobs of a pool.

use std::collections::HashMap;
use std::time::Duration;

use runtime_core::metadata::{Id, Metadata};

use crate::reducer::change::{StateItem, StatePart};
use crate::reducer::ordered::OrderedItems;
use crate::reducer::step::Step;

/// A job.
#[derive(Clone, Debug)]
pub struct TracedJob {
    /// Number, name and location. `None` if the submit was lost.
    pub metadata: Option<Metadata>,
    /// The state of the job.
    pub phase: JobPhase,
    /// The time since which the job is in this state.
    pub since: Duration,
    /// True if the job was requested to stop.
    pub is_stop_requested: bool,
    place: u64,
}

/// The state of a job: a job is in one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobPhase {
    /// The job waits in the queue, or behind a full queue.
    Queued,
    /// A worker runs the job.
    Running,
    /// The closure has ended.
    Ended,
    /// The job has left the queue without being run.
    Discarded,
    /// Events are missing, so the state is not known.
    Unknown,
}

/// The jobs of a pool.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobTable {
    jobs: HashMap<Id, TracedJob>,
    queue: OrderedItems<Id>,
    next_place: u64,
}

impl JobTable {
    pub(crate) fn get(&self, job: Id) -> Option<&TracedJob> {
        self.jobs.get(&job)
    }

    /// The queued jobs, in the order of their submits.
    pub(crate) fn queue(&self) -> &OrderedItems<Id> {
        &self.queue
    }

    pub(crate) fn name(&self, job: Id) -> String {
        let metadata = self.jobs.get(&job).and_then(|job| job.metadata.as_ref());
        metadata.map_or_else(|| format!("job {job}"), job_name)
    }

    pub(crate) fn queued(&mut self, metadata: &Metadata, step: &mut Step<'_>) {
        let (id, name) = (metadata.id(), job_name(metadata));
        let is_new = self.jobs.get(&id).is_none_or(|job| job.phase == JobPhase::Unknown);
        step.must(is_new, || format!("{name} is queued a second time"));
        if !is_new {
            self.leave(id, JobPhase::Queued, step);
        }
        self.next_place += 1;
        let traced = TracedJob {
            metadata: Some(metadata.clone()),
            phase: JobPhase::Queued,
            since: step.time,
            is_stop_requested: false,
            place: self.next_place,
        };
        self.jobs.insert(id, traced);
        self.queue.insert(self.next_place, id);
        step.add(StatePart::Jobs, StateItem::Job(id));
    }

    /// A job enters another phase, for which it must be in the phase `from`.
    pub(crate) fn move_on(
        &mut self,
        job: Id,
        [from, to]: [JobPhase; 2],
        act: &str,
        step: &mut Step<'_>,
    ) {
        let (name, phase) = (self.name(job), self.jobs.get(&job).map(|job| job.phase));
        match phase {
            None | Some(JobPhase::Unknown) => {
                step.must_if_whole(false, || format!("{name} {act} without having been queued"));
            }
            Some(phase) => step.must(phase == from, || {
                let state = match phase {
                    JobPhase::Queued => "is queued",
                    JobPhase::Running => "runs",
                    JobPhase::Ended => "has ended",
                    JobPhase::Discarded | JobPhase::Unknown => "was discarded",
                };
                format!("{name} {act}, but it {state}")
            }),
        }
        self.leave(job, to, step);
    }

    fn leave(&mut self, job: Id, to: JobPhase, step: &mut Step<'_>) {
        let traced = self.jobs.entry(job).or_insert(TracedJob {
            metadata: None,
            phase: JobPhase::Unknown,
            since: step.time,
            is_stop_requested: false,
            place: 0,
        });
        (traced.phase, traced.since) = (to, step.time);
        if self.queue.remove(traced.place).is_some() {
            step.remove(StatePart::Jobs, StateItem::Job(job));
        }
    }

    /// Notes a request to stop. The job may have ended meanwhile.
    pub(crate) fn stop_requested(&mut self, job: Id, step: &mut Step<'_>) {
        let name = self.name(job);
        let Some(traced) = self.jobs.get_mut(&job) else {
            return step.must_if_whole(false, || format!("{name} is cancelled, but not queued"));
        };
        traced.is_stop_requested = true;
        if traced.phase == JobPhase::Queued {
            step.put(StatePart::Jobs, StateItem::Job(job));
        }
    }

    pub(crate) fn forget(&mut self, step: &mut Step<'_>) {
        while let Some(job) = self.queue.pop_first() {
            step.remove(StatePart::Jobs, StateItem::Job(job));
        }
        self.jobs.values_mut().for_each(|job| job.phase = JobPhase::Unknown);
    }
}

/// The name of a job in sentences.
pub(crate) fn job_name(metadata: &Metadata) -> String {
    match metadata.name() {
        Some(name) => format!("job `{name}`"),
        None => format!("job {}", metadata.id()),
    }
}
