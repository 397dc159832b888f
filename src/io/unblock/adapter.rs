//! What has been ordered, what has come, and what is owed: the state of one [`Unblock`].

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::task::{Context, Poll, ready};

use runtime_blocking::Pool;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use super::client::{Crew, Failure, Line};
use super::command_queue::{Heard, Order, Then, Urgency};
use super::read::Reading;
use crate::handle::Handle;

/// Something that blocks, as a stream that does not. See the [module](crate::io::unblock).
///
/// # Drop
/// What was accepted by a write is still written, by the job that is at work or in the queue; then
/// the object is dropped, on the pool, because its destructor may block. Errors of that are heard
/// by nobody: [flush](futures_io::AsyncWrite::poll_flush) or close first. A call that blocks goes
/// on, and a shutdown that waits, waits for it.
pub struct Unblock<T: Send + 'static> {
    pub(super) line: Line<T, Reply>,
    pub(super) reading: Reading,
    pub(super) writing: Writing,
    pub(super) seek: Seek,
    pub(super) pulling: Pulling,
    /// What a closure of `with_mut` returned.
    done: Option<Box<dyn Any + Send>>,
}

/// What comes back from an order.
pub(super) enum Reply {
    Read(Vec<u8>, io::Result<usize>),
    Written(Vec<u8>, io::Result<()>),
    Flushed(io::Result<()>),
    Sought(io::Result<u64>),
    /// An item of an iterator, or its end.
    Pulled(Option<Box<dyn Any + Send>>),
    Done(Box<dyn Any + Send>),
}

/// Writes that were accepted.
#[derive(Default)]
pub(super) struct Writing {
    /// How many are not written yet, and how many bytes.
    pub(super) orders: usize,
    pub(super) bytes: usize,
    /// What failed, and was not reported yet. All that was accepted behind it is dropped.
    pub(super) error: Option<io::Error>,
    pub(super) flush: Flush,
    pub(super) closing: Closing,
    pub(super) places: Places,
    /// Buffers to be used again.
    pub(super) spares: Vec<Vec<u8>>,
}

/// Where what is written goes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Places {
    /// Perhaps to the place that reading has got to.
    #[default]
    Common,
    /// Certainly elsewhere, as with a terminal.
    Apart,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Flush {
    #[default]
    None,
    Asked,
    /// Asked, and then something more was written.
    Overtaken,
    Answered,
}

#[derive(Default)]
pub(super) enum Closing {
    #[default]
    Open,
    /// The job drops the object.
    Dropping(JoinHandle<()>),
    Closed,
}

#[derive(Default)]
pub(super) enum Seek {
    #[default]
    None,
    Asked(SeekFrom),
    Answered(SeekFrom, io::Result<u64>),
}

/// Items of an iterator that were ordered, and that have come.
#[derive(Default)]
pub(super) struct Pulling {
    pub(super) orders: usize,
    pub(super) items: VecDeque<Option<Box<dyn Any + Send>>>,
}

impl<T: Send + 'static> Unblock<T> {
    /// Unblocks `object` by the pool of the current runtime.
    ///
    /// # Panics
    /// On a thread without a runtime: use [`Unblock::on`] there.
    #[track_caller]
    pub fn new(object: T) -> Unblock<T> {
        Unblock::by(object, Crew::of(Handle::current(), Metadata::here()))
    }

    /// Unblocks `object` by a pool of one's own, on any thread and for any executor.
    ///
    /// If there is a current runtime, its virtual clock stands still while a job works.
    #[track_caller]
    pub fn on(pool: &Pool, object: T) -> Unblock<T> {
        Unblock::by(object, Crew::on(pool, Metadata::here()))
    }

    pub(crate) fn by(object: T, crew: Crew) -> Unblock<T> {
        Unblock {
            line: Line::new(object, crew),
            reading: Reading::default(),
            writing: Writing::default(),
            seek: Seek::default(),
            pulling: Pulling::default(),
            done: None,
        }
    }

    /// Runs `f` with the object on the pool, after all that was ordered before, and returns what it
    /// returns.
    ///
    /// The object may be further on than the stream: what was read ahead stays, and is read next.
    /// [Seek](futures_io::AsyncSeek) to `SeekFrom::Current(0)` first if that matters.
    ///
    /// # Errors
    /// If the job is refused, or the object was lost in a panic; a panic of `f` is one.
    ///
    /// # Cancel safety
    /// Given up before `f` was sent, `f` is dropped. Given up later, `f` is still run, and what it
    /// returns is dropped.
    pub async fn with_mut<F, R>(&mut self, f: F) -> io::Result<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        poll_fn(|cx| self.poll_settled(cx)).await?;
        // Of an earlier call that was given up.
        drop(self.done.take());
        let call: Order<T, Reply> =
            Box::new(move |object| (Reply::Done(Box::new(f(object))), Then::GoOn));
        let ordered = self.line.order(Urgency::Due, call);
        debug_assert!(ordered.is_ok(), "a settled stream has heard everything");
        let done = poll_fn(|cx| {
            while self.done.is_none() {
                ready!(self.poll_hear(cx))?;
            }
            Poll::Ready(Ok::<_, Failure>(self.done.take()))
        });
        let done = done.await?.and_then(|done| done.downcast::<R>().ok());
        Ok(*done.expect("the reply to a closure is what it returned"))
    }

    /// The object itself, when no job works with it: for what does not block. What does, is for
    /// [`with_mut`](Unblock::with_mut).
    ///
    /// # Errors
    /// As [`with_mut`](Unblock::with_mut).
    ///
    /// # Cancel safety
    /// Safe: nothing is lost.
    pub async fn get_mut(&mut self) -> io::Result<&mut T> {
        poll_fn(|cx| self.poll_settled(cx)).await?;
        self.line.object().ok_or_else(|| Failure::Gone.into())
    }

    /// Ends the stream and hands the object back, when all that was accepted is written.
    ///
    /// What was read ahead is dropped, and the object may be further on than the stream was: seek
    /// to `SeekFrom::Current(0)` first if that matters.
    ///
    /// # Errors
    /// The error of a write that was not reported yet; then the object is dropped. Flush first to
    /// hear of it and keep the object. And as [`with_mut`](Unblock::with_mut).
    ///
    /// # Cancel safety
    /// Given up, it drops the stream.
    pub async fn into_inner(mut self) -> io::Result<T> {
        poll_fn(|cx| self.poll_settled(cx)).await?;
        if let Some(error) = self.writing.error.take() {
            return Err(error);
        }
        self.line.take_object().ok_or_else(|| Failure::Gone.into())
    }

    /// Waits for replies and takes note of them.
    pub(super) fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, Failure>> {
        if !matches!(self.writing.closing, Closing::Open) {
            return Poll::Ready(Err(Failure::Closed));
        }
        let heard = ready!(self.line.poll_heard(cx))?;
        // All at once: what one of them halts must be known before the next order.
        while let Some(reply) = self.line.inbox.pop_front() {
            self.note(reply);
        }
        if heard == Heard::Idle {
            // Also what was recalled is no longer ordered.
            self.reading.orders = 0;
            self.pulling.orders = 0;
        }
        Poll::Ready(Ok(heard))
    }

    fn note(&mut self, reply: Reply) {
        match reply {
            Reply::Read(buffer, result) => self.reading.note(buffer, result),
            Reply::Written(buffer, result) => self.note_written(buffer, result),
            Reply::Flushed(result) => self.note_flushed(result),
            Reply::Sought(result) => self.note_sought(result),
            Reply::Pulled(item) => {
                self.pulling.orders = if item.is_some() { self.pulling.orders - 1 } else { 0 };
                self.pulling.items.push_back(item);
            }
            Reply::Done(value) => self.done = Some(value),
        }
    }

    /// Takes back what was ordered ahead, and waits until nothing is ordered.
    pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.line.recall();
        while ready!(self.poll_hear(cx))? == Heard::Replies {}
        Poll::Ready(Ok(()))
    }
}

/// The object is never pinned.
impl<T: Send + 'static> Unpin for Unblock<T> {}

impl<T: Send + 'static> fmt::Debug for Unblock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.line, f)
    }
}
