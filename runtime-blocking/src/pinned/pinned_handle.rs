//! The handle of a pinned state.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use runtime_core::completion::Completion;
use runtime_core::context::is_on_loop;
use runtime_core::heap_if_large;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::park::Parker;

use super::call_queue::CallQueue;
use super::pending_close::{PendingClose, UnparkOnDrop};
use super::pinned_call::{CallAborter, ClosureCall};
use super::state_thread as thread;

/// A state that one thread makes, uses and drops. Other threads send calls to that thread.
///
/// The problem: some objects must not leave the thread that made them, or must be used by one
/// thread at a time. Examples are a connection to a database, an interpreter, a COM object, and a
/// graph of `Rc`. A pool cannot hold such a state, because it runs a job on any free thread. A
/// mutex around the state would block the threads that wait for it.
///
/// The idea: the state stays on its thread, and calls are sent there. A closure makes the state on
/// a thread of its own. [`call`](PinnedState::call) sends that thread a closure, which gets `&mut`
/// the state, and returns a handle to await the result. Calls run one at a time, in the order in
/// which they were accepted, so a closure of several steps is a transaction.
///
/// This type is a handle: cheap to clone, and `Send` and `Sync` whatever the type of the state is.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use aside::blocking::Pinned; // a `PinnedState` that is tied to a runtime
///
/// aside::run(async {
///     // An `Rc` is not `Send`. It is made on its thread, and never leaves it.
///     let names = Pinned::open(|| Rc::new(RefCell::new(Vec::new()))).await?;
///     names.call(|names| names.borrow_mut().push("Ada")).await?;
///     let number = names.call(|names| names.borrow().len()).await?;
///     assert_eq!(number, 1);
///     names.close().await
/// })?;
/// # Ok::<(), aside::JoinError>(())
/// ```
///
/// # Panics of a call
/// A panic is returned to the caller, and the state stays usable, as under a mutex that is not
/// poisoned. The reason is that a bug of one caller must not make the state unusable for all
/// others. Changes that the call made before the panic persist. If half a change is worse than
/// none, let the closure undo the change, for example with a transaction that rolls back when it is
/// dropped. Another way is to [`close`](PinnedState::close) the state when a call [has
/// panicked](runtime_core::join::JoinError::is_panic).
///
/// # Deadlock
/// A call may submit calls to its own state, which run after it. A call that *waits* for such a
/// call, or for [`close`](PinnedState::close), waits for its own end, and never ends.
///
/// # Drop
/// Dropping the last handle closes the state: the accepted calls still run, then the state is
/// dropped on its thread. The drop waits until the state has been dropped, and joins the thread. In
/// three cases it does not wait: on a thread that turns an event loop, on the state's own thread,
/// and after a [`close`](PinnedState::close), whose handle can be awaited instead. In these cases
/// the thread finishes by itself. If the process ends first, the remaining calls are lost. So end a
/// program with `close().await`.
///
/// # In a forked child
/// The state's thread does not exist in the child: calls are
/// [refused](crate::PinnedCallError::Forked), and the drop does nothing.
pub struct PinnedState<T: 'static> {
    handle: Arc<PinnedShared<T>>,
}

/// The content of a handle. *Shared by* the clones of the handle alone, so it is dropped with the
/// last handle.
struct PinnedShared<T: 'static> {
    calls: Arc<CallQueue<T>>,
}

impl<T: 'static> PinnedState<T> {
    /// Returns a handle of the state with this queue.
    pub(super) fn with_calls(calls: Arc<CallQueue<T>>) -> PinnedState<T> {
        PinnedState { handle: Arc::new(PinnedShared { calls }) }
    }

    /// Sends a call of `f` to the state's thread, and returns a handle to await its result.
    ///
    /// The call is accepted at once, and runs whether or not the handle is awaited. A panic of `f`
    /// is returned through the handle. Dropping the handle detaches the call.
    /// [`abort`](JoinHandle::abort) removes a call that has not begun, and drops the closure on the
    /// aborting thread; a running call is asked to [stop](crate::is_cancelled).
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](runtime_core::join::JoinError): *panicked* with the panic
    /// of `f`, *cancelled* if the call was aborted before it began, *refused* with a
    /// [`PinnedCallError`](crate::PinnedCallError) if the state is closed, or too many calls wait.
    ///
    /// # Blocking
    /// Does not block.
    #[track_caller]
    pub fn call<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.call_with(Metadata::here(), (), f)
    }

    /// Makes a [`call`](PinnedState::call) with the caller's metadata, for example with a name.
    ///
    /// # Errors
    /// Those of [`call`](PinnedState::call).
    pub fn call_as<F, R>(&self, metadata: Metadata, f: F) -> JoinHandle<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.call_with(metadata, (), f)
    }

    /// Makes a [`call_as`](PinnedState::call_as) that owns `keep`. `keep` is dropped after the call
    /// has ended, in any way, and its handle has become ready.
    ///
    /// # Errors
    /// Those of [`call`](PinnedState::call).
    pub fn call_with<F, R, K>(&self, metadata: Metadata, keep: K, f: F) -> JoinHandle<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
        K: Send + 'static,
    {
        heap_if_large!(Box::new, f: F => self.call_sized(metadata, keep, f))
    }

    fn call_sized<F, R, K>(&self, metadata: Metadata, keep: K, f: F) -> JoinHandle<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
        K: Send + 'static,
    {
        let calls = &self.handle.calls;
        let completion = Arc::new(Completion::new(metadata, None));
        let aborter = CallAborter::new(Arc::clone(calls), Arc::clone(&completion));
        let work = ClosureCall { closure: f, keep, aborter: Arc::clone(&aborter) };
        match calls.push(Box::new(work)) {
            Ok(position) => aborter.begin(position),
            Err((call, why)) => call.refuse(why),
        }
        JoinHandle::new(completion)
    }

    /// Closes the state: from now on calls are refused. The accepted calls run, then the state is
    /// dropped on its thread, and then the handle is ready.
    ///
    /// `close` may be called several times, even from several threads. All handles become ready
    /// when the state has been dropped. They do not wait for the end of the thread, which has only
    /// thread-local destructors left to run.
    ///
    /// # Errors
    /// The handle yields a *panicked* [`JoinError`](runtime_core::join::JoinError) if the state's
    /// destructor panicked. The error of the first close contains the panic's payload, and the
    /// errors of the others contain its message.
    ///
    /// # Cancel safety
    /// Safe: a closed state stays closed, and is dropped, whether or not the handle is awaited.
    #[track_caller]
    pub fn close(&self) -> JoinHandle<()> {
        self.close_with(Metadata::here(), ())
    }

    /// Closes the state with the caller's metadata. The close owns `keep`, which is dropped after
    /// the handle has become ready.
    ///
    /// # Errors
    /// Those of [`close`](PinnedState::close).
    pub fn close_with<K: Send + 'static>(&self, metadata: Metadata, keep: K) -> JoinHandle<()> {
        let completion = Arc::new(Completion::new(metadata, None));
        self.handle.calls.close(Arc::clone(&completion), Box::new(keep));
        JoinHandle::new(completion)
    }

    /// Returns whether the state is closed, so that calls are refused.
    pub fn is_closed(&self) -> bool {
        self.handle.calls.is_closed()
    }

    /// The number of waiting calls, without the call that runs.
    pub fn waiting(&self) -> usize {
        self.handle.calls.waiting()
    }

    /// Closes the state and returns its thread. Called where the last handle is dropped and the
    /// drop must not block. The caller joins the thread later. Returns `None` if the thread was
    /// taken before or is the current thread, and in a forked child.
    #[doc(hidden)]
    pub fn close_later(&self) -> Option<PendingClose> {
        self.handle.calls.check_process().ok()?;
        let parker = Arc::new(Parker::new());
        let closed = self.close_with(Metadata::here(), UnparkOnDrop(Arc::clone(&parker)));
        if thread::is_current(&self.handle.calls) {
            return None;
        }
        let thread = self.handle.calls.take_thread()?;
        Some(PendingClose { closed, parker, thread, state: std::any::type_name::<T>() })
    }
}

/// The state itself may be half changed after a panic of a call, which the caller of that call
/// learns. The handle never is.
impl<T: 'static> UnwindSafe for PinnedState<T> {}
impl<T: 'static> RefUnwindSafe for PinnedState<T> {}

impl<T: 'static> Clone for PinnedState<T> {
    fn clone(&self) -> PinnedState<T> {
        PinnedState { handle: Arc::clone(&self.handle) }
    }
}

impl<T: 'static> fmt::Debug for PinnedState<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned")
            .field("state", &std::any::type_name::<T>())
            .field("closed", &self.is_closed())
            .field("waiting", &self.waiting())
            .finish()
    }
}

impl<T: 'static> Drop for PinnedShared<T> {
    fn drop(&mut self) {
        if self.calls.check_process().is_err() {
            // The state and its thread belong to the parent process.
            return;
        }
        let was_closed = self.calls.close_from_last_handle();
        let thread = self.calls.take_thread();
        let must_not_wait = was_closed || is_on_loop() || thread::is_current(&self.calls);
        if let (false, Some(thread)) = (must_not_wait, thread) {
            thread::join(thread);
        }
    }
}
