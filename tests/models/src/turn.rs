//! A loop that somebody else turns, and one whose turns are bounded.

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
use crate::waking::{tell, word};

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const WAKER: &str = "runtime-executor/src/task/waker.rs";
const REMOTE: &str = "runtime-executor/src/scheduler/shared.rs";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "turn::a_loop_that_is_away_is_called_back_once_and_sees_the_news",
        bound: None,
        executions: 43,
        witnesses: &["called back", "not called"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
        ],
        body: |witness| a_loop_that_is_away_is_called_back(1, witness),
    },
    Model {
        name: "turn::two_tellers_call_a_loop_back_once_for_each_absence",
        bound: Some(4),
        executions: 10_535,
        witnesses: &["called back", "called back twice", "not called"],
        mutants: &[
            Mutant::split(PARK, UNPARK),
            Mutant::relaxed(WAKER, "if !self.posted.swap(true"),
            Mutant::relaxed(WAKER, "self.posted.swap(false"),
        ],
        body: |witness| a_loop_that_is_away_is_called_back(2, witness),
    },
    Model {
        name: "turn::a_bounded_turn_forgets_no_letter",
        bound: Some(4),
        executions: 62_723,
        witnesses: &["a turn was full", "no turn was full"],
        mutants: &[Mutant::lose(REMOTE, "self.inbox.send(message)")],
        body: a_bounded_turn_forgets_no_letter,
    },
    Model {
        name: "turn::a_task_spawned_from_elsewhere_calls_the_loop",
        bound: None,
        executions: 140,
        witnesses: &["called back", "not called"],
        mutants: &[Mutant::lose(PARK, UNPARK), Mutant::split(PARK, TRY_PARK)],
        body: a_task_spawned_from_elsewhere_calls_the_loop,
    },
];

/// A loop inside another one: its hook wakes the thread, which does not look before it is called.
struct Guest {
    executor: EventLoop,
    calls: Record<()>,
    absences: usize,
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
        Guest { executor: EventLoop::new(config), calls, absences: 0 }
    }

    /// Turns the loop, by call only, until `is_over`.
    fn turn_until(&mut self, is_over: impl Fn() -> bool) {
        loop {
            let before = self.calls.len();
            let turn = self.executor.turn(Duration::ZERO);
            if is_over() {
                return;
            }
            if turn.next == NextTurn::Now {
                continue;
            }
            self.absences += 1;
            while self.calls.len() == before {
                thread::park();
            }
            assert_eq!(self.calls.len(), before + 1, "it is called once for an absence");
        }
    }

    fn testify(&self, witness: &'static Witness) {
        assert!(self.calls.len() <= self.absences + 1, "called when nobody was away");
        witness.saw(match self.absences {
            0 => "not called",
            1 => "called back",
            _ => "called back twice",
        });
    }
}

/// away‖unpark. (The last absence, after the task has ended, may be called for by a late wake.)
fn a_loop_that_is_away_is_called_back(tellers: usize, witness: &'static Witness) {
    let mut guest = Guest::new();
    let news: Vec<_> = (0..tellers).map(|_| word()).collect();
    let threads = Record::new();
    let started = threads.clone();
    let mut is_first = true;
    let task = guest.executor.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            if is_first {
                is_first = false;
                let tell = |news| started.note(tell(cx.waker().clone(), Arc::clone(news)));
                news.iter().for_each(tell);
            }
            let all_told = news.iter().all(|news| news.load(Ordering::Relaxed) == 1);
            if all_told { Poll::Ready(()) } else { Poll::Pending }
        }),
    );
    guest.turn_until(|| task.is_finished());
    threads.take().into_iter().for_each(join);
    guest.testify(witness);
}

/// One letter a turn: who takes one of two remembers that there is another.
fn a_bounded_turn_forgets_no_letter(witness: &'static Witness) {
    let executor = EventLoop::new(Config { turn_bound: Some(1), ..Config::default() });
    let threads = Record::new();
    let tasks = [0; 2].map(|_| {
        let news = word();
        let started = threads.clone();
        let mut is_first = true;
        executor.spawn(
            Metadata::here(),
            poll_fn(move |cx| {
                if is_first {
                    is_first = false;
                    started.note(tell(cx.waker().clone(), Arc::clone(&news)));
                }
                if news.load(Ordering::Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
            }),
        )
    });
    let mut full = false;
    while tasks.iter().any(|task| !task.is_finished()) {
        let turn = executor.turn(Duration::ZERO);
        full |= turn.received == 1 && turn.next == NextTurn::Now;
        let ended = tasks.iter().all(|task| task.is_finished());
        if turn.next == NextTurn::OnWake && !ended {
            let _ = executor.turn(Duration::MAX);
        }
    }
    witness.saw(if full { "a turn was full" } else { "no turn was full" });
    threads.take().into_iter().for_each(join);
}

fn a_task_spawned_from_elsewhere_calls_the_loop(witness: &'static Witness) {
    let mut guest = Guest::new();
    let handle = guest.executor.handle();
    let done = Record::new();
    let noted = done.clone();
    let spawner = spawn(move || {
        handle.spawn(Metadata::here(), async move { noted.note(()) }).detach();
    });
    guest.turn_until(|| !done.is_empty());
    join(spawner);
    guest.testify(witness);
}
