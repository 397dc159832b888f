//! The task's end of a desk: gives orders, hears replies, and sends a job to the pool when one is
//! needed.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use runtime_blocking::{Lane, Pool};
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use super::command_queue::{Clerk, Desk, Heard, Keeping, Order, Summons, Unheard, Urgency};
use crate::handle::Handle;

/// Whose jobs they are, and on which pool they run: in its main lane, if nothing else is said.
#[derive(Clone)]
pub(crate) struct Crew {
    lane: Lane,
    /// The lane of jobs that begin with what is due, if that must not be lost.
    lane_of_due: Option<Lane>,
    /// The runtime whose clock they hold, if they belong to one.
    runtime: Option<Handle>,
    /// Where the stream was made. All its jobs bear it, so that a report names the stream.
    metadata: Metadata,
}

impl Crew {
    pub(crate) fn of(runtime: Handle, metadata: Metadata) -> Crew {
        Crew::in_lane(runtime.pool().main_lane().clone(), Some(runtime), metadata)
    }

    pub(crate) fn on(pool: &Pool, metadata: Metadata) -> Crew {
        Crew::in_lane(pool.main_lane().clone(), Handle::try_current().ok(), metadata)
    }

    /// As [`on`](Crew::on), but nobody's: no clock waits for what may never come.
    pub(crate) fn nobodys(pool: &Pool, metadata: Metadata) -> Crew {
        Crew::in_lane(pool.main_lane().clone(), None, metadata)
    }

    fn in_lane(lane: Lane, runtime: Option<Handle>, metadata: Metadata) -> Crew {
        Crew { lane, lane_of_due: None, runtime, metadata }
    }

    /// What is due is not to be lost: jobs that begin with it are in this lane, which must run, and
    /// if every job is refused, who drops the stream carries it out.
    #[cfg(feature = "fs")]
    pub(crate) fn with_lane_of_due(mut self, lane: Lane) -> Crew {
        self.lane_of_due = Some(lane);
        self
    }

    /// The runtime whose jobs they are.
    #[cfg(feature = "fs")]
    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }

    #[cfg(feature = "fs")]
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn keeping(&self) -> Keeping {
        if self.lane_of_due.is_some() { Keeping::Keeps } else { Keeping::Drops }
    }

    fn submit<F>(&self, urgency: Urgency, job: F) -> JoinHandle<()>
    where
        F: FnOnce() + Send + 'static,
    {
        let lane = match urgency {
            Urgency::Due => self.lane_of_due.as_ref().unwrap_or(&self.lane),
            Urgency::Ahead => &self.lane,
        };
        let metadata = self.metadata.clone();
        if let Some(runtime) = &self.runtime {
            return runtime.submit(lane, metadata, (), job);
        }
        match lane.submit_as(metadata.clone(), job) {
            Ok(handle) => handle,
            Err(error) => {
                let reason = Box::new(error.map(drop_catching));
                JoinHandle::failed(JoinError::refused(metadata, reason))
            }
        }
    }
}

/// Why no reply will come.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The job panicked, was refused, or was cancelled before it began. Said once.
    Job(JoinError),
    /// A job has panicked before, and the object with it.
    Gone,
    /// The stream was closed.
    Closed,
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        match failure {
            Failure::Job(error) => io::Error::other(error),
            Failure::Gone => io::Error::other("what was unblocked is gone: a call of it panicked"),
            Failure::Closed => io::Error::new(io::ErrorKind::NotConnected, "the stream is closed"),
        }
    }
}

/// The task's end. Replies are heard into `inbox`.
pub(crate) struct Line<T: Send + 'static, R: Send + 'static> {
    desk: Arc<Desk<T, R>>,
    crew: Crew,
    /// Of the order that called the last job.
    urgency: Urgency,
    /// The last job, whose error says why the desk was left.
    job: Option<JoinHandle<()>>,
    /// The desk was left, and the job's error is still to come.
    is_left: bool,
    pub(crate) inbox: VecDeque<R>,
    /// The object, while the task has it.
    lent: Option<T>,
}

impl<T: Send + 'static, R: Send + 'static> Line<T, R> {
    pub(crate) fn new(object: T, crew: Crew) -> Line<T, R> {
        Line {
            desk: Arc::new(Desk::new(object, crew.keeping())),
            crew,
            urgency: Urgency::Due,
            job: None,
            is_left: false,
            inbox: VecDeque::new(),
            lent: None,
        }
    }

    pub(crate) fn order(&mut self, urgency: Urgency, order: Order<T, R>) -> Result<(), Unheard> {
        if let Some(object) = self.lent.take() {
            self.desk.put_object(object);
        }
        let summons = self.desk.order(urgency, order)?;
        if summons == Summons::Submit {
            self.urgency = urgency;
        }
        self.obey(summons);
        Ok(())
    }

    fn obey(&mut self, summons: Summons) {
        match summons {
            Summons::None => {}
            Summons::Submit => {
                let clerk = Clerk::new(&self.desk);
                self.job = Some(self.crew.submit(self.urgency, move || clerk.work()));
            }
        }
    }

    /// Waits until there is a reply in the inbox, or nothing to wait for.
    pub(crate) fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, Failure>> {
        if !self.is_left {
            let summons = self.desk.rouse();
            self.obey(summons);
            match ready!(self.desk.listen(cx, &mut self.inbox)) {
                heard @ (Heard::Replies | Heard::Idle) => return Poll::Ready(Ok(heard)),
                Heard::Stranded | Heard::Lost => self.is_left = true,
            }
        }
        let Some(job) = &mut self.job else {
            self.is_left = false;
            return Poll::Ready(Err(Failure::Gone));
        };
        let ended = ready!(std::pin::Pin::new(job).poll(cx));
        self.job = None;
        self.is_left = false;
        Poll::Ready(Err(ended.err().map_or(Failure::Gone, Failure::Job)))
    }

    #[cfg(feature = "fs")]
    pub(crate) fn crew(&self) -> &Crew {
        &self.crew
    }

    pub(crate) fn recall(&self) {
        self.desk.recall();
    }

    /// The object, if nobody works with it.
    pub(crate) fn object(&mut self) -> Option<&mut T> {
        if self.lent.is_none() {
            self.lent = self.desk.take_object();
        }
        self.lent.as_mut()
    }

    pub(crate) fn take_object(&mut self) -> Option<T> {
        self.lent.take().or_else(|| self.desk.take_object())
    }

    /// The object, unless there are orders that whoever drops the desk carries out.
    fn take_object_unless_needed(&mut self) -> Option<T> {
        if self.crew.keeping() == Keeping::Keeps && self.desk.has_orders() {
            return None;
        }
        self.take_object()
    }

    /// Has the pool drop the object, whose destructor may block.
    pub(crate) fn drop_on_the_pool(&self, object: T) -> JoinHandle<()> {
        self.crew.submit(Urgency::Ahead, move || drop(object))
    }
}

/// What is due is still carried out, and then the object is dropped, on the pool.
impl<T: Send + 'static, R: Send + 'static> Drop for Line<T, R> {
    fn drop(&mut self) {
        self.recall();
        if self.crew.keeping() == Keeping::Keeps {
            let summons = self.desk.rouse_at_last();
            self.obey(summons);
        }
        if let Some(object) = self.take_object_unless_needed()
            && std::mem::needs_drop::<T>()
        {
            self.drop_on_the_pool(object).detach();
        }
    }
}

impl<T: Send + 'static, R: Send + 'static> fmt::Debug for Line<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unblock").field("metadata", &self.crew.metadata).finish_non_exhaustive()
    }
}
