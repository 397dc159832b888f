//! The job queue: first in, first out, and any job may leave it early.
//!
//! A job that is cancelled stays behind as a *husk*: taking it out of the middle would cost a
//! search. Husks that come to the front are skipped, and when more than half of the queue is husks
//! they are swept out together, so that a cancelled job costs a constant on average and a blocked
//! pool keeps no more husks than jobs.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use crate::job::Job;

/// Fewer husks than this are not worth a sweep.
const SWEEP_MIN: usize = 32;

/// The queue. *Guarded by* the pool's lock.
#[derive(Default)]
pub(crate) struct Queue {
    jobs: VecDeque<Arc<dyn Job>>,
    husks: usize,
}

impl Queue {
    /// Appends a job.
    pub(crate) fn push(&mut self, job: Arc<dyn Job>) {
        self.jobs.push_back(job);
    }

    /// Takes the oldest job out, which thereby can no longer be cancelled.
    ///
    /// A husk holds nothing of the user's (who cancels it holds on to it until then), so letting
    /// go of it under the lock runs no foreign code.
    pub(crate) fn pop(&mut self) -> Option<Arc<dyn Job>> {
        loop {
            let job = self.jobs.pop_front()?;
            if job.leave_queue() {
                return Some(job);
            }
            self.husks -= 1;
        }
    }

    /// Notes that a job in here has become a husk. Returns what was swept out, to be dropped
    /// outside the lock.
    pub(crate) fn note_husk(&mut self) -> Vec<Arc<dyn Job>> {
        self.husks += 1;
        if self.husks < SWEEP_MIN || self.husks * 2 <= self.jobs.len() {
            return Vec::new();
        }
        self.husks = 0;
        let (live, husks): (VecDeque<_>, VecDeque<_>) =
            mem::take(&mut self.jobs).into_iter().partition(|job| job.is_queued());
        self.jobs = live;
        husks.into()
    }

    /// Takes all jobs out, the oldest first; none of them can be cancelled any more.
    pub(crate) fn drain(&mut self) -> Vec<Arc<dyn Job>> {
        self.husks = 0;
        mem::take(&mut self.jobs).into_iter().filter(|job| job.leave_queue()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use runtime_core::join::JoinError;
    use runtime_core::origin::Origin;

    use super::*;
    use crate::cancel::Hook;

    struct Dummy {
        origin: Origin,
        queued: AtomicBool,
    }

    impl Job for Dummy {
        fn origin(&self) -> &Origin {
            &self.origin
        }
        fn is_queued(&self) -> bool {
            self.queued.load(Ordering::Relaxed)
        }
        fn leave_queue(&self) -> bool {
            self.queued.swap(false, Ordering::Relaxed)
        }
        fn run(&self) {}
        fn discard(&self, _why: JoinError) {}
        fn request_cancel(&self) {}
        fn is_cancel_requested(&self) -> bool {
            false
        }
        fn add_hook(&self, _hook: Arc<Hook>) {}
        fn remove_hook(&self, _hook: &Arc<Hook>) {}
    }

    fn filled(n: usize) -> (Queue, Vec<Arc<dyn Job>>) {
        let mut queue = Queue::default();
        let mut jobs = Vec::new();
        for _ in 0..n {
            let job: Arc<dyn Job> =
                Arc::new(Dummy { origin: Origin::here(), queued: AtomicBool::new(true) });
            queue.push(Arc::clone(&job));
            jobs.push(job);
        }
        (queue, jobs)
    }

    fn cancel(queue: &mut Queue, job: &Arc<dyn Job>) -> usize {
        assert!(job.leave_queue());
        queue.note_husk().len()
    }

    #[test]
    fn husks_are_skipped_and_order_is_kept() {
        let (mut queue, jobs) = filled(4);
        assert_eq!(cancel(&mut queue, &jobs[0]) + cancel(&mut queue, &jobs[2]), 0);
        assert_eq!(queue.pop().map(|job| job.origin().id()), Some(jobs[1].origin().id()));
        assert_eq!(queue.pop().map(|job| job.origin().id()), Some(jobs[3].origin().id()));
        assert!(queue.pop().is_none());
        assert_eq!(queue.husks, 0);
    }

    #[test]
    fn husks_never_outnumber_jobs_and_each_is_swept_once() {
        let (mut queue, jobs) = filled(1000);
        let mut swept = 0;
        for job in jobs.iter().skip(1) {
            swept += cancel(&mut queue, job);
            let live = queue.jobs.len() - queue.husks;
            assert!(queue.husks < SWEEP_MIN || queue.husks <= live);
        }
        assert_eq!(swept + queue.husks, 999);
        assert_eq!(queue.drain().len(), 1);
    }

    #[test]
    fn a_drained_job_cannot_be_cancelled() {
        let (mut queue, jobs) = filled(3);
        assert_eq!(cancel(&mut queue, &jobs[1]), 0);
        assert_eq!(queue.drain().len(), 2);
        assert_eq!(queue.husks, 0);
        assert!(jobs.iter().all(|job| !job.leave_queue()));
    }
}
