//! The queue of calls, and how the state's thread parks while the queue is empty.
//!
//! One mutex guards the queue. No user code runs under that mutex: calls are boxed before they are
//! pushed, and they are run, cancelled or refused after they have been removed. A call needs no
//! state of its own: it is in the queue until either the thread or an abort removes it.
//!
//! A call in the queue has a *position*, a number that counts up. An abort takes the call at its
//! position and leaves a gap, which the thread skips, so an abort costs no search. (When the last
//! call in the queue is aborted, its position is given to the next call. This is safe, because a
//! call is aborted only once.) A slab would also need a linked list of its keys. With positions,
//! the index of a call is found by a subtraction.
//!
//! The thread parks in four steps:
//!
//! - N1. The thread looks for a call under the lock. If there is none, it stores its parker in the
//!   queue before it unlocks, and then parks.
//! - N2. A push, or a close, changes the queue and takes the parker, under one lock.
//! - N3. After the unlock the caller unparks the thread, if it found a parker.
//! - N4. The thread returns from the park and repeats N1.
//!
//! ```text
//!     state's thread                 caller                         parker in the queue
//!     N1 finds no call, unlocks                                     stored
//!                                    N2 pushes, takes the parker    none
//!                                    N3 unparks
//!     parks: returns at once, because the parker is notified
//!     N4 finds the call
//! ```
//!
//! A caller that finds no parker need not unpark the thread: the thread runs a call, and looks for
//! the next one afterwards.
//!
//! A forked child has the queue, but not the thread, which may have held the mutex at the fork. So
//! all code that does not run on the thread locks with `lock_checked`, and asks the system for the
//! process ID before it wakes the thread or waits for it.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use runtime_core::catch_panic::{Payload, drop_catching, panic_text};
use runtime_core::completion::Completion;
use runtime_core::context::ThreadRole;
use runtime_core::fork::ForkCheck;
use runtime_core::join::JoinError;
use runtime_core::park::Parker;
use runtime_core::sync::counter::Counter;
use runtime_core::sync::thread::JoinHandle;
use runtime_core::sync::{Mutex, MutexGuard, lock_unless};

use super::pinned_call_error::PinnedCallError;

/// A call in the queue. Each method ends the call. No method panics, and none is called under the
/// lock.
pub(super) trait QueuedCall<T>: Send {
    /// Calls the closure with the state, and completes the call.
    fn run(self: Box<Self>, state: &mut T);

    /// Drops the closure, and completes the call as cancelled.
    fn cancel(self: Box<Self>);

    /// Drops the closure, and completes the call as refused.
    fn refuse(self: Box<Self>, why: PinnedCallError);
}

/// The number of a pinned state. A process never uses a number twice, even after the state has been
/// dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StateId(u64);

impl StateId {
    /// The role of the state's thread.
    pub(super) fn role(self) -> ThreadRole {
        ThreadRole::Pinned { state: self.0 }
    }
}

/// The number of states that have been made.
static STATE_COUNTER: Counter = Counter::new();

/// The position of a call in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallPosition(pub(super) u64);

/// *Shared by* the handles, the state's thread, and the aborters of the calls. *Guarded by* its
/// mutex. *Woken by* `push`, `close` and `close_from_last_handle`.
pub(super) struct CallQueue<T> {
    pub(super) id: StateId,
    /// The maximum number of waiting calls.
    calls_max: usize,
    /// The process that has the thread.
    process: ForkCheck,
    state: Mutex<QueueState<T>>,
}

/// The part of the queue that the mutex guards.
struct QueueState<T> {
    /// The calls in order, and gaps where aborted calls were. Neither end is a gap.
    queue: VecDeque<Option<Box<dyn QueuedCall<T>>>>,
    /// The position of the first call in the queue.
    first: u64,
    /// The number of calls in the queue, without the gaps.
    waiting: usize,
    stage: PinnedStage,
    /// The thread's parker: stored in step N1, and taken in step N2.
    parked: Option<Arc<Parker>>,
    /// The callers of `close`, which are notified when the state has been dropped.
    close_waiters: Vec<CloseWaiter>,
    /// The state's thread, which the drop of the last handle or a pending close joins.
    thread: Option<JoinHandle<()>>,
}

enum PinnedStage {
    Open,
    Closed,
    /// The state has been dropped. If its destructor panicked, this variant contains the panic's
    /// message.
    Dropped(Option<String>),
}

/// The producer of the handle that a `close` returned.
struct CloseWaiter {
    completion: Arc<Completion<()>>,
    /// Dropped after `completion` has been completed.
    keep: Box<dyn Send>,
}

/// The next step of the state's thread.
#[must_use]
pub(super) enum ThreadStep<T> {
    Run(Box<dyn QueuedCall<T>>),
    /// The thread's parker is in the queue: park, then look again.
    Park,
    /// The state is closed, and no call is left.
    Finish,
}

impl<T> CallQueue<T> {
    pub(super) fn new(calls_max: usize) -> CallQueue<T> {
        let state = QueueState {
            queue: VecDeque::new(),
            first: 0,
            waiting: 0,
            stage: PinnedStage::Open,
            parked: None,
            close_waiters: Vec::new(),
            thread: None,
        };
        let id = StateId(STATE_COUNTER.next());
        CallQueue { id, calls_max, process: ForkCheck::here(), state: Mutex::new(state) }
    }

    /// Locks the queue, in the process that has the thread.
    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock()
    }

    /// Locks the queue, in any process.
    ///
    /// # Errors
    /// In a forked child, if the mutex was locked at the fork.
    fn lock_checked(&self) -> Result<MutexGuard<'_, QueueState<T>>, PinnedCallError> {
        let mut checked = Ok(());
        let is_forked = || {
            checked = self.check_process();
            checked.is_err()
        };
        match lock_unless(&self.state, is_forked) {
            Some(state) => Ok(state),
            None => Err(checked.expect_err("the lock is given up in a forked child only")),
        }
    }

    /// Locks the queue to push a call.
    ///
    /// # Errors
    /// The reason why the call is refused.
    fn lock_to_push(&self) -> Result<MutexGuard<'_, QueueState<T>>, PinnedCallError> {
        self.process.check_cheaply().map_err(PinnedCallError::Forked)?;
        let state = self.lock_checked()?;
        if state.parked.is_some() {
            self.check_process()?;
        }
        match state.stage {
            PinnedStage::Open if state.waiting < self.calls_max => Ok(state),
            PinnedStage::Open => Err(PinnedCallError::Full),
            PinnedStage::Closed | PinnedStage::Dropped(_) => Err(PinnedCallError::Closed),
        }
    }

    /// Asks the system whether this process has the thread.
    ///
    /// # Errors
    /// In a forked child.
    pub(super) fn check_process(&self) -> Result<(), PinnedCallError> {
        self.process.check().map_err(PinnedCallError::Forked)
    }

    // ---- callers ----

    /// Accepts a call and returns its position.
    ///
    /// # Errors
    /// The call, and the reason why it is refused.
    pub(super) fn push(
        &self,
        call: Box<dyn QueuedCall<T>>,
    ) -> Result<CallPosition, (Box<dyn QueuedCall<T>>, PinnedCallError)> {
        let mut state = match self.lock_to_push() {
            Ok(state) => state,
            Err(why) => return Err((call, why)),
        };
        let position = state.first + state.queue.len() as u64;
        state.queue.push_back(Some(call));
        state.waiting += 1;
        unlock_and_wake(state);
        Ok(CallPosition(position))
    }

    /// Removes the call at this position, if it still waits.
    pub(super) fn remove(&self, position: CallPosition) -> Option<Box<dyn QueuedCall<T>>> {
        let mut state = self.lock_checked().ok()?;
        let index = usize::try_from(position.0.checked_sub(state.first)?).ok()?;
        let call = state.queue.get_mut(index)?.take()?;
        state.waiting -= 1;
        state.trim();
        Some(call)
    }

    /// The number of calls that wait; 0 if the queue cannot be locked in a forked child.
    pub(super) fn waiting(&self) -> usize {
        self.lock_checked().map_or(0, |state| state.waiting)
    }

    // ---- closing ----

    pub(super) fn is_closed(&self) -> bool {
        !self.lock_checked().is_ok_and(|state| matches!(state.stage, PinnedStage::Open))
    }

    /// Closes the queue. `completion` is completed when the state has been dropped.
    pub(super) fn close(&self, completion: Arc<Completion<()>>, keep: Box<dyn Send>) {
        let waiter = CloseWaiter { completion, keep };
        if let Err(forked) = self.check_process() {
            return waiter.refuse(forked);
        }
        let mut state = self.lock();
        if let PinnedStage::Dropped(message) = &state.stage {
            let message = message.clone();
            drop(state);
            waiter.complete(message.map(|message| Box::new(message) as Payload));
            return;
        }
        state.stage = PinnedStage::Closed;
        state.close_waiters.push(waiter);
        unlock_and_wake(state);
    }

    /// Closes the queue for the drop of the last handle, in the process that has the thread.
    /// Returns whether the queue was closed before.
    pub(super) fn close_from_last_handle(&self) -> bool {
        let mut state = self.lock();
        if !matches!(state.stage, PinnedStage::Open) {
            return true;
        }
        state.stage = PinnedStage::Closed;
        unlock_and_wake(state);
        false
    }

    pub(super) fn set_thread(&self, thread: JoinHandle<()>) {
        self.lock().thread = Some(thread);
    }

    /// Takes the thread. Only the first caller gets it.
    pub(super) fn take_thread(&self) -> Option<JoinHandle<()>> {
        self.lock().thread.take()
    }

    // ---- the state's thread ----

    /// Removes the next call, or stores the parker: step N1.
    pub(super) fn next(&self, parker: &Arc<Parker>) -> ThreadStep<T> {
        let mut state = self.lock();
        if let Some(call) = state.queue.pop_front() {
            state.first += 1;
            state.waiting -= 1;
            state.trim();
            return ThreadStep::Run(call.expect("the first entry in the queue is no gap"));
        }
        match state.stage {
            PinnedStage::Open => {
                state.parked = Some(Arc::clone(parker));
                ThreadStep::Park
            }
            PinnedStage::Closed | PinnedStage::Dropped(_) => ThreadStep::Finish,
        }
    }

    /// Records that the state has been dropped, and completes the handles of all closes. If the
    /// destructor panicked, the first close gets the payload of the panic, and the others get its
    /// message.
    pub(super) fn finish(&self, mut panic: Option<Payload>) {
        let message = panic.as_ref().map(message);
        let mut state = self.lock();
        state.stage = PinnedStage::Dropped(message.clone());
        let close_waiters = mem::take(&mut state.close_waiters);
        drop(state);
        for waiter in close_waiters {
            let copy = || message.clone().map(|message| Box::new(message) as Payload);
            waiter.complete(panic.take().or_else(copy));
        }
        drop_catching(panic);
    }
}

impl<T> QueueState<T> {
    /// Removes the gaps at both ends of the queue.
    fn trim(&mut self) {
        while let Some(None) = self.queue.front() {
            self.queue.pop_front();
            self.first += 1;
        }
        while let Some(None) = self.queue.back() {
            self.queue.pop_back();
        }
    }
}

impl CloseWaiter {
    fn refuse(self, why: PinnedCallError) {
        let refused = JoinError::refused(self.completion.metadata().clone(), Box::new(why));
        let _no_producer = self.completion.complete(Err(refused));
        drop_catching(self.keep);
    }

    fn complete(self, panic: Option<Payload>) {
        let result = match panic {
            None => Ok(()),
            Some(payload) => Err(JoinError::panicked(self.completion.metadata().clone(), payload)),
        };
        let _no_producer = self.completion.complete(result);
        drop_catching(self.keep);
    }
}

/// Takes the parker, unlocks, and unparks the thread if it was parked: steps N2 and N3.
fn unlock_and_wake<T>(mut state: MutexGuard<'_, QueueState<T>>) {
    let parked = state.parked.take();
    drop(state);
    if let Some(parker) = parked {
        parker.unpark();
    }
}

/// The message for all closes but the first, which gets the payload itself.
fn message(payload: &Payload) -> String {
    panic_text(payload).unwrap_or("the destructor of a pinned state panicked").to_owned()
}
