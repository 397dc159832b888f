//! Models of a pinned state, which use its public functions.
//!
//! One mutex guards the queue of a pinned state, and a mutant cannot break a mutex. Only the
//! decisions under the mutex can be wrong. The mutants therefore lose a wake-up, or run the same
//! program on a [toy pool](crate::toy) with one thread and a mistake.

use std::sync::Arc;

use runtime_blocking::PinnedState;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread::{self, ThreadId};
use runtime_core::sync::{Mutex, injector};

use crate::drop_probe::{DropProbe, Drops, drop_probe};
use crate::model::{Model, Mutant};
use crate::threads::{block_on, join, spawn};
use crate::toy::{Bug, JobRunner, Toy};

const PARK: &str = "runtime-core/src/park.rs";
const WAKE_THREAD: &str = "PARKED => self.thread.unpark()";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const UNPARK: &str = "self.state.swap(NOTIFIED";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "pinned::a_call_to_a_thread_that_goes_to_sleep_is_run",
        bound: Some(4),
        executions: 7_403,
        witnesses: &["ran"],
        mutants: &[
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::split(PARK, TRY_PARK),
            Mutant::body("sleeps without a last check", |witness| {
                a_call_and_a_close(&Toy::new(1, Bug::SleepsWithoutALook), witness);
            }),
        ],
        body: |witness| a_call_and_a_close(&open().0, witness),
    },
    Model {
        name: "pinned::a_call_that_races_a_close_is_run_or_refused",
        bound: Some(4),
        executions: 15_920,
        witnesses: &["ran", "refused"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::body("accepts when closed", |witness| {
                a_call_while_it_closes(&Toy::new(1, Bug::AcceptsWhenClosed), witness);
            }),
        ],
        body: |witness| {
            let (pinned, home, drops) = open();
            a_call_while_it_closes(&pinned, witness);
            drop(pinned);
            drops.assert_one_on(home);
        },
    },
    Model {
        name: "pinned::the_last_of_two_handles_waits_for_all_calls_and_the_drop_of_the_state",
        bound: Some(4),
        executions: 24_729,
        witnesses: &["here", "there"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::body("the last one is counted in two steps", counted_in_two_steps),
        ],
        body: the_last_of_two_handles,
    },
    Model {
        name: "pinned::an_aborted_call_runs_or_is_cancelled",
        bound: Some(4),
        executions: 4_996,
        witnesses: &["ran", "cancelled"],
        mutants: &[
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::body("cancels a running job", |witness| {
                abort(&Toy::new(1, Bug::CancelsWhatRuns), witness);
            }),
        ],
        body: |witness| abort(&open().0, witness),
    },
    Model {
        name: "pinned::a_detached_opening_ends",
        bound: Some(5),
        executions: 158,
        witnesses: &["detached"],
        mutants: &[Mutant::body("its result is kept", |witness| {
            an_opening(std::mem::forget, witness);
        })],
        body: |witness| an_opening(drop, witness),
    },
    Model {
        name: "pinned::a_thread_that_cannot_start_leaves_nothing",
        bound: None,
        executions: 1,
        witnesses: &["refused"],
        mutants: &[Mutant::body("the second is refused", |witness| cannot_start(2, witness))],
        body: |witness| cannot_start(1, witness),
    },
    Model {
        name: "pinned::the_toy_without_a_mistake_passes",
        bound: Some(2),
        executions: 63,
        witnesses: &["ran"],
        mutants: &[],
        body: |witness| a_call_and_a_close(&Toy::new(1, Bug::None), witness),
    },
    Model {
        name: "pinned::the_toy_without_a_mistake_passes_while_it_closes",
        bound: Some(2),
        executions: 38,
        witnesses: &["ran", "refused"],
        mutants: &[],
        body: |witness| a_call_while_it_closes(&Toy::new(1, Bug::None), witness),
    },
    Model {
        name: "pinned::the_toy_without_a_mistake_passes_when_it_aborts",
        bound: Some(2),
        executions: 36,
        witnesses: &["ran", "cancelled"],
        mutants: &[],
        body: |witness| abort(&Toy::new(1, Bug::None), witness),
    },
];

type Closure = Box<dyn FnOnce() + Send>;

/// Runs calls on one thread. Implemented by the pinned state and by the toy pool.
trait CallThread: Clone + Send + 'static {
    fn call(&self, closure: Closure) -> JoinHandle<()>;
    /// Accepts no more calls, and waits until all accepted calls have ended.
    fn close(&self);
}

/// A pinned state, as it ships.
impl CallThread for PinnedState<DropProbe> {
    fn call(&self, closure: Closure) -> JoinHandle<()> {
        PinnedState::call(self, move |_| closure())
    }

    fn close(&self) {
        block_on(PinnedState::close(self)).expect("no panic");
    }
}

/// The toy pool, in place of a pinned state.
impl CallThread for Toy {
    fn call(&self, closure: Closure) -> JoinHandle<()> {
        JobRunner::submit(self, closure).unwrap_or_else(|closure| {
            drop(closure);
            JoinHandle::failed(JoinError::refused(Metadata::here(), "it is closed".into()))
        })
    }

    fn close(&self) {
        JobRunner::close(self);
    }
}

fn open() -> (PinnedState<DropProbe>, ThreadId, Drops) {
    let (state, drops) = drop_probe();
    let home = Record::new();
    let noted = home.clone();
    let opened = PinnedState::open(move || {
        noted.note(thread::current().id());
        state
    });
    let pinned = block_on(opened).expect("it opens");
    let [home] = home.take()[..] else { panic!("it is made once") };
    (pinned, home, drops)
}

/// The thread is awake, about to park, or parked when the call arrives; likewise when the close
/// arrives.
fn a_call_and_a_close(thread: &impl CallThread, witness: &'static Witness) {
    let ran = Record::new();
    let noted = ran.clone();
    block_on(thread.call(Box::new(move || noted.note(())))).expect("it ran");
    assert_eq!(ran.len(), 1);
    thread.close();
    witness.saw("ran");
}

/// A close races with a call. The call is either run or refused, exactly once. (P48)
fn a_call_while_it_closes(thread: &impl CallThread, witness: &'static Witness) {
    let (value, drops) = drop_probe();
    let (ran, ends) = (Record::new(), Record::new());
    let (other, noted, end) = (thread.clone(), ran.clone(), ends.clone());
    let caller = spawn(move || {
        let call = other.call(Box::new(move || {
            let _alive = value;
            noted.note(());
        }));
        end.note(match block_on(call) {
            Ok(()) => "ran",
            Err(error) => {
                assert!(error.is_refused());
                "refused"
            }
        });
    });
    thread.close();
    join(caller);
    let [end] = ends.take()[..] else { panic!("one end") };
    assert_eq!(ran.len(), usize::from(end == "ran"));
    drops.assert_one();
    witness.saw(end);
}

/// Two threads each make a call and then drop their handle. The last drop waits for both calls and
/// for the drop of the state.
fn the_last_of_two_handles(witness: &'static Witness) {
    let (pinned, home, drops) = open();
    let ran = Record::new();
    let call = {
        let ran = ran.clone();
        move |pinned: PinnedState<DropProbe>| {
            let noted = ran.clone();
            pinned.call(move |_| noted.note(())).detach();
            drop(pinned);
        }
    };
    let (other, others_call, others_drops) = (pinned.clone(), call.clone(), drops.clone());
    let last = Record::new();
    let noted = last.clone();
    let caller = spawn(move || {
        others_call(other);
        if others_drops.is_one() {
            noted.note("there");
        }
    });
    call(pinned);
    let was_here = drops.is_one();
    join(caller);
    drops.assert_one_on(home);
    assert_eq!(ran.len(), 2, "accepted calls run before the state is dropped");
    witness.saw(if was_here { "here" } else { "there" });
    assert!(was_here || last.len() == 1, "the last drop has waited");
}

/// A count of handles that is read in one step and written in a second step. Each of two concurrent
/// drops may therefore assume that the other is the last.
fn counted_in_two_steps(_: &'static Witness) {
    let handles = Arc::new(Mutex::new(2));
    let closes = Record::new();
    let let_go = {
        let closes = closes.clone();
        move || {
            let left = *handles.lock() - 1;
            *handles.lock() = left;
            if left == 0 {
                closes.note(());
            }
        }
    };
    let other = spawn(let_go.clone());
    let_go();
    join(other);
    assert_eq!(closes.len(), 1, "the last one closes");
}

/// An abort races with the beginning of the call. (P56)
fn abort(thread: &impl CallThread, witness: &'static Witness) {
    let (value, drops) = drop_probe();
    let ran = Record::new();
    let noted = ran.clone();
    let call = thread.call(Box::new(move || {
        let _alive = value;
        noted.note(());
    }));
    call.abort();
    let end = match block_on(call) {
        Ok(()) => "ran",
        Err(error) => {
            assert!(error.is_cancelled());
            "cancelled"
        }
    };
    drops.assert_one();
    thread.close();
    assert_eq!(ran.len(), usize::from(end == "ran"));
    drops.assert_one();
    witness.saw(end);
}

/// A value whose drop completes a cell.
struct CompleteOnDrop(Arc<Completion<()>>);

impl Drop for CompleteOnDrop {
    fn drop(&mut self) {
        let _no_producer = self.0.complete(Ok(()));
    }
}

/// The handle that awaits the opening is dropped while the state is being made. The state is then
/// dropped on its own thread.
fn an_opening(
    end: fn(JoinHandle<PinnedState<(DropProbe, CompleteOnDrop)>>),
    witness: &'static Witness,
) {
    let (value, drops) = drop_probe();
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    let complete = CompleteOnDrop(Arc::clone(&cell));
    end(PinnedState::open(move || (value, complete)));
    block_on(JoinHandle::new(cell)).expect("it completes");
    drops.assert_one();
    witness.saw("detached");
}

/// The thread cannot be started, so `make` is dropped without being called.
fn cannot_start(which: usize, witness: &'static Witness) {
    injector::refuse_spawn(which);
    let (state, drops) = drop_probe();
    let error = block_on(PinnedState::open(move || state)).expect_err("no thread");
    assert!(error.is_refused());
    drops.assert_one_here();
    witness.saw("refused");
}
