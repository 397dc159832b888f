//! A pinned state, as its users hold it.

use std::fmt;
use std::sync::Arc;

use runtime_core::completion::Completion;
use runtime_core::context::is_on_loop;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use super::call_queue::CallQueue;
use super::pending_close::PendingClose;
use super::pinned_call::{CallAborter, ClosureCall};
use super::state_thread as thread;

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
/// It is a handle: cheap to clone, `Send` and `Sync` whatever the state is.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use runtime_blocking::Pinned;
///
/// # async fn program() -> Result<(), runtime_core::join::JoinError> {
/// // An `Rc` is not `Send`. It is made on its thread, and never leaves it.
/// let names = Pinned::open(|| Rc::new(RefCell::new(Vec::new()))).await?;
/// names.call(|names| names.borrow_mut().push("Ada")).await?;
/// let number = names.call(|names| names.borrow().len()).await?;
/// assert_eq!(number, 1);
/// names.close().await
/// # }
/// # let mut program = std::pin::pin!(program());
/// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// # loop {
/// #     if let std::task::Poll::Ready(end) = program.as_mut().poll(&mut cx) {
/// #         break end.expect("nothing fails");
/// #     }
/// #     std::thread::yield_now();
/// # }
/// ```
///
/// # Panics of a call
/// They come back to who made the call, and the state stays in use, as under a lock that does not
/// poison: the bug of one caller must not take the connection from all the others. What the call
/// had changed before it panicked stays changed. Where half a change is worse than none, let the
/// closure undo it (a transaction that is rolled back when it is dropped does), or
/// [`close`](Pinned::close) the state when a call
/// [has panicked](runtime_core::join::JoinError::is_panic).
///
/// # Deadlock
/// A call may make calls on its own state, and they run after it. To *wait* for one of them inside
/// a call is to wait for oneself, for ever; so is waiting for [`close`](Pinned::close) there.
///
/// # Drop
/// Dropping the last handle closes the state, and loses nothing: the calls that were accepted are
/// still run, then the state is dropped on its thread. The drop also waits for that, and joins the
/// thread, except where waiting would be wrong: on a thread that is turning an event loop, on the
/// state's own thread, and after a [`close`](Pinned::close), whose handle is there to be awaited.
/// There the thread finishes by itself; if the process ends first, what it had not finished is
/// lost. So end a program with `close().await`.
///
/// # In a forked child
/// The thread is not there: calls are [refused](crate::PinnedCallError::Forked), and the drop does
/// nothing.
pub struct Pinned<T: 'static> {
    handle: Arc<PinnedShared<T>>,
}

/// What the clones share. *Shared by* them alone, so that its drop is the last handle's.
struct PinnedShared<T: 'static> {
    calls: Arc<CallQueue<T>>,
}

impl<T: 'static> Pinned<T> {
    /// The handle of a state whose queue this is.
    pub(super) fn with_calls(calls: Arc<CallQueue<T>>) -> Pinned<T> {
        Pinned { handle: Arc::new(PinnedShared { calls }) }
    }

    /// Has the state's thread call `f` with the state, and returns the handle by which the result
    /// is awaited.
    ///
    /// The call is accepted at once and runs whether or not the handle is awaited. A panic of `f`
    /// comes back through the handle. Dropping the handle detaches; [`abort`](JoinHandle::abort)
    /// removes a call that has not begun, and drops the closure where `abort` was called; a call
    /// that runs is asked to [stop](crate::is_cancelled).
    ///
    /// # Errors
    /// The handle yields a [`JoinError`](runtime_core::join::JoinError): *panicked* with the panic
    /// of `f`, *cancelled* if it was aborted before it began, *refused* with a [`PinnedCallError`] if the
    /// state is closed, or too many calls wait.
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

    /// [`call`](Pinned::call) under metadata that the caller brings, to give the call a name.
    ///
    /// # Errors
    /// As [`call`](Pinned::call).
    pub fn call_as<F, R>(&self, metadata: Metadata, f: F) -> JoinHandle<R>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.call_with(metadata, (), f)
    }

    /// [`call_as`](Pinned::call_as) with something to `keep`: it is dropped when the call has come
    /// to its end, whichever that is, and whoever awaits it has been told.
    ///
    /// # Errors
    /// As [`call`](Pinned::call).
    pub fn call_with<F, R, K>(&self, metadata: Metadata, keep: K, f: F) -> JoinHandle<R>
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
            Ok(place) => aborter.begin(place),
            Err((call, why)) => call.refuse(why),
        }
        JoinHandle::new(completion)
    }

    /// Closes the state: from now on calls are refused. Those that were accepted are run, then the
    /// state is dropped on its thread, and then the handle is ready.
    ///
    /// It may be called several times, and by several; each handle is ready at the end. It does
    /// not wait for the thread's own end, of which only thread-local destructors are left.
    ///
    /// # Errors
    /// The handle yields a *panicked* [`JoinError`](runtime_core::join::JoinError) if the state's
    /// destructor panicked: the first one with its payload, the others with its message.
    ///
    /// # Cancel safety
    /// What is closed stays closed, and ends, whether or not the handle is awaited or aborted.
    #[track_caller]
    pub fn close(&self) -> JoinHandle<()> {
        self.close_with(Metadata::here(), ())
    }

    /// [`close`](Pinned::close) under metadata, with something to `keep` until it is over and
    /// whoever awaits it has been told.
    ///
    /// # Errors
    /// As [`close`](Pinned::close).
    pub fn close_with<K: Send + 'static>(&self, metadata: Metadata, keep: K) -> JoinHandle<()> {
        let completion = Arc::new(Completion::new(metadata, None));
        self.handle.calls.close(Arc::clone(&completion), Box::new(keep));
        JoinHandle::new(completion)
    }

    /// Whether calls are refused, because it was closed.
    pub fn is_closed(&self) -> bool {
        self.handle.calls.is_closed()
    }

    /// How many calls wait. The one that runs is not among them.
    pub fn waiting(&self) -> usize {
        self.handle.calls.waiting()
    }

    /// Closes the state and takes its thread, for who drops the last handle where nobody may wait
    /// and can have the thread joined later. `None` if it was taken before, or is this one.
    #[doc(hidden)]
    pub fn close_later(&self) -> Option<PendingClose> {
        self.handle.calls.check_process().ok()?;
        let closed = self.close_with(Metadata::here(), ());
        if thread::is_current(&self.handle.calls) {
            return None;
        }
        let thread = self.handle.calls.take_thread()?;
        Some(PendingClose { closed, thread, state: std::any::type_name::<T>() })
    }
}

impl<T: 'static> Clone for Pinned<T> {
    fn clone(&self) -> Pinned<T> {
        Pinned { handle: Arc::clone(&self.handle) }
    }
}

impl<T: 'static> fmt::Debug for Pinned<T> {
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
            // The state and its thread are the parent's.
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
