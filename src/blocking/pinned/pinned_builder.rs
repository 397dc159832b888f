//! The settings of a pinned state, and its opening.

use std::borrow::Cow;
use std::convert::Infallible;

use runtime_core::heap_if_large;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use super::pinned_handle::Pinned;
use crate::handle::Handle;

/// The settings of a [`Pinned`] state's thread. [`Pinned::builder`] makes it.
///
/// ```
/// use aside::blocking::Pinned;
///
/// aside::run(async {
///     let builder = Pinned::builder().thread_name("log").calls_max(1_000);
///     let log = builder.open(Vec::<u8>::new).await?;
///     log.call(|log| log.extend_from_slice(b"begun")).await?;
///     log.close().await
/// })?;
/// # Ok::<(), aside::JoinError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing before `open`"]
pub struct PinnedBuilder(runtime_blocking::PinnedStateBuilder);

impl PinnedBuilder {
    /// Sets the name of the thread. The default is `pinned`. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the name contains a NUL byte, which a thread's name cannot contain.
    #[track_caller]
    pub fn thread_name(self, name: impl Into<Cow<'static, str>>) -> PinnedBuilder {
        PinnedBuilder(self.0.thread_name(name))
    }

    /// Sets the stack size of the thread in bytes. The default is std's.
    pub fn stack_size(self, bytes: usize) -> PinnedBuilder {
        PinnedBuilder(self.0.stack_size(bytes))
    }

    /// Sets whether the thread takes every signal that the thread which starts it takes. By
    /// default, it blocks the signals that are meant for the program, as [the threads of a
    /// pool](crate::blocking::PoolBuilder::inherit_signals) do.
    pub fn inherit_signals(self, inherit: bool) -> PinnedBuilder {
        PinnedBuilder(self.0.inherit_signals(inherit))
    }

    /// Sets the maximum number of calls that wait, not counting the call that runs. Further calls
    /// are [refused](crate::blocking::PinnedCallError::Full). An aborted call makes room. There is
    /// no limit by default.
    ///
    /// # Panics
    /// If `calls` is 0.
    #[track_caller]
    pub fn calls_max(self, calls: usize) -> PinnedBuilder {
        PinnedBuilder(self.0.calls_max(calls))
    }

    /// Opens a state with these settings. See [`Pinned::open`].
    ///
    /// # Errors
    /// Those of [`Pinned::open`].
    #[track_caller]
    pub fn open<T, M>(self, make: M) -> JoinHandle<Pinned<T>>
    where
        T: 'static,
        M: FnOnce() -> T + Send + 'static,
    {
        let always = |made: Result<Pinned<T>, Infallible>| {
            let Ok(pinned) = made;
            pinned
        };
        self.open_as(Metadata::here(), || Ok(make()), always)
    }

    /// Opens a state with these settings and a closure that may fail. See [`Pinned::try_open`].
    ///
    /// # Errors
    /// Those of [`Pinned::try_open`].
    #[track_caller]
    pub fn try_open<T, E, M>(self, make: M) -> JoinHandle<Result<Pinned<T>, E>>
    where
        T: 'static,
        E: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
    {
        self.open_as(Metadata::here(), make, |made| made)
    }

    fn open_as<T, E, O, M, W>(self, metadata: Metadata, make: M, wrap: W) -> JoinHandle<O>
    where
        T: 'static,
        E: 'static,
        O: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
        W: FnOnce(Result<Pinned<T>, E>) -> O + Send + 'static,
    {
        heap_if_large!(Box::new, make: M => self.open_sized(metadata, make, wrap))
    }

    fn open_sized<T, E, O, M, W>(self, metadata: Metadata, make: M, wrap: W) -> JoinHandle<O>
    where
        T: 'static,
        E: 'static,
        O: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
        W: FnOnce(Result<Pinned<T>, E>) -> O + Send + 'static,
    {
        let wrap = |made: Result<_, E>| wrap(made.map(Pinned::new));
        match Handle::try_current() {
            Err(_no_runtime) => self.0.open_with(metadata, (), make, wrap),
            Ok(runtime) => {
                let hold = runtime.hold_clock();
                self.0.open_with(metadata, hold, move || runtime.at_work(make), wrap)
            }
        }
    }
}

impl Pinned<()> {
    /// Returns a builder with the default settings, for a state of any type.
    pub fn builder() -> PinnedBuilder {
        PinnedBuilder(runtime_blocking::PinnedState::builder())
    }
}

impl Default for PinnedBuilder {
    fn default() -> PinnedBuilder {
        Pinned::builder()
    }
}

impl<T: 'static> Pinned<T> {
    /// Starts a thread that makes the state. The handle yields the state.
    ///
    /// Dropping the handle detaches the opening: the state is made, and dropped at once.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](crate::JoinError): *panicked* with the panic of `make`,
    /// *refused* with the system's error if no thread can be started, *cancelled* if the opening
    /// was aborted before `make` began.
    ///
    /// # Blocking
    /// Blocks while a thread is started, for some ten microseconds.
    #[track_caller]
    pub fn open<M>(make: M) -> JoinHandle<Pinned<T>>
    where
        M: FnOnce() -> T + Send + 'static,
    {
        Pinned::builder().open(make)
    }

    /// Opens a state with a closure that may fail, as opening a database may.
    ///
    /// ```
    /// use aside::blocking::Pinned;
    ///
    /// aside::run(async {
    ///     let opened = Pinned::try_open(|| std::fs::File::open("no/such/file")).await?;
    ///     assert_eq!(opened.unwrap_err().kind(), std::io::ErrorKind::NotFound);
    ///     Ok::<(), aside::JoinError>(())
    /// })?;
    /// # Ok::<(), aside::JoinError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`open`](Pinned::open). An error of `make` is in the handle's output.
    #[track_caller]
    pub fn try_open<E, M>(make: M) -> JoinHandle<Result<Pinned<T>, E>>
    where
        E: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
    {
        Pinned::builder().try_open(make)
    }
}
