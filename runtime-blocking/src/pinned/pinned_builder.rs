//! The settings of a pinned state's thread, and its opening.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::Arc;

use runtime_core::completion::Completion;
use runtime_core::heap_if_large;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::sync::thread;

use super::call_queue::CallQueue;
use super::pinned_handle::PinnedState;
use super::state_thread::{StateOpening, run_state};
use crate::pool::settings::Spawner;
use crate::worker::signal_mask::{Masked, SignalMask, ThreadBody};

/// The settings of a [`PinnedState`]'s thread. Made by [`PinnedState::builder`].
#[must_use = "a builder does nothing before `open`"]
pub struct PinnedStateBuilder {
    name: Cow<'static, str>,
    stack_size: Option<usize>,
    calls_max: usize,
    signals: SignalMask,
    spawner: Option<Arc<Spawner>>,
}

impl PinnedStateBuilder {
    pub(super) fn new() -> PinnedStateBuilder {
        let name = Cow::Borrowed("pinned");
        let signals = SignalMask::HostSignals;
        PinnedStateBuilder { name, stack_size: None, calls_max: usize::MAX, signals, spawner: None }
    }

    /// Sets the name of the thread. The default is `pinned`. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the name contains a NUL byte, which a thread's name cannot contain.
    #[track_caller]
    pub fn thread_name(mut self, name: impl Into<Cow<'static, str>>) -> PinnedStateBuilder {
        let name = name.into();
        assert!(!name.contains('\0'), "a thread's name cannot contain a NUL byte");
        self.name = name;
        self
    }

    /// Sets the stack size of the thread in bytes. The default is std's.
    pub fn stack_size(mut self, bytes: usize) -> PinnedStateBuilder {
        self.stack_size = Some(bytes);
        self
    }

    /// Sets the maximum number of waiting calls, without the call that runs. Further calls are
    /// [refused](crate::PinnedCallError::Full). An aborted call makes room. There is no limit by
    /// default.
    ///
    /// # Panics
    /// If `calls` is 0.
    #[track_caller]
    pub fn calls_max(mut self, calls: usize) -> PinnedStateBuilder {
        assert!(calls > 0, "with room for no call, every call would be refused");
        self.calls_max = calls;
        self
    }

    /// Sets whether the thread takes every signal that the thread which starts it takes. By
    /// default, it blocks the signals that are meant for the program, as [the threads of a
    /// pool](crate::PoolBuilder::inherit_signals) do.
    pub fn inherit_signals(mut self, inherit: bool) -> PinnedStateBuilder {
        self.signals = SignalMask::inherited(inherit);
        self
    }

    /// Replaces the function that starts the thread, so that a test can make the start fail.
    #[doc(hidden)]
    pub fn spawner(
        mut self,
        spawner: impl Fn(String, Option<usize>, ThreadBody) -> io::Result<thread::JoinHandle<()>>
        + Send
        + Sync
        + 'static,
    ) -> PinnedStateBuilder {
        self.spawner = Some(Arc::new(spawner));
        self
    }

    /// Opens a state as [`PinnedState::open`] does, with these settings.
    ///
    /// # Errors
    /// Those of [`PinnedState::open`].
    #[track_caller]
    pub fn open<T, M>(self, make: M) -> JoinHandle<PinnedState<T>>
    where
        T: 'static,
        M: FnOnce() -> T + Send + 'static,
    {
        self.open_with(Metadata::here(), (), || Ok::<T, Infallible>(make()), always)
    }

    /// Opens a state as [`PinnedState::try_open`] does, with these settings.
    ///
    /// # Errors
    /// Those of [`PinnedState::try_open`].
    #[track_caller]
    pub fn try_open<T, E, M>(self, make: M) -> JoinHandle<Result<PinnedState<T>, E>>
    where
        T: 'static,
        E: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
    {
        self.open_with(Metadata::here(), (), make, |made| made)
    }

    /// Opens a state with the caller's metadata. The opening owns `keep`, which is dropped after
    /// the handle has become ready. `wrap` turns the result into the handle's output, and must not
    /// panic.
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
        W: FnOnce(Result<PinnedState<T>, E>) -> O + Send + 'static,
    {
        heap_if_large!(Box::new, make: M => self.open_sized(metadata, keep, make, wrap))
    }

    fn open_sized<T, E, O, K, M, W>(
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
        W: FnOnce(Result<PinnedState<T>, E>) -> O + Send + 'static,
    {
        let calls = Arc::new(CallQueue::new(self.calls_max));
        let completion = Arc::new(Completion::new(metadata, None));
        let wrap = |made: Result<_, E>| wrap(made.map(PinnedState::with_calls));
        let opening = StateOpening { make, wrap, keep, completion: Arc::clone(&completion) };
        let own = Arc::clone(&calls);
        match self.start_thread(Box::new(move || run_state(own, opening))) {
            // The first handle of the state is read through the `JoinHandle` that is made below. So
            // the thread's handle is stored before the last handle of the state can be dropped. The
            // drop of that last handle joins the thread.
            Ok(thread) => calls.set_thread(thread),
            Err(error) => {
                let refused = JoinError::refused(completion.metadata().clone(), Box::new(error));
                return JoinHandle::failed(refused);
            }
        }
        JoinHandle::new(completion)
    }

    fn start_thread(self, body: ThreadBody) -> io::Result<thread::JoinHandle<()>> {
        let name = self.name.into_owned();
        let masked = Masked::new(self.signals);
        let body = masked.wrap(body);
        match self.spawner {
            None => thread::spawn(name, self.stack_size, body),
            Some(spawner) => spawner(name, self.stack_size, body),
        }
    }
}

impl PinnedState<()> {
    /// Returns a builder with the default settings, for a state of any type.
    pub fn builder() -> PinnedStateBuilder {
        PinnedStateBuilder::new()
    }
}

impl<T: 'static> PinnedState<T> {
    /// Starts a thread that makes the state. The handle yields the state.
    ///
    /// Dropping the handle detaches the opening: the state is made, and dropped at once.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](runtime_core::join::JoinError): *panicked* with the panic
    /// of `make`, *refused* with the system's error if no thread can be started, *cancelled* if the
    /// opening was aborted before `make` began.
    ///
    /// # Blocking
    /// Blocks for the start of a thread, some ten microseconds.
    #[track_caller]
    pub fn open<M>(make: M) -> JoinHandle<PinnedState<T>>
    where
        M: FnOnce() -> T + Send + 'static,
    {
        PinnedStateBuilder::new().open(make)
    }

    /// Opens a state with a closure that may fail, as opening a database may.
    ///
    /// # Errors
    /// Those of [`open`](PinnedState::open). An error of `make` is in the handle's output.
    #[track_caller]
    pub fn try_open<E, M>(make: M) -> JoinHandle<Result<PinnedState<T>, E>>
    where
        E: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
    {
        PinnedStateBuilder::new().try_open(make)
    }
}

/// Unwraps the result of a `make` that cannot fail.
fn always<T>(made: Result<T, Infallible>) -> T {
    let Ok(value) = made;
    value
}

impl fmt::Debug for PinnedStateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedStateBuilder")
            .field("thread_name", &self.name)
            .field("stack_size", &self.stack_size)
            .field("calls_max", &self.calls_max)
            .finish_non_exhaustive()
    }
}
