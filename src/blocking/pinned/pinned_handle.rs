//! A state on a thread of its own, as the runtimes that call it see it.

use std::fmt;
use std::sync::Arc;

use runtime_core::context::is_on_loop;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use super::shared_clock_hold::SharedClockHolds;
use crate::handle::Handle;

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

impl<T: 'static> Pinned<T> {
    /// Returns the handle of a state that has just been made.
    pub(super) fn new(state: runtime_blocking::Pinned<T>) -> Pinned<T> {
        let clock_holds = SharedClockHolds::new();
        Pinned { owner: Arc::new(PinnedOwner { state, clock_holds }) }
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
