//! The settings of a pinned state, and its opening.

use std::borrow::Cow;
use std::convert::Infallible;

use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use super::pinned_handle::Pinned;
use crate::handle::Handle;

/// Configures a [`Pinned`] state's thread; made by [`Pinned::builder`].
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
pub struct PinnedBuilder(runtime_blocking::PinnedBuilder);

impl PinnedBuilder {
    /// What the thread is called; `pinned` if not set. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the name contains a NUL byte, which the name of a thread cannot.
    #[track_caller]
    pub fn thread_name(self, name: impl Into<Cow<'static, str>>) -> PinnedBuilder {
        PinnedBuilder(self.0.thread_name(name))
    }

    /// The stack size of the thread, in bytes; what std takes if not set.
    pub fn stack_size(self, bytes: usize) -> PinnedBuilder {
        PinnedBuilder(self.0.stack_size(bytes))
    }

    /// At most so many calls wait, the one that runs not counted; more are
    /// [refused](crate::blocking::PinnedCallError::Full). Without limit if not set. An aborted call makes
    /// room.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn calls_max(self, calls: usize) -> PinnedBuilder {
        PinnedBuilder(self.0.calls_max(calls))
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
        let always = |made: Result<Pinned<T>, Infallible>| {
            let Ok(pinned) = made;
            pinned
        };
        self.open_as(Metadata::here(), || Ok(make()), always)
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
    /// For a thread with a name, another stack, or a bound on the calls that wait; of any state.
    pub fn builder() -> PinnedBuilder {
        PinnedBuilder(runtime_blocking::Pinned::builder())
    }
}

impl<T: 'static> Pinned<T> {
    /// Starts a thread and has it make the state. The handle yields it when it is made.
    ///
    /// Dropping the handle detaches: the state is made, and dropped again when nobody takes it.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](crate::JoinError): *panicked* with the panic of `make`,
    /// *refused* with the system's error if no thread could be started, *cancelled* if it was
    /// aborted before `make` began.
    ///
    /// # Blocking
    /// Starting a thread takes some ten microseconds.
    #[track_caller]
    pub fn open<M>(make: M) -> JoinHandle<Pinned<T>>
    where
        M: FnOnce() -> T + Send + 'static,
    {
        Pinned::builder().open(make)
    }

    /// [`open`](Pinned::open) with a closure that may fail, as opening a database does.
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
    /// As [`open`](Pinned::open); the error of `make` is inside.
    #[track_caller]
    pub fn try_open<E, M>(make: M) -> JoinHandle<Result<Pinned<T>, E>>
    where
        E: Send + 'static,
        M: FnOnce() -> Result<T, E> + Send + 'static,
    {
        Pinned::builder().try_open(make)
    }
}
