//! The handle of a pinned state that runtimes call.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use runtime_core::context::is_on_loop;
use runtime_core::heap_if_large;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use super::shared_clock_hold::SharedClockHolds;
use crate::handle::Handle;

/// A state that one thread makes, uses and drops. Other threads send it calls.
///
/// The problem: some states, such as a connection to a database, an interpreter, a COM object or a
/// graph of `Rc`, must not leave the thread that made them, or must be used by one thread at a
/// time. A pool cannot hold such a state, because it runs a job on any free thread. A mutex around
/// the state would block the threads that wait for it.
///
/// The idea: the state stays on its thread, and calls are sent there. A closure makes the state on
/// a thread of its own. [`call`](Pinned::call) sends that thread a closure, which gets `&mut` the
/// state, and returns a handle to await the result. Calls run one at a time, in the order in which
/// they were accepted, so a closure of several steps is a transaction.
///
/// A `Pinned` is a handle: cheap to clone, `Send` and `Sync` for every state, and bound to no
/// runtime. A call that is submitted within a runtime is work of that runtime, so
/// [`Handle::current`] inside the call is that runtime. If the runtime has a virtual clock, the
/// clock does not advance until the call has ended, except while the call sleeps in
/// [`Handle::block_on`].
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
/// A panic is returned to the caller, and the state stays usable, as under a mutex that is not
/// poisoned. So a bug of one caller does not cost all other callers their connection. Changes that
/// the call made before the panic persist. If half a change is worse than none, let the closure
/// undo the change, for example by a transaction that rolls back when dropped, or
/// [`close`](Pinned::close) the state when a call [has panicked](crate::JoinError::is_panic).
///
/// # Deadlock
/// A call may submit further calls to its own state. These run after the submitting call has ended.
/// A call that *waits* for such a call, or for [`close`](Pinned::close), therefore never ends.
///
/// # Drop
/// Dropping the last handle closes the state: the accepted calls still run, then the state is
/// dropped on its thread. What waits for the end of the state depends on where the last handle is
/// dropped:
///
/// - outside of async code, the drop itself, unless the state was [closed](Pinned::close) before;
/// - on the loop of a runtime, which must not block, the end of that runtime: [`run`](crate::run),
///   and [`Runtime::shutdown`](crate::Runtime::shutdown) with
///   [`Shutdown::Wait`](crate::blocking::Shutdown::Wait);
/// - on the state's own thread, nothing. Nothing waits for a handle that is never dropped either,
///   such as one in a `static`. If the process ends first, the remaining calls are lost.
///
/// `close().await` waits in every case.
///
/// # In a forked child
/// The state and its thread belong to the parent process: calls are
/// [refused](crate::blocking::PinnedCallError::Forked), and the drop does nothing.
#[doc(alias("spawn_pinned", "LocalPoolHandle", "actor"))]
pub struct Pinned<T: 'static> {
    owner: Arc<PinnedOwner<T>>,
}

/// The state and its clock holds. *Shared by* the clones of a handle alone, so it is dropped with
/// the last handle.
struct PinnedOwner<T: 'static> {
    state: runtime_blocking::PinnedState<T>,
    clock_holds: SharedClockHolds,
}

impl<T: 'static> Pinned<T> {
    /// Returns the handle of a state that has just been made.
    pub(super) fn new(state: runtime_blocking::PinnedState<T>) -> Pinned<T> {
        let clock_holds = SharedClockHolds::new();
        Pinned { owner: Arc::new(PinnedOwner { state, clock_holds }) }
    }

    /// Sends a call of `f` to the state's thread, and returns a handle to await its result.
    ///
    /// The call is accepted at once, and runs whether or not the handle is awaited. A panic of `f`
    /// is returned through the handle. Dropping the handle detaches the call.
    /// [`abort`](JoinHandle::abort) removes a call that has not begun, and drops the closure on the
    /// aborting thread; a running call is asked to [stop](crate::blocking::is_cancelled).
    /// [`named`](crate::named) gives the call a name.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](crate::JoinError): *panicked* with the panic of `f`,
    /// *cancelled* if the call was aborted before it began, *refused* with a
    /// [`PinnedCallError`](crate::blocking::PinnedCallError) if the state is closed, or too many
    /// calls wait.
    ///
    /// # Blocking
    /// Does not block.
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
        heap_if_large!(Box::new, f: F => self.call_sized(metadata, f))
    }

    fn call_sized<F, R>(&self, metadata: Metadata, f: F) -> JoinHandle<R>
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

    /// Closes the state: from now on calls are refused. The accepted calls run, then the state is
    /// dropped on its thread, and then the handle is ready.
    ///
    /// `close` may be called several times, even from several threads. Each returned handle becomes
    /// ready when the state has been dropped. The handle does not wait for the end of the thread,
    /// which has only thread-local destructors left to run.
    ///
    /// # Errors
    /// The handle yields a *panicked* [`JoinError`](crate::JoinError) if the state's destructor
    /// panicked. The first of the returned handles yields the payload of the panic. The others
    /// yield the panic's message.
    ///
    /// # Cancel safety
    /// Safe: a closed state stays closed, and is dropped, whether or not the handle is awaited.
    #[track_caller]
    pub fn close(&self) -> JoinHandle<()> {
        let runtime = Handle::try_current().ok();
        let share = runtime.and_then(|runtime| self.owner.clock_holds.join(&runtime));
        self.owner.state.close_with(Metadata::here(), share)
    }

    /// Returns whether the state is closed, so that calls are refused.
    pub fn is_closed(&self) -> bool {
        self.owner.state.is_closed()
    }

    /// The number of calls that wait, not counting the call that runs.
    pub fn waiting(&self) -> usize {
        self.owner.state.waiting()
    }
}

/// A panic of a call may leave the state half changed, as [`Pinned`] says, but never its handle.
impl<T: 'static> UnwindSafe for Pinned<T> {}
impl<T: 'static> RefUnwindSafe for Pinned<T> {}

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

/// On a loop, this drop does not wait for the state's end. The end of the runtime waits instead.
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
