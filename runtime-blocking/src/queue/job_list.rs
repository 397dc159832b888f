//! Linked lists of waiting jobs, whose nodes are in one slab.
//!
//! Appending a job, taking the first one, and removing one from the middle each take constant time.
//! The links are keys of the slab, so no list needs a pointer.

use std::iter;
use std::sync::Arc;

use runtime_core::slab::{Key, Slab};

use crate::job::closure::Job;
use crate::queue::lane_config::LaneId;
use crate::queue::permit::Permit;

/// A job that waits.
pub(crate) struct WaitingJob {
    pub(crate) job: Arc<dyn Job>,
    pub(crate) lane: LaneId,
    /// The number of jobs that were submitted before this one.
    pub(crate) ticket: u64,
    /// The list in which the job is.
    pub(crate) stage: WaitStage,
    /// Present only if the job is in the wait list, and its submitter waits for a place in the
    /// queue.
    pub(crate) permit: Option<Permit>,
    links: Links,
}

/// One of the two lists of a lane in which jobs wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitStage {
    /// The queue.
    Queue,
    /// The list of jobs for which the queue has no room.
    WaitList,
}

/// The neighbours of a job in its list; [`Key::NONE`] at the ends.
#[derive(Clone, Copy)]
struct Links {
    previous: Key,
    next: Key,
}

impl WaitingJob {
    pub(crate) fn new(
        job: Arc<dyn Job>,
        lane: LaneId,
        ticket: u64,
        stage: WaitStage,
        permit: Option<Permit>,
    ) -> WaitingJob {
        let links = Links { previous: Key::NONE, next: Key::NONE };
        WaitingJob { job, lane, ticket, stage, permit, links }
    }
}

/// All waiting jobs of a pool, in whatever list they are.
pub(crate) type WaitingJobs = Slab<WaitingJob>;

/// One list, in the order of arrival.
pub(crate) struct JobList {
    first: Key,
    last: Key,
    len: usize,
}

impl JobList {
    pub(crate) const fn new() -> JobList {
        JobList { first: Key::NONE, last: Key::NONE, len: 0 }
    }

    /// The number of jobs.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The key of the first job; [`Key::NONE`] if the list is empty.
    pub(crate) fn first(&self) -> Key {
        self.first
    }

    /// The jobs, in the order of the list.
    pub(crate) fn iter<'a>(
        &self,
        jobs: &'a WaitingJobs,
    ) -> impl Iterator<Item = &'a WaitingJob> + use<'a> {
        let mut next = self.first;
        iter::from_fn(move || {
            let job = jobs.get(next)?;
            next = job.links.next;
            Some(job)
        })
    }

    /// Appends a job, and gives the job its key.
    #[inline]
    pub(crate) fn push(&mut self, jobs: &mut WaitingJobs, mut job: WaitingJob) -> Key {
        job.links = Links { previous: self.last, next: Key::NONE };
        let key = jobs.reserve();
        job.job.set_queue_key(key);
        jobs.put(key, job);
        self.link_last(jobs, key);
        key
    }

    /// Removes a job from the list and from the slab.
    #[inline]
    pub(crate) fn remove(&mut self, jobs: &mut WaitingJobs, key: Key) -> Option<WaitingJob> {
        let job = jobs.remove(key)?;
        self.unlink(jobs, job.links);
        Some(job)
    }

    /// Moves the first job to the end of another list. Its key stays the same.
    pub(crate) fn move_first<'a>(
        &mut self,
        jobs: &'a mut WaitingJobs,
        to: &mut JobList,
    ) -> Option<&'a mut WaitingJob> {
        let key = self.first;
        let job = jobs.get_mut(key)?;
        let links = job.links;
        job.links = Links { previous: to.last, next: Key::NONE };
        self.unlink(jobs, links);
        to.link_last(jobs, key);
        jobs.get_mut(key)
    }

    fn link_last(&mut self, jobs: &mut WaitingJobs, key: Key) {
        match jobs.get_mut(self.last) {
            Some(last) => last.links.next = key,
            None => self.first = key,
        }
        self.last = key;
        self.len += 1;
    }

    fn unlink(&mut self, jobs: &mut WaitingJobs, Links { previous, next }: Links) {
        match jobs.get_mut(previous) {
            Some(job) => job.links.next = next,
            None => self.first = next,
        }
        match jobs.get_mut(next) {
            Some(job) => job.links.previous = previous,
            None => self.last = previous,
        }
        self.len -= 1;
    }
}
