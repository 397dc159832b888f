//! The job queue: several lanes, each first in, first out, and the rule that picks the next job.
//!
//! ```text
//!               push                      admit                     pop
//!   a job ──┬─────────────▶ WAITERS ────────────────────▶ QUEUE ──────────────▶ running, at most
//!           │   the queue is full      the queue has room    ▲   lowest rank      `running_max`
//!           └────────────────────────────────────────────────┘   of all lanes
//!                          the queue has room
//! ```
//!
//! A plain value: no thread, no clock, no lock. A lane limits how many of its jobs run at a time,
//! and may limit how many are queued. Every job gets a ticket when it is pushed: the number of jobs
//! pushed before. Each lane that may run another job offers its first job. Of these jobs, the one
//! with the lowest rank runs next. A job's rank is its ticket, or in a background lane its ticket
//! plus [`AGING`](crate::queue::lane_config::AGING). So at most `AGING` jobs that were submitted
//! later overtake a background job, and no job starves.

use std::sync::Arc;

use runtime_core::slab::Slab;

use crate::job::closure::Job;
use crate::queue::lane_config::{LaneConfig, LaneId};
use crate::queue::lane_state::{LaneState, permit_for_new};
use crate::queue::permit::{Permit, WhenFull};
use crate::queue::ticket::Ticket;

pub(super) const EXISTS: &str = "a lane exists while it has a handle or a job";

/// All waiting jobs of a pool. *Guarded by* the pool's lock.
pub(crate) struct JobQueue {
    pub(super) lanes: Slab<LaneState>,
    next_ticket: u64,
}

/// The effect of a [push](JobQueue::push).
pub(crate) struct Pushed {
    pub(crate) ticket: Ticket,
    /// True if one more job can run now.
    pub(crate) is_takeable: bool,
    /// Present only if the submitter has to wait for a place in the queue.
    pub(crate) permit: Option<Permit>,
}

/// A job that was [popped](JobQueue::pop) to be run.
pub(crate) struct Popped {
    pub(crate) job: Arc<dyn Job>,
    pub(crate) lane: LaneId,
    /// The permit of the job that was admitted to the freed place in the queue.
    pub(crate) permit: Option<Permit>,
}

impl JobQueue {
    /// An empty queue with one lane, the pool's main lane.
    pub(crate) fn new(main: LaneConfig) -> (JobQueue, LaneId) {
        let mut lanes = Slab::new();
        let main_lane = LaneId(lanes.insert(LaneState::new(main)));
        (JobQueue { lanes, next_ticket: 0 }, main_lane)
    }

    /// A lane.
    pub(crate) fn lane(&self, id: LaneId) -> &LaneState {
        self.lanes.get(id.0).expect(EXISTS)
    }

    pub(super) fn lane_mut(&mut self, id: LaneId) -> &mut LaneState {
        self.lanes.get_mut(id.0).expect(EXISTS)
    }

    /// All lanes, the main lane first.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = (LaneId, &LaneState)> {
        self.lanes.iter().map(|(key, lane)| (LaneId(key), lane))
    }

    /// Appends a job to its lane. Returns `None` if the queue is full and the job is handed back.
    #[inline]
    pub(crate) fn push(
        &mut self,
        job: Arc<dyn Job>,
        id: LaneId,
        when_full: WhenFull,
    ) -> Option<Pushed> {
        let lane = self.lanes.get_mut(id.0).expect(EXISTS);
        let is_takeable = lane.waiting() < lane.vacancies();
        let stage = lane.stage_for_new(when_full)?;
        let permit = permit_for_new(&*job, stage, when_full);
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        job.set_ticket(ticket);
        lane.push(stage, job, permit.clone());
        Some(Pushed { ticket, is_takeable, permit })
    }

    /// Takes out the job that runs next. The job counts as running until it has
    /// [`ended`](JobQueue::ended).
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Popped> {
        let id = self.next_lane()?;
        let lane = self.lanes.get_mut(id.0)?;
        let (job, ()) = lane.queue.pop()?;
        lane.running += 1;
        Some(Popped { job, lane: id, permit: lane.admit() })
    }

    #[inline]
    fn next_lane(&self) -> Option<LaneId> {
        let mut lanes = self.lanes().filter(|(_, lane)| lane.may_run());
        let mut next = lanes.next()?;
        // A rank is read from a job, which may be in no cache of this core. One lane needs none.
        for other in lanes {
            if other.1.rank() < next.1.rank() {
                next = other;
            }
        }
        Some(next.0)
    }

    /// Counts the end of a job that was popped. Returns whether one more job can run now.
    #[inline]
    #[must_use]
    pub(crate) fn ended(&mut self, id: LaneId) -> bool {
        let lane = self.lane_mut(id);
        let frees_one = lane.waiting() > lane.vacancies();
        lane.running -= 1;
        lane.completed += 1;
        self.remove_lane_if_over(id);
        frees_one
    }
}

#[cfg(test)]
mod tests;
