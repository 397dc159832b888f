//! Models of an event loop that a host turns, and of a loop whose turns are bounded.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_core::sync::atomic::Ordering;
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread;
use runtime_executor::{Config, EventLoop, NextTurn};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::{publish_and_wake, word};

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const WAKER: &str = "runtime-executor/src/task/waker.rs";
const SHARED: &str = "runtime-executor/src/scheduler/shared.rs";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "turn::a_detached_loop_is_called_back_once_and_sees_the_data",
        bound: None,
        executions: 70,
        witnesses: &["called back", "not called"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
        ],
        body: |witness| a_detached_loop_is_called_back(1, witness),
    },
    Model {
        name: "turn::two_wakes_call_a_detached_loop_back_once_each_time",
        bound: Some(4),
        executions: 18_860,
        witnesses: &["called back", "called back twice", "not called"],
        mutants: &[
            Mutant::split(PARK, UNPARK),
            Mutant::relaxed(WAKER, "self.posted.swap(true"),
            Mutant::relaxed(WAKER, "self.posted.swap(false"),
        ],
        body: |witness| a_detached_loop_is_called_back(2, witness),
    },
    Model {
        name: "turn::a_bounded_turn_forgets_no_message",
        bound: Some(4),
        executions: 77_364,
        witnesses: &["a turn was full", "no turn was full"],
        mutants: &[Mutant::lose(SHARED, "self.inbox.send(message)")],
        body: a_bounded_turn_forgets_no_message,
    },
    Model {
        name: "turn::a_task_spawned_on_another_thread_calls_the_loop",
        bound: None,
        executions: 140,
        witnesses: &["called back", "not called"],
        mutants: &[Mutant::lose(PARK, UNPARK), Mutant::split(PARK, TRY_PARK)],
        body: a_task_spawned_on_another_thread_calls_the_loop,
    },
];

/// A loop that a host turns. The hook of the loop unparks the host. The host turns the loop only
/// after such an unpark.
struct Guest {
    event_loop: EventLoop,
    calls: Record<()>,
    detachments: usize,
}

impl Guest {
    fn new() -> Guest {
        let calls = Record::new();
        let (noted, host) = (calls.clone(), thread::current());
        let hook = move || {
            noted.note(());
            host.unpark();
        };
        let config = Config { wake_hook: Some(Box::new(hook)), ..Config::default() };
        Guest { event_loop: EventLoop::new(config), calls, detachments: 0 }
    }

    /// Turns the loop after each call of the hook, until `is_over` returns true.
    fn turn_until(&mut self, is_over: impl Fn() -> bool) {
        loop {
            let before = self.calls.len();
            let turn = self.event_loop.turn(Duration::ZERO);
            if is_over() {
                return;
            }
            if turn.next == NextTurn::Now {
                continue;
            }
            self.detachments += 1;
            while self.calls.len() == before {
                thread::park();
            }
            assert_eq!(self.calls.len(), before + 1, "the hook is called once for each detachment");
        }
    }

    fn testify(&self, witness: &'static Witness) {
        assert!(
            self.calls.len() <= self.detachments + 1,
            "the hook was called for an attached loop"
        );
        witness.saw(match self.detachments {
            0 => "not called",
            1 => "called back",
            _ => "called back twice",
        });
    }
}

/// detach‖unpark. The hook is called once for each detachment. (A late wake may call it once more,
/// after the task has ended.)
fn a_detached_loop_is_called_back(wakes: usize, witness: &'static Witness) {
    let mut guest = Guest::new();
    let data: Vec<_> = (0..wakes).map(|_| word()).collect();
    let threads = Record::new();
    let started = threads.clone();
    let mut is_first = true;
    let task = guest.event_loop.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            if is_first {
                is_first = false;
                let start =
                    |data| started.note(publish_and_wake(cx.waker().clone(), Arc::clone(data)));
                data.iter().for_each(start);
            }
            let all_published = data.iter().all(|data| data.load(Ordering::Relaxed) == 1);
            if all_published { Poll::Ready(()) } else { Poll::Pending }
        }),
    );
    assert_eq!(guest.calls.take().len(), 1, "the spawn precedes the first turn");
    guest.turn_until(|| task.is_finished());
    threads.take().into_iter().for_each(join);
    guest.testify(witness);
}

/// Each turn receives at most one message. If two messages are in the inbox, the turn that receives
/// the first of them reports that the next turn must follow at once.
fn a_bounded_turn_forgets_no_message(witness: &'static Witness) {
    let event_loop = EventLoop::new(Config { turn_bound: Some(1), ..Config::default() });
    let threads = Record::new();
    let tasks = [0; 2].map(|_| {
        let data = word();
        let started = threads.clone();
        let mut is_first = true;
        event_loop.spawn(
            Metadata::here(),
            poll_fn(move |cx| {
                if is_first {
                    is_first = false;
                    started.note(publish_and_wake(cx.waker().clone(), Arc::clone(&data)));
                }
                if data.load(Ordering::Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
            }),
        )
    });
    let mut full = false;
    while tasks.iter().any(|task| !task.is_finished()) {
        let turn = event_loop.turn(Duration::ZERO);
        full |= turn.received == 1 && turn.next == NextTurn::Now;
        let ended = tasks.iter().all(|task| task.is_finished());
        if turn.next == NextTurn::OnWake && !ended {
            let _ = event_loop.turn(Duration::MAX);
        }
    }
    witness.saw(if full { "a turn was full" } else { "no turn was full" });
    threads.take().into_iter().for_each(join);
}

fn a_task_spawned_on_another_thread_calls_the_loop(witness: &'static Witness) {
    let mut guest = Guest::new();
    let handle = guest.event_loop.handle();
    let done = Record::new();
    let noted = done.clone();
    let spawner = spawn(move || {
        handle.spawn(Metadata::here(), async move { noted.note(()) }).detach();
    });
    guest.turn_until(|| !done.is_empty());
    join(spawner);
    guest.testify(witness);
}
