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
//! is not the thread takes the lock by `lock_from_outside`, and asks the system before it would
//! wake the thread, or wait for it.

use std::collections::VecDeque;
use std::sync::Arc;

use runtime_core::catch_panic::{Payload, drop_catching};
use runtime_core::completion::Completion;
use runtime_core::fork::ForkCheck;
use runtime_core::join::JoinError;
use runtime_core::park::Parker;
use runtime_core::sync::counter::Counter;
use runtime_core::sync::thread::JoinHandle;
use runtime_core::sync::{Mutex, MutexGuard, lock_unless};

use super::pinned_call_error::CallError;

/// What queue and thread know of a call. Each method is an end; none panics, or runs under a lock.
pub(super) trait Call<T>: Send {
    /// Calls the closure with the state, and completes the cell.
    fn run(self: Box<Self>, state: &mut T);

    /// Drops the closure and says that it was cancelled.
    fn cancel(self: Box<Self>);

    /// Drops the closure and says why it was not accepted.
    fn refuse(self: Box<Self>, why: CallError);
}

/// How many states there have been.
static STATES: Counter = Counter::new();

/// *Shared by* the handles, the state's thread, and the aborters of the calls that wait. *Guarded
/// by* its lock. *Woken by* `push` and the two closes.
pub(super) struct Calls<T> {
    /// Tells this state from all others of the process, past and future.
    pub(super) number: u64,
    calls_max: usize,
    /// Where the thread is.
    process: ForkCheck,
    line: Mutex<Line<T>>,
}

/// What the lock guards.
struct Line<T> {
    /// The calls in their order. An aborted one has left a gap; neither end is one.
    queue: VecDeque<Option<Box<dyn Call<T>>>>,
    /// The place of the first in the queue.
    first: u64,
    /// The calls in the queue, without the gaps.
    waiting: usize,
    stage: Stage,
    /// The thread's, while it sleeps and nobody has called it.
    sleeper: Option<Arc<Parker>>,
    /// Who waits for the end.
    closers: Vec<Closer>,
    /// To be joined by who drops the last handle.
    thread: Option<JoinHandle<()>>,
}

enum Stage {
    Open,
    Closed,
    /// The state is dropped; if its destructor panicked, with this message.
    Over(Option<String>),
}

/// Somebody who waits for the end.
struct Closer {
    completion: Arc<Completion<()>>,
    /// Dropped when he has been told.
    keep: Box<dyn Send>,
}

/// What the thread does next.
#[must_use]
pub(super) enum Next<T> {
    Run(Box<dyn Call<T>>),
    /// Its parker lies in the queue: it is to park, and to look again.
    Sleep,
    /// It is closed, and no call is left.
    End,
}

impl<T> Calls<T> {
    pub(super) fn new(calls_max: usize) -> Calls<T> {
        let line = Line {
            queue: VecDeque::new(),
            first: 0,
            waiting: 0,
            stage: Stage::Open,
            sleeper: None,
            closers: Vec::new(),
            thread: None,
        };
        let process = ForkCheck::new();
        process.settle();
        Calls { number: STATES.next(), calls_max, process, line: Mutex::new(line) }
    }

    /// For the thread.
    fn lock(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock()
    }

    /// For everybody else. An error in a forked child, if the lock was held at the fork.
    fn lock_from_outside(&self) -> Result<MutexGuard<'_, Line<T>>, CallError> {
        let mut checked = Ok(());
        let is_hopeless = || {
            checked = self.check_process();
            checked.is_err()
        };
        match lock_unless(&self.line, is_hopeless) {
            Some(line) => Ok(line),
            None => Err(checked.expect_err("it is hopeless for this reason")),
        }
    }

    /// The lock for who brings a call, or why that is refused.
    fn lock_to_push(&self) -> Result<MutexGuard<'_, Line<T>>, CallError> {
        self.process.check_cheaply().map_err(CallError::Forked)?;
        let line = self.lock_from_outside()?;
        if line.sleeper.is_some() {
            self.check_process()?;
        }
        match line.stage {
            Stage::Open if line.waiting < self.calls_max => Ok(line),
            Stage::Open => Err(CallError::Full),
            Stage::Closed | Stage::Over(_) => Err(CallError::Closed),
        }
    }

    /// Asks the system whether this process has the thread.
    pub(super) fn check_process(&self) -> Result<(), CallError> {
        self.process.check().map_err(CallError::Forked)
    }

    // ---- who calls ----

    /// Accepts a call and says where it waits, or gives it back.
    pub(super) fn push(
        &self,
        call: Box<dyn Call<T>>,
    ) -> Result<u64, (Box<dyn Call<T>>, CallError)> {
        let mut line = match self.lock_to_push() {
            Ok(line) => line,
            Err(why) => return Err((call, why)),
        };
        let place = line.first + line.queue.len() as u64;
        line.queue.push_back(Some(call));
        line.waiting += 1;
        unlock_and_wake(line);
        Ok(place)
    }

    /// Takes the call at this place out, if it still waits.
    pub(super) fn remove(&self, place: u64) -> Option<Box<dyn Call<T>>> {
        let mut line = self.lock_from_outside().ok()?;
        let index = usize::try_from(place.checked_sub(line.first)?).ok()?;
        let call = line.queue.get_mut(index)?.take()?;
        line.waiting -= 1;
        line.trim();
        Some(call)
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock_from_outside().map_or(0, |line| line.waiting)
    }

    // ---- who closes ----

    pub(super) fn is_closed(&self) -> bool {
        !self.lock_from_outside().is_ok_and(|line| matches!(line.stage, Stage::Open))
    }

    /// Accepts no call any more, and completes the cell at the end.
    pub(super) fn close(&self, completion: Arc<Completion<()>>, keep: Box<dyn Send>) {
        let closer = Closer { completion, keep };
        if let Err(forked) = self.check_process() {
            return closer.refuse(forked);
        }
        let mut line = self.lock();
        if let Stage::Over(message) = &line.stage {
            let message = message.clone();
            drop(line);
            closer.tell(message.map(|message| Box::new(message) as Payload));
            return;
        }
        line.stage = Stage::Closed;
        line.closers.push(closer);
        unlock_and_wake(line);
    }

    /// The same when the last handle goes, in the process that has the thread. Says whether it was
    /// closed before.
    pub(super) fn close_at_last(&self) -> bool {
        let mut line = self.lock();
        if !matches!(line.stage, Stage::Open) {
            return true;
        }
        line.stage = Stage::Closed;
        unlock_and_wake(line);
        false
    }

    pub(super) fn deposit_thread(&self, thread: JoinHandle<()>) {
        self.lock().thread = Some(thread);
    }

    /// The thread, for the first who asks.
    pub(super) fn take_thread(&self) -> Option<JoinHandle<()>> {
        self.lock().thread.take()
    }

    // ---- the state's thread ----

    /// Takes the next call, or leaves the parker.
    pub(super) fn next(&self, parker: &Arc<Parker>) -> Next<T> {
        let mut line = self.lock();
        if let Some(call) = line.queue.pop_front() {
            line.first += 1;
            line.waiting -= 1;
            line.trim();
            return Next::Run(call.expect("the first in the queue is no gap"));
        }
        match line.stage {
            Stage::Open => {
                line.sleeper = Some(Arc::clone(parker));
                Next::Sleep
            }
            Stage::Closed | Stage::Over(_) => Next::End,
        }
    }

    /// The state is dropped, and its destructor may have panicked: tells who waits for that.
    pub(super) fn end(&self, mut panic: Option<Payload>) {
        let message = panic.as_ref().map(message);
        let mut line = self.lock();
        line.stage = Stage::Over(message.clone());
        let closers = std::mem::take(&mut line.closers);
        drop(line);
        for closer in closers {
            let said = || message.clone().map(|message| Box::new(message) as Payload);
            closer.tell(panic.take().or_else(said));
        }
        drop_catching(panic);
    }
}

impl<T> Line<T> {
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

impl Closer {
    fn refuse(self, why: CallError) {
        let refused = JoinError::refused(self.completion.metadata().clone(), Box::new(why));
        let _no_producer = self.completion.complete(Err(refused));
        drop_catching(self.keep);
    }

    fn tell(self, panic: Option<Payload>) {
        let result = match panic {
            None => Ok(()),
            Some(payload) => Err(JoinError::panicked(self.completion.metadata().clone(), payload)),
        };
        let _no_producer = self.completion.complete(result);
        drop_catching(self.keep);
    }
}

/// Ends the lock, and wakes the thread if it sleeps.
fn unlock_and_wake<T>(mut line: MutexGuard<'_, Line<T>>) {
    let sleeper = line.sleeper.take();
    drop(line);
    if let Some(parker) = sleeper {
        parker.unpark();
    }
}

/// What is told to all but the first, who gets the payload itself.
fn message(payload: &Payload) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("the destructor of a pinned state panicked").to_owned()
}
