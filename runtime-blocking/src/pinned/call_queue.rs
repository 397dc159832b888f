//! The queue of calls, and how the state's thread sleeps at it.
//!
//! One lock guards all of it, and nothing of the user's happens there: calls are boxed before, and
//! run, cancelled or refused after. *Being in the queue* is the whole state of a call. It is known
//! by its place, a number that counts up: aborting takes the call out and leaves a gap, which the
//! thread passes over. So a call is taken once, by the thread or by who aborts it, and an abort
//! costs no search. (A place at the end is given out again when its call was aborted, which happens
//! once to a call; so nobody is left who might mean the former one.)
//!
//! The thread looks, and if there is nothing, leaves its parker here, all under one lock. Who
//! brings a call, or closes, takes the parker along and unparks it outside the lock. So a thread
//! that is awake costs no unpark, and one that sleeps costs one.
//!
//! In a forked child the thread is not there, and it may have held the lock at the fork. So whoever
//! is not the thread takes the lock by `lock_checked`, and asks the system before it would
//! wake the thread, or wait for it.

use std::collections::VecDeque;
use std::sync::Arc;

use runtime_core::catch_panic::{Payload, drop_catching, panic_text};
use runtime_core::completion::Completion;
use runtime_core::fork::ForkCheck;
use runtime_core::join::JoinError;
use runtime_core::park::Parker;
use runtime_core::sync::counter::Counter;
use runtime_core::sync::thread::JoinHandle;
use runtime_core::sync::{Mutex, MutexGuard, lock_unless};

use super::pinned_call_error::PinnedCallError;

/// What queue and thread know of a call. Each method is an end; none panics, or runs under a lock.
pub(super) trait QueuedCall<T>: Send {
    /// Calls the closure with the state, and completes the cell.
    fn run(self: Box<Self>, state: &mut T);

    /// Drops the closure and says that it was cancelled.
    fn cancel(self: Box<Self>);

    /// Drops the closure and says why it was not accepted.
    fn refuse(self: Box<Self>, why: PinnedCallError);
}

/// How many states there have been.
static STATE_COUNTER: Counter = Counter::new();

/// *Shared by* the handles, the state's thread, and the aborters of the calls that wait. *Guarded
/// by* its lock. *Woken by* `push` and the two closes.
pub(super) struct CallQueue<T> {
    /// Tells this state from all others of the process, past and future.
    pub(super) number: u64,
    calls_max: usize,
    /// Where the thread is.
    process: ForkCheck,
    state: Mutex<QueueState<T>>,
}

/// What the lock guards.
struct QueueState<T> {
    /// The calls in their order. An aborted one has left a gap; neither end is one.
    queue: VecDeque<Option<Box<dyn QueuedCall<T>>>>,
    /// The place of the first in the queue.
    first: u64,
    /// The calls in the queue, without the gaps.
    waiting: usize,
    stage: PinnedStage,
    /// The thread's, while it sleeps and nobody has called it.
    parked: Option<Arc<Parker>>,
    /// Who waits for the end.
    close_waiters: Vec<CloseWaiter>,
    /// To be joined by who drops the last handle.
    thread: Option<JoinHandle<()>>,
}

enum PinnedStage {
    Open,
    Closed,
    /// The state is dropped; if its destructor panicked, with this message.
    Dropped(Option<String>),
}

/// Somebody who waits for the end.
struct CloseWaiter {
    completion: Arc<Completion<()>>,
    /// Dropped when he has been told.
    keep: Box<dyn Send>,
}

/// What the thread does next.
#[must_use]
pub(super) enum ThreadStep<T> {
    Run(Box<dyn QueuedCall<T>>),
    /// Its parker lies in the queue: it is to park, and to look again.
    Park,
    /// It is closed, and no call is left.
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
        let process = ForkCheck::here();
        CallQueue { number: STATE_COUNTER.next(), calls_max, process, state: Mutex::new(state) }
    }

    /// For the thread.
    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock()
    }

    /// For everybody else. An error in a forked child, if the lock was held at the fork.
    fn lock_checked(&self) -> Result<MutexGuard<'_, QueueState<T>>, PinnedCallError> {
        let mut checked = Ok(());
        let is_forked = || {
            checked = self.check_process();
            checked.is_err()
        };
        match lock_unless(&self.state, is_forked) {
            Some(state) => Ok(state),
            None => Err(checked.expect_err("it is hopeless for this reason")),
        }
    }

    /// The lock for who brings a call, or why that is refused.
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
    pub(super) fn check_process(&self) -> Result<(), PinnedCallError> {
        self.process.check().map_err(PinnedCallError::Forked)
    }

    // ---- who calls ----

    /// Accepts a call and says where it waits, or gives it back.
    pub(super) fn push(
        &self,
        call: Box<dyn QueuedCall<T>>,
    ) -> Result<u64, (Box<dyn QueuedCall<T>>, PinnedCallError)> {
        let mut state = match self.lock_to_push() {
            Ok(state) => state,
            Err(why) => return Err((call, why)),
        };
        let place = state.first + state.queue.len() as u64;
        state.queue.push_back(Some(call));
        state.waiting += 1;
        unlock_and_wake(state);
        Ok(place)
    }

    /// Takes the call at this place out, if it still waits.
    pub(super) fn remove(&self, place: u64) -> Option<Box<dyn QueuedCall<T>>> {
        let mut state = self.lock_checked().ok()?;
        let index = usize::try_from(place.checked_sub(state.first)?).ok()?;
        let call = state.queue.get_mut(index)?.take()?;
        state.waiting -= 1;
        state.trim();
        Some(call)
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock_checked().map_or(0, |state| state.waiting)
    }

    // ---- who closes ----

    pub(super) fn is_closed(&self) -> bool {
        !self.lock_checked().is_ok_and(|state| matches!(state.stage, PinnedStage::Open))
    }

    /// Accepts no call any more, and completes the cell at the end.
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

    /// The same when the last handle goes, in the process that has the thread. Says whether it was
    /// closed before.
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

    /// The thread, for the first who asks.
    pub(super) fn take_thread(&self) -> Option<JoinHandle<()>> {
        self.lock().thread.take()
    }

    // ---- the state's thread ----

    /// Takes the next call, or leaves the parker.
    pub(super) fn next(&self, parker: &Arc<Parker>) -> ThreadStep<T> {
        let mut state = self.lock();
        if let Some(call) = state.queue.pop_front() {
            state.first += 1;
            state.waiting -= 1;
            state.trim();
            return ThreadStep::Run(call.expect("the first in the queue is no gap"));
        }
        match state.stage {
            PinnedStage::Open => {
                state.parked = Some(Arc::clone(parker));
                ThreadStep::Park
            }
            PinnedStage::Closed | PinnedStage::Dropped(_) => ThreadStep::Finish,
        }
    }

    /// The state is dropped, and its destructor may have panicked: tells who waits for that.
    pub(super) fn end(&self, mut panic: Option<Payload>) {
        let message = panic.as_ref().map(message);
        let mut state = self.lock();
        state.stage = PinnedStage::Dropped(message.clone());
        let close_waiters = std::mem::take(&mut state.close_waiters);
        drop(state);
        for waiter in close_waiters {
            let said = || message.clone().map(|message| Box::new(message) as Payload);
            waiter.complete(panic.take().or_else(said));
        }
        drop_catching(panic);
    }
}

impl<T> QueueState<T> {
    /// Sees to it that the queue neither begins nor ends with a gap.
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

/// Ends the lock, and wakes the thread if it sleeps.
fn unlock_and_wake<T>(mut state: MutexGuard<'_, QueueState<T>>) {
    let parked = state.parked.take();
    drop(state);
    if let Some(parker) = parked {
        parker.unpark();
    }
}

/// What is told to all but the first, who gets the payload itself.
fn message(payload: &Payload) -> String {
    panic_text(payload).unwrap_or("the destructor of a pinned state panicked").to_owned()
}
