//! [`Operation`]: a call of the file system, as a job on the pool.

use std::fmt;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use runtime_core::abort_on_drop::AbortOnDrop;
use runtime_core::budget;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::handle::Handle;

/// The future of a call of the file system, which runs as a job on the runtime's pool.
///
/// Nothing happens before the first poll. The job then belongs to the current runtime, or to the
/// runtime of the [`File`](super::File) on which the method was called.
///
/// `P` is the type of the path arguments. The operation keeps them until the call has returned, as
/// a call of std does. A path that removes its file when it is dropped, such as a `NamedTempFile`,
/// may therefore be passed by value. If the operation is dropped earlier, so are its arguments; a
/// job that has begun uses a copy of the path.
///
/// # Errors
/// Those of the system. If the thread of the first poll has no runtime, or if the job is refused or
/// cancelled by a shutdown, the error is of kind [`Other`](io::ErrorKind::Other). It contains a
/// [`NoRuntimeError`](crate::NoRuntimeError), or a [`JoinError`](crate::JoinError) with the reason
/// and the job.
///
/// # Cancel safety
/// When an operation that *reads* is dropped, a job that has not begun is cancelled. A job that has
/// begun continues, and its result is dropped. An operation that *changes* files is always executed
/// once it was polled, even if it is dropped or the runtime is shut down.
#[must_use = "an operation does nothing before it is polled"]
pub struct Operation<T: Send + 'static, P = ()> {
    state: OperationState<T>,
    /// The path arguments, until the call has returned.
    arguments: Option<P>,
}

/// Says what happens to the job of a dropped operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The operation reads: the job may be cancelled.
    Reads,
    /// The operation changes files: the job must run.
    Changes,
}

enum OperationState<T: Send + 'static> {
    NotStarted(NotStarted<T>),
    Reading(AbortOnDrop<io::Result<T>>),
    Changing(JoinHandle<io::Result<T>>),
    /// The result is known without a job.
    Known(io::Result<T>),
    Done,
}

struct NotStarted<T> {
    effect: Effect,
    metadata: Metadata,
    /// The runtime of the job. `None` stands for the runtime that is current at the first poll.
    runtime: Option<Handle>,
    call: Box<dyn FnOnce() -> io::Result<T> + Send>,
}

impl<T: Send + 'static> Operation<T> {
    #[track_caller]
    pub(super) fn reads(
        name: &'static str,
        call: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Operation<T> {
        Operation::new(Effect::Reads, Metadata::here().named(name), None, call)
    }

    pub(super) fn new(
        effect: Effect,
        metadata: Metadata,
        runtime: Option<Handle>,
        call: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Operation<T> {
        Operation {
            state: OperationState::NotStarted(NotStarted {
                effect,
                metadata,
                runtime,
                call: Box::new(call),
            }),
            arguments: None,
        }
    }

    pub(super) fn known(result: io::Result<T>) -> Operation<T> {
        Operation { state: OperationState::Known(result), arguments: None }
    }

    /// Keeps the arguments until the call has returned.
    fn keeping<P>(self, arguments: P) -> Operation<T, P> {
        Operation { state: self.state, arguments: Some(arguments) }
    }

    /// Makes an operation of one path.
    pub(super) fn of_path<P: AsRef<Path>>(
        effect: Effect,
        metadata: Metadata,
        path: P,
        call: impl FnOnce(PathBuf) -> io::Result<T> + Send + 'static,
    ) -> Operation<T, P> {
        let copy = path.as_ref().to_owned();
        let call = move || {
            finish_closing(&copy);
            call(copy)
        };
        Operation::new(effect, metadata, None, call).keeping(path)
    }

    /// Makes an operation of two paths, which changes files.
    pub(super) fn of_paths<P: AsRef<Path>, Q: AsRef<Path>>(
        metadata: Metadata,
        paths: (P, Q),
        call: impl FnOnce(PathBuf, PathBuf) -> io::Result<T> + Send + 'static,
    ) -> Operation<T, (P, Q)> {
        let (one, two) = (paths.0.as_ref().to_owned(), paths.1.as_ref().to_owned());
        let call = move || {
            finish_closing(&one);
            finish_closing(&two);
            call(one, two)
        };
        Operation::new(Effect::Changes, metadata, None, call).keeping(paths)
    }
}

/// Finishes a file of this path that was dropped with pending writes. Called by the job.
///
/// # Blocking
/// Blocks as long as these writes do.
pub(super) fn finish_closing(path: &Path) {
    // The job belongs to the runtime of the task that has polled the operation.
    if let Ok(runtime) = Handle::try_current() {
        runtime.closing_files().finish(path);
    }
}

impl<T: Send + 'static> NotStarted<T> {
    fn begin(self) -> OperationState<T> {
        let NotStarted { effect, metadata, runtime, call } = self;
        let runtime = match runtime.map_or_else(Handle::try_current, Ok) {
            Ok(runtime) => runtime,
            Err(error) => return OperationState::Known(Err(io::Error::other(error))),
        };
        match effect {
            Effect::Reads => {
                let job = runtime.submit(runtime.pool().main_lane(), metadata, (), call);
                OperationState::Reading(job.abort_on_drop())
            }
            Effect::Changes => {
                OperationState::Changing(runtime.submit(runtime.fs(), metadata, (), call))
            }
        }
    }
}

impl<T: Send + 'static, P> Operation<T, P> {
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if let OperationState::Known(_) = self.state {
            ready!(budget::poll_spend(cx));
        }
        loop {
            let ended = match &mut self.state {
                OperationState::NotStarted(_) | OperationState::Known(_) | OperationState::Done => {
                    None
                }
                OperationState::Reading(job) => Some(ready!(Pin::new(job).poll(cx))),
                OperationState::Changing(job) => Some(ready!(Pin::new(job).poll(cx))),
            };
            let before = mem::replace(&mut self.state, OperationState::Done);
            if let Some(ended) = ended {
                return Poll::Ready(ended.map_err(io::Error::other).and_then(|result| result));
            }
            match before {
                OperationState::NotStarted(new) => self.state = new.begin(),
                OperationState::Known(result) => return Poll::Ready(result),
                OperationState::Reading(_) | OperationState::Changing(_) => {}
                OperationState::Done => panic!("an operation of `fs` was polled after completion"),
            }
        }
    }
}

impl<T: Send + 'static, P> Future for Operation<T, P> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let result = ready!(self.poll_ended(cx));
        self.arguments = None;
        Poll::Ready(result)
    }
}

/// Neither the result nor the arguments are ever pinned.
impl<T: Send + 'static, P> Unpin for Operation<T, P> {}

impl<T: Send + 'static, P> fmt::Debug for Operation<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            OperationState::NotStarted(new) => {
                return f.debug_tuple("Operation").field(&new.metadata).finish();
            }
            OperationState::Reading(job) => {
                return f.debug_tuple("Operation").field(&**job).finish();
            }
            OperationState::Changing(job) => return f.debug_tuple("Operation").field(job).finish(),
            OperationState::Known(_) => "known",
            OperationState::Done => "done",
        };
        f.debug_tuple("Operation").field(&state).finish()
    }
}
