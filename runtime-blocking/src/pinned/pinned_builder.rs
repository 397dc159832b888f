//! How a pinned state's thread is configured.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::Arc;

use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::sync::thread;

use super::call_queue::CallQueue;
use super::pinned_handle::Pinned;
use super::state_thread::{StateOpening, run_state};
use crate::pool::settings::ThreadBody;

type Spawner =
    dyn Fn(String, Option<usize>, ThreadBody) -> io::Result<thread::JoinHandle<()>> + Send + Sync;

/// Configures a [`Pinned`] state's thread; made by [`Pinned::builder`].
#[must_use = "a builder does nothing before `open`"]
pub struct PinnedBuilder {
    name: Cow<'static, str>,
    stack_size: Option<usize>,
    calls_max: usize,
    spawner: Option<Arc<Spawner>>,
}

impl PinnedBuilder {
    pub(super) fn new() -> PinnedBuilder {
        let name = Cow::Borrowed("pinned");
        PinnedBuilder { name, stack_size: None, calls_max: usize::MAX, spawner: None }
    }

    /// What the thread is called; `pinned` if not set. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the name contains a NUL byte, which the name of a thread cannot.
    #[track_caller]
    pub fn thread_name(mut self, name: impl Into<Cow<'static, str>>) -> PinnedBuilder {
        let name = name.into();
        assert!(!name.contains('\0'), "a thread's name cannot contain a NUL byte");
        self.name = name;
        self
    }

    /// The stack size of the thread, in bytes; what std takes if not set.
    pub fn stack_size(mut self, bytes: usize) -> PinnedBuilder {
        self.stack_size = Some(bytes);
        self
    }

    /// At most so many calls wait, the one that runs not counted; more are
    /// [refused](crate::PinnedCallError::Full). Without limit if not set. An aborted call makes room.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn calls_max(mut self, calls: usize) -> PinnedBuilder {
        assert!(calls > 0, "if no call may wait, none is ever accepted");
        self.calls_max = calls;
        self
    }

    /// Starts the thread in place of std, so that a test can refuse it.
    #[doc(hidden)]
    pub fn spawner(
        mut self,
        spawner: impl Fn(String, Option<usize>, ThreadBody) -> io::Result<thread::JoinHandle<()>>
        + Send
        + Sync
        + 'static,
    ) -> PinnedBuilder {
        self.spawner = Some(Arc::new(spawner));
        self
    }

    /// As [`Pinned::open`].
    ///
    /// # Errors
    /// As [`Pinned::open`].
    #[track_caller]
    pub fn open<T, M>(self, make: M) -> JoinHandle<Pinned<T>>
    where
        T: 'static,
        M: FnOnce() -> T + Send + 'static,
    {
        self.open_with(Metadata::here(), (), || Ok::<T, Infallible>(make()), always)
    }

    /// As [`Pinned::try_open`].
    ///
    /// # Errors
    /// As [`Pinned::try_open`].
    #[track_caller]
    pub fn try_open<T, E, M>(self, make: M) -> JoinHandle<Result<Pinned<T>, E>>
    where
        T: 'static,
        E: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
    {
        self.open_with(Metadata::here(), (), make, |made| made)
    }

    /// Opens a state under metadata, with something to `keep` until that is done and whoever
    /// awaits it has been told. What the handle yields is made of the result by `wrap`, which must
    /// not panic.
    #[doc(hidden)]
    pub fn open_with<T, E, O, K, M, W>(
        self,
        metadata: Metadata,
        keep: K,
        make: M,
        wrap: W,
    ) -> JoinHandle<O>
    where
        T: 'static,
        E: 'static,
        O: Send + 'static,
        K: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
        W: FnOnce(Result<Pinned<T>, E>) -> O + Send + 'static,
    {
        let calls = Arc::new(CallQueue::new(self.calls_max));
        let completion = Arc::new(Completion::new(metadata, None));
        let wrap = |made: Result<_, E>| wrap(made.map(Pinned::with_calls));
        let opening = StateOpening { make, wrap, keep, completion: Arc::clone(&completion) };
        let own = Arc::clone(&calls);
        match self.start_thread(move || run_state(own, opening)) {
            // Nobody has a handle of the state before the reading end, which is made below: who
            // drops the last one finds the thread to be joined.
            Ok(thread) => calls.set_thread(thread),
            Err(error) => {
                let refused = JoinError::refused(completion.metadata().clone(), Box::new(error));
                return JoinHandle::failed(refused);
            }
        }
        JoinHandle::new(completion)
    }

    fn start_thread(
        self,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<thread::JoinHandle<()>> {
        let name = self.name.into_owned();
        match self.spawner {
            None => thread::spawn(name, self.stack_size, body),
            Some(spawner) => spawner(name, self.stack_size, Box::new(body)),
        }
    }
}

impl Pinned<()> {
    /// For a thread with a name, another stack, or a bound on the calls that wait; of any state.
    pub fn builder() -> PinnedBuilder {
        PinnedBuilder::new()
    }
}

impl<T: 'static> Pinned<T> {
    /// Starts a thread and has it make the state. The handle yields it when it is made.
    ///
    /// Dropping the handle detaches: the state is made, and dropped again when nobody takes it.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](runtime_core::join::JoinError): *panicked* with the panic
    /// of `make`, *refused* with the system's error if no thread could be started, *cancelled* if
    /// it was aborted before `make` began.
    ///
    /// # Blocking
    /// Starting a thread takes some ten microseconds.
    #[track_caller]
    pub fn open<M>(make: M) -> JoinHandle<Pinned<T>>
    where
        M: FnOnce() -> T + Send + 'static,
    {
        PinnedBuilder::new().open(make)
    }

    /// [`open`](Pinned::open) with a closure that may fail, as opening a database does.
    ///
    /// # Errors
    /// As [`open`](Pinned::open); the error of `make` is inside.
    #[track_caller]
    pub fn try_open<E, M>(make: M) -> JoinHandle<Result<Pinned<T>, E>>
    where
        E: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
    {
        PinnedBuilder::new().try_open(make)
    }
}

/// What `make` never fails with.
fn always<T>(made: Result<T, Infallible>) -> T {
    let Ok(value) = made;
    value
}

impl fmt::Debug for PinnedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedBuilder")
            .field("thread_name", &self.name)
            .field("stack_size", &self.stack_size)
            .field("calls_max", &self.calls_max)
            .finish_non_exhaustive()
    }
}
