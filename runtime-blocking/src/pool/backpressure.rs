//! Backpressure: submits that do not let jobs pile up behind a full queue.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use runtime_core::budget;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::deadlock::wait_tracking;
use crate::job::closure::Job;
use crate::job::content::Kept;
use crate::pool::lane::Lane;
use crate::pool::submit_error::SubmitError;
use crate::queue::permit::WhenFull;

impl Lane {
    /// Like [`submit`](Lane::submit), but hands the closure back if the queue is full.
    ///
    /// # Errors
    /// Those of [`submit`](Lane::submit), and [`SubmitError::Full`].
    #[track_caller]
    pub fn try_submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let accepted = self.accept(Metadata::here(), Kept::NOTHING, f, WhenFull::HandBack)?;
        Ok(accepted.handle)
    }

    /// Like [`submit`](Lane::submit), but waits until the job has a place in the queue. Use this
    /// method in a producer that must not submit faster than its jobs run.
    ///
    /// Submitters get places in the order in which they began to wait. Nothing happens before the
    /// future is polled.
    ///
    /// # Errors
    /// Those of [`submit`](Lane::submit). If the pool is shut down while the job waits, the job is
    /// treated like the queued jobs.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, the job is removed and its closure dropped.
    #[track_caller]
    pub fn submit_async<F, T>(
        &self,
        f: F,
    ) -> impl Future<Output = Result<JoinHandle<T>, SubmitError<F>>> + Send + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (lane, metadata) = (self.clone(), Metadata::here());
        async move {
            budget::consume().await;
            let accepted = lane.accept(metadata, Kept::NOTHING, f, WhenFull::WaitForPermit)?;
            if let Some((permit, job)) = accepted.wait {
                PermitWait { permit: JoinHandle::new(permit), job: Some(job) }.await;
            }
            Ok(accepted.handle)
        }
    }
}

/// Waits for a permit. Dropping this future before the permit is granted cancels the job.
struct PermitWait {
    permit: JoinHandle<()>,
    job: Option<Arc<dyn Job>>,
}

impl Future for PermitWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let PermitWait { permit, job: Some(job) } = &mut *self else { return Poll::Ready(()) };
        let (id, ticket) = (job.metadata().id(), job.ticket());
        let granted = wait_tracking::poll_job(cx, id, ticket, |cx| Pin::new(permit).poll(cx));
        // An error means that the job was refused or cancelled, which its own handle reports.
        granted.map(|_| self.job = None)
    }
}

impl Drop for PermitWait {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            job.request_cancel();
        }
    }
}
