//! [`Client`]: the task's end of a command queue. The client pushes commands, receives replies, and
//! submits a job when a job is needed.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
#[cfg(feature = "fs")]
use std::{fs, sync::Weak};

use runtime_blocking::{Lane, Pool};
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use super::command_queue::{
    CommandKind, CommandQueue, DropPolicy, JobRequest, QueueEvent, Stopped, StreamCommand,
};
use super::worker_job::WorkerJob;
#[cfg(feature = "fs")]
use crate::closing_files::FinishWrites;
use crate::handle::Handle;

/// Submits a stream's jobs to a lane of a pool, as jobs of a runtime or of no runtime.
#[derive(Clone)]
pub(crate) struct JobSubmitter {
    lane: Lane,
    /// The lane of jobs that begin with a required command, if such jobs must not be lost.
    required_lane: Option<Lane>,
    /// The file of the stream, if operations on its path must see what was accepted.
    #[cfg(feature = "fs")]
    file: Weak<fs::File>,
    /// The runtime that the jobs belong to, and whose clock they hold.
    runtime: Option<Handle>,
    /// The name and place of the stream, for all its jobs.
    metadata: Metadata,
}

impl JobSubmitter {
    /// Submits to the main lane of the runtime's pool, as jobs of the runtime.
    pub(crate) fn of(runtime: Handle, metadata: Metadata) -> JobSubmitter {
        JobSubmitter::to_lane(runtime.pool().main_lane().clone(), Some(runtime), metadata)
    }

    /// Submits to the main lane of a pool, as jobs of the current runtime, if there is one.
    pub(crate) fn on(pool: &Pool, metadata: Metadata) -> JobSubmitter {
        JobSubmitter::to_lane(pool.main_lane().clone(), Handle::try_current().ok(), metadata)
    }

    /// Submits to the main lane of a pool, as jobs of no runtime, so no clock waits for them.
    pub(crate) fn without_runtime(pool: &Pool, metadata: Metadata) -> JobSubmitter {
        JobSubmitter::to_lane(pool.main_lane().clone(), None, metadata)
    }

    fn to_lane(lane: Lane, runtime: Option<Handle>, metadata: Metadata) -> JobSubmitter {
        JobSubmitter {
            lane,
            required_lane: None,
            #[cfg(feature = "fs")]
            file: Weak::new(),
            runtime,
            metadata,
        }
    }

    /// Sets the lane of jobs that begin with a required command, and the file that they write. No
    /// shutdown may cancel the jobs of that lane. If every job is refused, the thread that drops
    /// the stream runs the commands.
    #[cfg(feature = "fs")]
    pub(crate) fn with_required_lane(mut self, lane: Lane, file: Weak<fs::File>) -> JobSubmitter {
        self.required_lane = Some(lane);
        self.file = file;
        self
    }

    /// Registers a stream that is dropped while its file is in use.
    #[cfg(feature = "fs")]
    fn register_closing<T, R>(&self, queue: &Arc<CommandQueue<T, R>>)
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        if let (Some(runtime), Some(file)) = (&self.runtime, self.file.upgrade())
            && let Ok(metadata) = file.metadata()
        {
            let queue: Weak<CommandQueue<T, R>> = Arc::downgrade(queue);
            runtime.closing_files().register(&metadata, queue);
        }
    }

    /// The runtime that the jobs belong to.
    #[cfg(feature = "fs")]
    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }

    #[cfg(feature = "fs")]
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn drop_policy(&self) -> DropPolicy {
        if self.required_lane.is_some() { DropPolicy::Flush } else { DropPolicy::Discard }
    }

    fn submit<F>(&self, first: CommandKind, job: F) -> JoinHandle<()>
    where
        F: FnOnce() + Send + 'static,
    {
        let lane = match first {
            CommandKind::Required => self.required_lane.as_ref().unwrap_or(&self.lane),
            CommandKind::Ahead => &self.lane,
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

/// The reason why no reply will arrive.
#[derive(Debug)]
pub(crate) enum StreamFailure {
    /// The job panicked, was refused, or was cancelled before it began. Reported once.
    Job(JoinError),
    /// The object was lost in an earlier panic.
    Lost,
    /// The stream was closed.
    Closed,
}

impl From<StreamFailure> for io::Error {
    fn from(failure: StreamFailure) -> io::Error {
        match failure {
            StreamFailure::Job(error) => io::Error::other(error),
            StreamFailure::Lost => {
                io::Error::other("the unblocked object is lost: an earlier call of it panicked")
            }
            StreamFailure::Closed => {
                io::Error::new(io::ErrorKind::NotConnected, "the stream is closed")
            }
        }
    }
}

/// The task's end of a queue.
pub(crate) struct Client<T: Send + 'static, R: Send + 'static> {
    queue: Arc<CommandQueue<T, R>>,
    submitter: JobSubmitter,
    /// The kind of the command that the last job was submitted for.
    first: CommandKind,
    /// The last job. The job's error says why the job was dropped, or that it panicked.
    job: Option<JoinHandle<()>>,
    /// The job was dropped or panicked, and its error was not reported yet.
    is_failing: bool,
    /// A caller's closure is the last required command, so the drop leaves no accepted bytes behind
    /// it. A closure may run without limit, so no other operation waits for it.
    pub(super) ends_with_call: bool,
    /// Replies that were received.
    pub(crate) replies: VecDeque<R>,
    /// The object, while it is lent to the task.
    lent: Option<T>,
}

impl<T: Send + 'static, R: Send + 'static> Client<T, R> {
    pub(crate) fn new(object: T, submitter: JobSubmitter) -> Client<T, R> {
        Client {
            queue: Arc::new(CommandQueue::new(object, submitter.drop_policy())),
            submitter,
            first: CommandKind::Required,
            job: None,
            is_failing: false,
            ends_with_call: false,
            replies: VecDeque::new(),
            lent: None,
        }
    }

    /// Pushes a command (Q1), and submits a job if there is none.
    pub(crate) fn push(
        &mut self,
        kind: CommandKind,
        command: StreamCommand<T, R>,
    ) -> Result<(), Stopped> {
        if let Some(object) = self.lent.take() {
            self.queue.put_object(object);
        }
        let request = self.queue.push(kind, command)?;
        if request == JobRequest::Submit {
            self.first = kind;
        }
        self.submit_job(request);
        Ok(())
    }

    fn submit_job(&mut self, request: JobRequest) {
        match request {
            JobRequest::None => {}
            JobRequest::Submit => {
                let job = WorkerJob::new(&self.queue);
                self.job = Some(self.submitter.submit(self.first, move || job.run()));
            }
        }
    }

    /// Waits until there is a reply in `replies`, or nothing to wait for.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<QueueEvent, StreamFailure>> {
        if !self.is_failing {
            let request = self.queue.resubmit();
            self.submit_job(request);
            match ready!(self.queue.poll_event(cx, &mut self.replies)) {
                event @ (QueueEvent::Replies | QueueEvent::Idle) => return Poll::Ready(Ok(event)),
                QueueEvent::JobDropped | QueueEvent::Lost => self.is_failing = true,
            }
        }
        let Some(job) = &mut self.job else {
            self.is_failing = false;
            return Poll::Ready(Err(StreamFailure::Lost));
        };
        let result = ready!(std::pin::Pin::new(job).poll(cx));
        self.job = None;
        self.is_failing = false;
        Poll::Ready(Err(result.err().map_or(StreamFailure::Lost, StreamFailure::Job)))
    }

    #[cfg(feature = "fs")]
    pub(crate) fn submitter(&self) -> &JobSubmitter {
        &self.submitter
    }

    pub(crate) fn cancel_ahead(&self) {
        self.queue.cancel_ahead();
    }

    /// Borrows the object, if no job has it.
    pub(crate) fn object(&mut self) -> Option<&mut T> {
        if self.lent.is_none() {
            self.lent = self.queue.take_object();
        }
        self.lent.as_mut()
    }

    pub(crate) fn take_object(&mut self) -> Option<T> {
        self.lent.take().or_else(|| self.queue.take_object())
    }

    /// Drops the object on the pool, because its destructor may block.
    pub(crate) fn drop_on_pool(&self, object: T) -> JoinHandle<()> {
        self.submitter.submit(CommandKind::Ahead, move || drop(object))
    }
}

/// If nothing is pending, the object is dropped here. Otherwise the job that runs the last required
/// command drops it.
impl<T: Send + 'static, R: Send + 'static> Drop for Client<T, R> {
    fn drop(&mut self) {
        self.cancel_ahead();
        if self.submitter.drop_policy() == DropPolicy::Flush {
            let request = self.queue.resubmit_on_drop();
            self.submit_job(request);
        }
        let object = self.lent.take().or_else(|| self.queue.abandon());
        #[cfg(feature = "fs")]
        if object.is_none() && !self.ends_with_call {
            self.submitter.register_closing(&self.queue);
        }
        drop_catching(object);
    }
}

#[cfg(feature = "fs")]
impl<T: Send, R: Send> FinishWrites for CommandQueue<T, R> {
    fn finish_writes(self: Arc<Self>) {
        self.finish();
    }
}

impl<T: Send + 'static, R: Send + 'static> fmt::Debug for Client<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unblock")
            .field("metadata", &self.submitter.metadata)
            .finish_non_exhaustive()
    }
}
