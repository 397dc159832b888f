//! A state on a thread of its own, as the runtimes that call it see it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::on_loop::is_on_loop;

use crate::handle::Handle;

mod shared_clock_hold;

use shared_clock_hold::SharedClockHolds;

/// A state that one thread makes, uses and drops; everybody else sends it calls.
///
/// The problem: a connection to a database, an interpreter, a COM object, a graph of `Rc` may not
/// leave the thread that made it, or may be used by one thread at a time. A pool runs each job on
/// whichever thread is free, so it cannot hold such a thing; and a mutex round it would block
/// whoever waits.
///
/// The idea: the thread stays, the calls travel. A closure makes the state on a thread of its own;
/// [`call`](Pinned::call) sends that thread a closure which is given `&mut` the state, and returns
/// a handle by which its result is awaited. Calls run one at a time, in the order in which they
/// were accepted, so a closure that does several things is a transaction.
///
/// It is a handle: cheap to clone, `Send` and `Sync` whatever the state is, and bound to no
/// runtime. A call that is made within a runtime is work of that runtime: [`Handle::current`] in it
/// is that runtime, whose virtual clock, if it has one, stands still until the call has ended,
/// except while it sleeps in [`Handle::block_on`].
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use aside::blocking::Pinned;
///
/// aside::run(async {
///     // An `Rc` is not `Send`. It is made on its thread, and never leaves it.
///     let names = Pinned::open(|| Rc::new(RefCell::new(Vec::new()))).await?;
///     names.call(|names| names.borrow_mut().push("Ada")).await?;
///     assert_eq!(names.call(|names| names.borrow().len()).await?, 1);
///     names.close().await
/// })?;
/// # Ok::<(), aside::JoinError>(())
/// ```
///
/// # Panics of a call
/// They come back to who made the call, and the state stays in use, as under a lock that does not
/// poison: the bug of one caller must not take the connection from all the others. What the call
/// had changed before it panicked stays changed. Where half a change is worse than none, let the
/// closure undo it (a transaction that is rolled back when it is dropped does), or
/// [`close`](Pinned::close) the state when a call [has panicked](crate::JoinError::is_panic).
///
/// # Deadlock
/// A call may make calls on its own state, and they run after it. To *wait* for one of them inside
/// a call is to wait for oneself, for ever; so is waiting for [`close`](Pinned::close) there.
///
/// # Drop
/// Dropping the last handle closes the state, and loses nothing: the calls that were accepted are
/// still run, then the state is dropped on its thread. Who waits for that:
///
/// - outside of async code, the drop itself, unless the state was [closed](Pinned::close) before;
/// - on the loop of a runtime, where nobody may wait, the end of that runtime: [`run`](crate::run),
///   and [`Runtime::shutdown`](crate::Runtime::shutdown) with
///   [`Shutdown::Wait`](crate::blocking::Shutdown::Wait);
/// - on the state's own thread, nobody, and so it is for a handle that is never dropped, such as
///   one in a `static`. If the process ends first, what the thread had not finished is lost.
///
/// So `close().await` is how a program ends that leaves nothing to chance.
///
/// # In a forked child
/// The state and its thread are the parent's: calls are
/// [refused](crate::blocking::PinnedCallError::Forked), and the drop does nothing.
pub struct Pinned<T: 'static> {
    owner: Arc<PinnedOwner<T>>,
}

/// What the clones share. *Shared by* them alone, so that its drop is the last handle's.
struct PinnedOwner<T: 'static> {
    state: runtime_blocking::Pinned<T>,
    clock_holds: SharedClockHolds,
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

    /// Has the state's thread call `f` with the state, and returns the handle by which the result
    /// is awaited.
    ///
    /// The call is accepted at once and runs whether or not the handle is awaited. A panic of `f`
    /// comes back through the handle. Dropping the handle detaches; [`abort`](JoinHandle::abort)
    /// removes a call that has not begun, and drops the closure where `abort` was called; a call
    /// that runs is asked to [stop](crate::blocking::is_cancelled).
    /// [`named`](crate::named) gives it a name.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](crate::JoinError): *panicked* with the panic of `f`,
    /// *cancelled* if it was aborted before it began, *refused* with a
    /// [`PinnedCallError`](crate::blocking::PinnedCallError) if the state is closed, or too many calls wait.
    ///
    /// # Blocking
    /// Never waits for a call.
    #[track_caller]
    pub fn call<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.call_as(Metadata::here(), f)
    }

    pub(crate) fn call_as<F, R>(&self, metadata: Metadata, f: F) -> JoinHandle<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        let PinnedOwner { state, clock_holds } = &*self.owner;
        match Handle::try_current() {
            Err(_no_runtime) => state.call_with(metadata, (), f),
            Ok(runtime) => {
                let share = clock_holds.join(&runtime);
                state.call_with(metadata, share, move |state| runtime.at_work(|| f(state)))
            }
        }
    }

    /// Closes the state: from now on calls are refused. Those that were accepted are run, then the
    /// state is dropped on its thread, and then the handle is ready.
    ///
    /// It may be called several times, and by several; each handle is ready at the end. It does
    /// not wait for the thread's own end, of which only thread-local destructors are left.
    ///
    /// # Errors
    /// The handle yields a *panicked* [`JoinError`](crate::JoinError) if the state's destructor
    /// panicked: the first one with its payload, the others with its message.
    ///
    /// # Cancel safety
    /// What is closed stays closed, and ends, whether or not the handle is awaited or aborted.
    #[track_caller]
    pub fn close(&self) -> JoinHandle<()> {
        let runtime = Handle::try_current().ok();
        let share = runtime.and_then(|runtime| self.owner.clock_holds.join(&runtime));
        self.owner.state.close_with(Metadata::here(), share)
    }

    /// Whether calls are refused, because it was closed.
    pub fn is_closed(&self) -> bool {
        self.owner.state.is_closed()
    }

    /// How many calls wait. The one that runs is not among them.
    pub fn waiting(&self) -> usize {
        self.owner.state.waiting()
    }
}

impl<T: 'static> Clone for Pinned<T> {
    fn clone(&self) -> Pinned<T> {
        Pinned { owner: Arc::clone(&self.owner) }
    }
}

impl<T: 'static> fmt::Debug for Pinned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.owner.state, f)
    }
}

/// On a loop the runtime's end waits, in place of the drop.
impl<T: 'static> Drop for PinnedOwner<T> {
    fn drop(&mut self) {
        if !is_on_loop() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if let Some(pending) = self.state.close_later() {
            runtime.wait_at_shutdown(pending);
        }
    }
}

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
        let wrap = |made: Result<runtime_blocking::Pinned<T>, E>| {
            wrap(made.map(|state| Pinned {
                owner: Arc::new(PinnedOwner { state, clock_holds: SharedClockHolds::new() }),
            }))
        };
        match Handle::try_current() {
            Err(_no_runtime) => self.0.open_with(metadata, (), make, wrap),
            Ok(runtime) => {
                let hold = runtime.hold_clock();
                self.0.open_with(metadata, hold, move || runtime.at_work(make), wrap)
            }
        }
    }
}
