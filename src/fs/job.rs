//! A call of the file system, as a job on the pool.

use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use runtime_core::join::{AbortOnDrop, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::handle::Handle;

/// A call of the file system: a job on the runtime's pool, and what it comes to.
///
/// Nothing happens before it is polled first. It then belongs to the runtime that is current, or to
/// that of the [`File`](super::File) that it is about.
///
/// # Errors
/// Those of the system. If there is no runtime on the thread that polls it first, and if the job is
/// refused or cancelled by a shutdown, the error is of kind [`Other`](io::ErrorKind::Other), around
/// a [`NoRuntimeError`](crate::NoRuntimeError) or a [`JoinError`](crate::JoinError) which says why,
/// and of what job.
///
/// # Cancel safety
/// A call that *reads* is taken back if it has not begun; if it has, it goes on, and what it comes
/// to is dropped. A call that *changes* something is carried out once it has been polled, by
/// whatever shutdown and whether or not somebody awaits it.
#[must_use = "nothing is done before it is polled"]
pub struct Job<T: Send + 'static> {
    state: State<T>,
}

/// What becomes of a job that nobody awaits any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only looks: it may be cancelled.
    Reads,
    /// It must run.
    Changes,
}

enum State<T: Send + 'static> {
    New(New<T>),
    Reading(AbortOnDrop<io::Result<T>>),
    Changing(JoinHandle<io::Result<T>>),
    /// It is known without a job.
    Known(io::Result<T>),
    Done,
}

struct New<T> {
    effect: Effect,
    metadata: Metadata,
    /// `None` is the one that is current.
    runtime: Option<Handle>,
    call: Box<dyn FnOnce() -> io::Result<T> + Send>,
}

impl<T: Send + 'static> Job<T> {
    #[track_caller]
    pub(super) fn reads(
        name: &'static str,
        call: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Job<T> {
        Job::new(Effect::Reads, Metadata::here().named(name), None, call)
    }

    #[track_caller]
    pub(super) fn changes(
        name: &'static str,
        call: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Job<T> {
        Job::new(Effect::Changes, Metadata::here().named(name), None, call)
    }

    pub(super) fn new(
        effect: Effect,
        metadata: Metadata,
        runtime: Option<Handle>,
        call: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Job<T> {
        Job { state: State::New(New { effect, metadata, runtime, call: Box::new(call) }) }
    }

    pub(super) fn known(result: io::Result<T>) -> Job<T> {
        Job { state: State::Known(result) }
    }
}

impl<T: Send + 'static> New<T> {
    fn begin(self) -> State<T> {
        let New { effect, metadata, runtime, call } = self;
        let runtime = match runtime.map_or_else(Handle::try_current, Ok) {
            Ok(runtime) => runtime,
            Err(error) => return State::Known(Err(io::Error::other(error))),
        };
        match effect {
            Effect::Reads => {
                let job = runtime.submit(runtime.pool().main_lane(), metadata, (), call);
                State::Reading(job.abort_on_drop())
            }
            Effect::Changes => State::Changing(runtime.submit(runtime.fs(), metadata, (), call)),
        }
    }
}

impl<T: Send + 'static> Future for Job<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        loop {
            let ended = match &mut self.state {
                State::New(_) | State::Known(_) | State::Done => None,
                State::Reading(job) => Some(ready!(Pin::new(job).poll(cx))),
                State::Changing(job) => Some(ready!(Pin::new(job).poll(cx))),
            };
            let before = mem::replace(&mut self.state, State::Done);
            if let Some(ended) = ended {
                return Poll::Ready(ended.map_err(io::Error::other).and_then(|result| result));
            }
            match before {
                State::New(new) => self.state = new.begin(),
                State::Known(result) => return Poll::Ready(result),
                State::Reading(_) | State::Changing(_) => {}
                State::Done => panic!("a job of `fs` was polled after it had ended"),
            }
        }
    }
}

impl<T: Send + 'static> Unpin for Job<T> {}

impl<T: Send + 'static> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(new) => return f.debug_tuple("Job").field(&new.metadata).finish(),
            State::Reading(job) => return f.debug_tuple("Job").field(&**job).finish(),
            State::Changing(job) => return f.debug_tuple("Job").field(job).finish(),
            State::Known(_) => "known",
            State::Done => "done",
        };
        f.debug_tuple("Job").field(&state).finish()
    }
}
