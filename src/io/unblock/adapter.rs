//! [`Unblock`]: the stream, and the replies that it receives.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::task::{Context, Poll, ready};

use runtime_blocking::Pool;
use runtime_core::budget;
use runtime_core::metadata::Metadata;

use super::client::{Client, JobSubmitter, StreamFailure};
use super::command_queue::{CommandKind, NextCommands, QueueEvent, StreamCommand};
use super::pending_writes::{CloseState, PendingWrites, WRITE_MAX};
use super::read_ahead::ReadAhead;
use crate::handle::Handle;

/// Adapts a blocking reader, writer or iterator to the futures traits. See the
/// [module](crate::io::unblock).
///
/// # Drop
/// **If nothing is pending, the drop of the stream drops the object**, on the thread of the caller.
/// A pipe then reports its end, and a lock is released, before the drop returns. If the object's
/// destructor may block, [close](futures_io::AsyncWrite::poll_close) the stream first: a close
/// drops the object on the pool.
///
/// **If accepted bytes are not written yet, or a call is under way, the object is dropped later**,
/// by the job that does the last of this work, and before it does any other. Flush before the drop
/// to avoid it. Errors of these writes are lost; a flush or close would return them. A shutdown
/// that waits for jobs waits for the call.
#[doc(alias("spawn_blocking", "AllowStdIo"))]
pub struct Unblock<T: Send + 'static> {
    pub(super) client: Client<T, Reply>,
    pub(super) reads: ReadAhead,
    pub(super) writes: PendingWrites,
    pub(super) seek: SeekState,
    pub(super) items: PulledItems,
    /// The maximum number of bytes that one write accepts.
    pub(super) write_max: usize,
    /// The value that a closure of `with_mut` returned.
    returned: Option<Box<dyn Any + Send>>,
}

/// The reply to a command.
pub(super) enum Reply {
    Read(Vec<u8>, io::Result<usize>),
    /// The number of bytes that were written, or the error. The job has freed the buffer, so that
    /// an idle stream has none.
    Written(io::Result<usize>),
    Flushed(io::Result<()>),
    Sought(io::Result<u64>),
    /// An item of an iterator, or its end.
    Pulled(Option<Box<dyn Any + Send>>),
    /// The value that a closure returned.
    Returned(Box<dyn Any + Send>),
}

#[derive(Default)]
pub(super) enum SeekState {
    #[default]
    None,
    Pushed(SeekFrom),
    Done(SeekFrom, io::Result<u64>),
}

/// Items of an iterator.
#[derive(Default)]
pub(super) struct PulledItems {
    /// The number of items that were requested and have not arrived.
    pub(super) pushed: usize,
    /// The items that have arrived; `None` is the end.
    pub(super) arrived: VecDeque<Option<Box<dyn Any + Send>>>,
}

impl<T: Send + 'static> Unblock<T> {
    /// Unblocks `object` with jobs on the current runtime's pool.
    ///
    /// # Panics
    /// On a thread without a runtime: use [`Unblock::on`] there.
    #[track_caller]
    pub fn new(object: T) -> Unblock<T> {
        Unblock::with_submitter(object, JobSubmitter::of(Handle::current(), Metadata::here()))
    }

    /// Unblocks `object` with jobs on the given pool. This function works on any thread and with
    /// any executor.
    ///
    /// If there is a current runtime with a virtual clock, that clock does not advance while a job
    /// runs.
    #[track_caller]
    pub fn on(pool: &Pool, object: T) -> Unblock<T> {
        Unblock::with_submitter(object, JobSubmitter::on(pool, Metadata::here()))
    }

    pub(crate) fn with_submitter(object: T, submitter: JobSubmitter) -> Unblock<T> {
        Unblock {
            client: Client::new(object, submitter),
            reads: ReadAhead::default(),
            writes: PendingWrites::default(),
            seek: SeekState::default(),
            items: PulledItems::default(),
            write_max: WRITE_MAX,
            returned: None,
        }
    }

    /// Runs `f` on the pool, with the object, after all earlier commands, and returns the result of
    /// `f`.
    ///
    /// The object's position may be ahead of the stream's, by bytes that were read ahead. Those
    /// bytes are kept, and the next read returns them. [Seek](futures_io::AsyncSeek) to
    /// `SeekFrom::Current(0)` first if that matters.
    ///
    /// # Errors
    /// If the job is refused, if `f` panics, or if the object was lost in an earlier panic.
    ///
    /// # Cancel safety
    /// If the future is dropped before `f` is in the command queue, `f` is dropped. If the future
    /// is dropped later, `f` still runs and its result is dropped.
    pub async fn with_mut<F, R>(&mut self, f: F) -> io::Result<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        budget::consume().await;
        poll_fn(|cx| self.poll_idle(cx)).await?;
        // The results of earlier calls whose futures were dropped.
        self.seek = SeekState::None;
        drop(self.returned.take());
        let call: StreamCommand<T, Reply> =
            Box::new(move |object| (Reply::Returned(Box::new(f(object))), NextCommands::Run));
        let pushed = self.client.push(CommandKind::Required, call);
        debug_assert!(pushed.is_ok(), "an idle stream has received every reply");
        self.client.ends_with_call = true;
        let returned = poll_fn(|cx| {
            while self.returned.is_none() {
                ready!(self.poll_event(cx))?;
            }
            Poll::Ready(Ok::<_, StreamFailure>(self.returned.take()))
        });
        let returned = returned.await?.and_then(|returned| returned.downcast::<R>().ok());
        Ok(*returned.expect("the reply to a closure is its result"))
    }

    /// Waits until no job uses the object, and borrows it for calls that do not block. For calls
    /// that block, use [`with_mut`](Unblock::with_mut).
    ///
    /// # Errors
    /// Those of [`with_mut`](Unblock::with_mut).
    ///
    /// # Cancel safety
    /// Safe: nothing is lost.
    pub async fn get_mut(&mut self) -> io::Result<&mut T> {
        budget::consume().await;
        poll_fn(|cx| self.poll_idle(cx)).await?;
        // The caller may move the position.
        self.seek = SeekState::None;
        self.client.object().ok_or_else(|| StreamFailure::Lost.into())
    }

    /// Ends the stream and returns the object, after all accepted bytes were written.
    ///
    /// Bytes that were read ahead are dropped, and the object's position may be ahead of the
    /// stream's: seek to `SeekFrom::Current(0)` first if that matters.
    ///
    /// # Errors
    /// The error of an earlier write if no operation has returned it yet; the object is then
    /// dropped. Flush first to receive the error and keep the object. All other errors are those of
    /// [`with_mut`](Unblock::with_mut).
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream.
    pub async fn into_inner(mut self) -> io::Result<T> {
        budget::consume().await;
        poll_fn(|cx| self.poll_idle(cx)).await?;
        self.writes.failure.report_first()?;
        self.client.take_object().ok_or_else(|| StreamFailure::Lost.into())
    }

    /// The bytes that the last `poll_fill_buf` has returned and that are not consumed.
    pub(crate) fn filled(&self) -> &[u8] {
        self.reads.front()
    }

    /// Ends the loan of a `poll_fill_buf` without consuming anything.
    pub(crate) fn end_loan(&mut self) {
        self.reads.end_loan();
    }

    /// Waits for replies and processes them, or returns `Idle` if there is nothing to wait for.
    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<QueueEvent, StreamFailure>> {
        if !matches!(self.writes.close, CloseState::Open) {
            return Poll::Ready(Err(StreamFailure::Closed));
        }
        let event = ready!(self.client.poll_event(cx))?;
        // All replies are processed, because a reply that stops the stream must be known before the
        // next command is pushed.
        while let Some(reply) = self.client.replies.pop_front() {
            self.on_reply(reply);
        }
        if event == QueueEvent::Idle {
            // Cancelled commands get no reply.
            self.reads.pushed = 0;
            self.items.pushed = 0;
        }
        Poll::Ready(Ok(event))
    }

    fn on_reply(&mut self, reply: Reply) {
        match reply {
            Reply::Read(buffer, result) => self.reads.on_read(buffer, result),
            Reply::Written(Ok(count)) => self.writes.on_written(count),
            Reply::Flushed(Ok(())) => self.writes.on_flushed(),
            Reply::Written(Err(error)) | Reply::Flushed(Err(error)) => {
                self.writes.on_failed(error);
                self.reads.pushed = 0;
                self.items.pushed = 0;
            }
            Reply::Sought(result) => self.on_sought(result),
            Reply::Pulled(item) => {
                self.items.pushed = if item.is_some() { self.items.pushed - 1 } else { 0 };
                self.items.arrived.push_back(item);
            }
            Reply::Returned(value) => {
                self.client.ends_with_call = false;
                self.returned = Some(value);
            }
        }
    }

    /// Drops bytes that were read ahead of the former position, unless the seek failed.
    fn on_sought(&mut self, result: io::Result<u64>) {
        if result.is_ok() {
            self.reads.discard();
        }
        if let SeekState::Pushed(to) = self.seek {
            self.seek = SeekState::Done(to, result);
        }
    }

    /// Cancels the commands of kind `Ahead`, and waits until no command is left.
    pub(super) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamFailure>> {
        self.client.cancel_ahead();
        while ready!(self.poll_event(cx))? == QueueEvent::Replies {}
        Poll::Ready(Ok(()))
    }

    /// Waits for a seek whose future was dropped, because the next operation must happen after it.
    pub(super) fn poll_seek_done(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), StreamFailure>> {
        while matches!(self.seek, SeekState::Pushed(_)) {
            ready!(self.poll_event(cx))?;
        }
        self.seek = SeekState::None;
        Poll::Ready(Ok(()))
    }
}

/// The object is never pinned.
impl<T: Send + 'static> Unpin for Unblock<T> {}

impl<T: Send + 'static> fmt::Debug for Unblock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.client, f)
    }
}
