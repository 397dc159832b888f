//! Models of tasks that end early: by an abort from another thread, or because their loop closes
//! while other threads spawn.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::sync::atomic::Ordering;
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread;
use runtime_executor::{EventLoop, Handle};

use crate::drop_probe::drop_probe;
use crate::model::{Model, Mutant};
use crate::threads::{block_on, join, spawn};
use crate::waking::{probed_executor, publish_and_wake, word};

const COMPLETION: &str = "runtime-core/src/completion.rs";
const CANCEL: &str = "self.cancel_requested.swap(true";
const REMOTE: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";
const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const CHANNEL: &str = "runtime-core/src/sync/loom/channel.rs";
const CLOSE: &str = "tail.fetch_or(CLOSED, Relaxed)";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "cancel::an_aborted_task_is_dropped_by_its_loop_and_its_handle_resolves_once",
        bound: None,
        executions: 22_902,
        witnesses: &["cancelled"],
        mutants: &[
            Mutant::lose(COMPLETION, CANCEL),
            Mutant::lose(REMOTE, SEND),
            Mutant::lose(PARK, UNPARK),
        ],
        body: |witness| an_aborted_task_is_dropped_at_home(Wakes::None, (), witness),
    },
    Model {
        name: "cancel::an_aborted_task_with_a_separate_cell_is_dropped_by_its_loop",
        bound: None,
        executions: 8_884,
        witnesses: &["cancelled"],
        mutants: &[Mutant::lose(COMPLETION, CANCEL), Mutant::lose(REMOTE, SEND)],
        body: |witness| an_aborted_task_is_dropped_at_home(Wakes::None, 0_u8, witness),
    },
    Model {
        name: "cancel::a_task_that_is_aborted_as_it_ends_is_not_recycled_under_the_wake",
        bound: None,
        executions: 25_001,
        witnesses: &["cancelled", "ended by itself"],
        mutants: &[
            Mutant::lose(COMPLETION, CANCEL),
            Mutant::body("the second task is aborted, too", |witness| {
                a_task_is_aborted_as_it_ends((), JoinHandle::abort, witness);
            }),
        ],
        body: |witness| a_task_is_aborted_as_it_ends((), |_second| (), witness),
    },
    Model {
        name: "cancel::a_task_with_a_separate_cell_is_not_recycled_under_the_wake",
        bound: None,
        executions: 10_958,
        witnesses: &["cancelled", "ended by itself"],
        mutants: &[Mutant::body("the second task is aborted, too", |witness| {
            a_task_is_aborted_as_it_ends(0_u8, JoinHandle::abort, witness);
        })],
        body: |witness| a_task_is_aborted_as_it_ends(0_u8, |_second| (), witness),
    },
    Model {
        name: "cancel::of_wake_and_abort_one_ends_the_task",
        bound: Some(4),
        executions: 69_365,
        witnesses: &["cancelled", "ended by itself"],
        mutants: &[Mutant::lose(REMOTE, SEND), Mutant::split(PARK, UNPARK)],
        body: |witness| an_aborted_task_is_dropped_at_home(Wakes::One, (), witness),
    },
    Model {
        name: "cancel::a_spawn_on_a_loop_that_is_dropped_runs_or_is_cancelled",
        bound: None,
        executions: 2_773,
        witnesses: &["ran", "cancelled"],
        mutants: &[Mutant::lose(CHANNEL, CLOSE)],
        body: |witness| an_order_is_opened_or_cancelled(witness, drop),
    },
    Model {
        name: "cancel::a_spawn_on_a_loop_that_closes_and_stays_runs_or_is_cancelled",
        bound: None,
        executions: 2_773,
        witnesses: &["ran", "cancelled"],
        mutants: &[
            Mutant::lose(CHANNEL, CLOSE),
            Mutant::body("the loop stays open", |witness| {
                an_order_is_opened_or_cancelled(witness, |executor| KEPT.with(|_| keep(executor)));
            }),
        ],
        body: |witness| {
            an_order_is_opened_or_cancelled(witness, |executor| {
                let _ = executor.close();
                keep(executor);
            });
        },
    },
    Model {
        name: "cancel::a_task_and_its_handle_outlive_their_loop",
        bound: None,
        executions: 26,
        witnesses: &["cancelled"],
        mutants: &[Mutant::body("the loop is forgotten", |witness| {
            a_handle_resolves_when_the_loop_goes(witness, std::mem::forget);
        })],
        body: |witness| a_handle_resolves_when_the_loop_goes(witness, drop),
    },
];

enum Wakes {
    None,
    One,
}

/// When this value is dropped, it wakes the loop's main future.
struct Bell {
    rung: Rc<Cell<bool>>,
    listener: Rc<RefCell<Option<Waker>>>,
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.rung.set(true);
        if let Some(listener) = self.listener.borrow_mut().take() {
            listener.wake();
        }
    }
}

/// Returns a name for the result of a handle.
fn outcome<T>(result: Result<T, JoinError>) -> &'static str {
    match result {
        Ok(_) => "ended by itself",
        Err(error) if error.is_cancelled() => "cancelled",
        Err(error) => panic!("{error}"),
    }
}

/// cancel‖wake‖poll. One thread aborts the task and awaits it. Another thread may wake the task;
/// the task then ends by itself. The future is dropped once, on the loop's thread, and before its
/// handle resolves. (P1, P23, P28)
fn an_aborted_task_is_dropped_at_home<T>(wakes: Wakes, output: T, witness: &'static Witness)
where
    T: Copy + Send + 'static,
{
    let (executor, shared) = probed_executor();
    let (value, drops) = drop_probe();
    let bell = Bell { rung: Rc::default(), listener: Rc::default() };
    let (rung, listener) = (Rc::clone(&bell.rung), Rc::clone(&bell.listener));
    let (news, tellers, outcomes) = (word(), Record::new(), Record::new());
    let (started, read) = (tellers.clone(), Arc::clone(&news));
    let task = executor.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            let _alive = (&value, &bell);
            if let (Wakes::One, true) = (&wakes, started.is_empty()) {
                started.note(publish_and_wake(cx.waker().clone(), Arc::clone(&news)));
            }
            if read.load(Ordering::Relaxed) == 1 { Poll::Ready(output) } else { Poll::Pending }
        }),
    );
    let (result, dead) = (outcomes.clone(), drops.clone());
    let aborter = spawn(move || {
        task.abort();
        result.note(outcome(block_on(task)));
        dead.assert_one();
    });
    executor.block_on(poll_fn(|cx| {
        if rung.get() {
            return Poll::Ready(());
        }
        *listener.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }));
    drops.assert_one_here();
    join(aborter);
    tellers.take().into_iter().for_each(join);
    let [outcome] = outcomes.take()[..] else { panic!("it resolves once") };
    witness.saw(outcome);
    drop((executor, listener));
    shared.assert_one();
}

/// abort‖end‖recycle. A thread aborts a task while the loop ends the task and begins others of the
/// same type. A wake by the abort polls none of them, and none of them is cancelled. (P144)
fn a_task_is_aborted_as_it_ends<T>(output: T, change: fn(&JoinHandle<T>), witness: &'static Witness)
where
    T: Copy + Send + 'static,
{
    let (executor, shared) = probed_executor();
    let polls = Rc::new(Cell::new(0));
    let begin = || {
        let polls = Rc::clone(&polls);
        executor.spawn(Metadata::here(), async move {
            polls.set(polls.get() + 1);
            output
        })
    };
    let first = begin();
    let outcomes = Record::new();
    let result = outcomes.clone();
    let aborter = spawn(move || {
        first.abort();
        result.note(outcome(block_on(first)));
    });
    let _ = executor.turn(Duration::ZERO);
    let before = polls.get();
    let second = begin();
    change(&second);
    assert!(executor.block_on(second).is_ok(), "the second task was not aborted");
    join(aborter);
    assert!(executor.block_on(begin()).is_ok(), "the third task was not aborted");
    assert_eq!(polls.get(), before + 2);
    let [outcome] = outcomes.take()[..] else { panic!("it resolves once") };
    witness.saw(outcome);
    drop(executor);
    shared.assert_one();
}

runtime_core::sync::thread_local_const! {
    /// An event loop that is closed but not dropped.
    static KEPT: RefCell<Option<EventLoop>> = RefCell::new(None)
}

fn keep(executor: EventLoop) {
    KEPT.with(|kept| *kept.borrow_mut() = Some(executor));
}

/// remote spawn‖loop closing. Either the task runs and ends on the loop's thread, or it is
/// cancelled. In both cases its handle resolves, and nothing leaks. (P47, P48, P29)
fn an_order_is_opened_or_cancelled(witness: &'static Witness, end: fn(EventLoop)) {
    let (executor, shared) = probed_executor();
    let (value, drops) = drop_probe();
    let (ran, outcomes) = (Record::new(), Record::new());
    let (handle, result, home) = (executor.handle(), outcomes.clone(), thread::current().id());
    let noted = ran.clone();
    let spawner = spawn(move || {
        let task = spawn_on(&handle, move || {
            let _alive = value;
            assert_eq!(thread::current().id(), home);
            noted.note(());
        });
        result.note(outcome(block_on(task)));
    });
    let _ = executor.turn(Duration::ZERO);
    end(executor);
    join(spawner);
    drops.assert_one();
    match (&outcomes.take()[..], ran.len()) {
        (["ended by itself"], 1) => witness.saw("ran"),
        (["cancelled"], 0) => witness.saw("cancelled"),
        other => panic!("{other:?}"),
    }
    KEPT.with(|kept| drop(kept.borrow_mut().take()));
    shared.assert_one();
}

fn spawn_on(handle: &Handle, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    handle.spawn(Metadata::here(), async move { body() })
}

/// A thread that awaits a task of a loop is woken when the loop is dropped. (P45, P83)
fn a_handle_resolves_when_the_loop_goes(witness: &'static Witness, end: fn(EventLoop)) {
    let (executor, shared) = probed_executor();
    let (value, drops) = drop_probe();
    let task = executor.spawn(Metadata::here(), async move {
        let _alive = value;
        std::future::pending::<()>().await;
    });
    let outcomes = Record::new();
    let result = outcomes.clone();
    let reader = spawn(move || result.note(outcome(block_on(task))));
    let _ = executor.turn(Duration::ZERO);
    end(executor);
    drops.assert_one_here();
    join(reader);
    assert_eq!(outcomes.take(), ["cancelled"]);
    witness.saw("cancelled");
    shared.assert_one();
}
