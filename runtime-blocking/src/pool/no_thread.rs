//! The jobs of a pool that has no thread and cannot start one.

use std::io;

use runtime_core::join::JoinError;

use crate::pool::submit_error::Rejection;
use crate::queue::job_list::WaitingJob;
use crate::queue::permit::{Permit, grant};
use crate::queue::ticket::Ticket;

/// The pool has no thread and cannot start one. The jobs that waited have left the queue.
pub(crate) struct NoThread {
    pub(crate) error: io::Error,
    pub(crate) jobs: Vec<WaitingJob>,
}

impl NoThread {
    /// Rejects the job of the submit that failed to start the thread; `own` is the ticket of that
    /// job. Refuses the other jobs, which were accepted while the thread was being
    /// started.
    ///
    /// If the submitter's own job is not among `jobs`, it was cancelled or has run, and counts as
    /// accepted.
    pub(crate) fn reject(self, own: Ticket) -> Result<Option<Permit>, Rejection> {
        let mut is_own_left = false;
        for WaitingJob { job, permit, .. } in self.jobs {
            if job.ticket() == own {
                is_own_left = true;
            } else {
                let error = Box::new(same_error(&self.error));
                job.discard(JoinError::refused(job.metadata().clone(), error));
                grant(permit);
            }
        }
        if is_own_left { Err(Rejection::NoThread(self.error)) } else { Ok(None) }
    }
}

/// Returns a copy of an error.
fn same_error(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
