//! Virtual time: it moves only when nothing else can, and never past a job at work.
//!
//! Deadlines by the system's clock are modelled where they are slept out, in `park`; the loop's own
//! look at that clock reads the real one, which no model can move.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use runtime_core::clock::Clock;
use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::atomic::Ordering;
use runtime_core::sync::explore::{Record, Witness};
use runtime_executor::{Config, EventLoop, sleep};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::{tell, word};

const CLOCK: &str = "runtime-core/src/clock.rs";
const RELEASE: &str = "time.holds.fetch_sub(1";
const HOLD: &str = "time.holds.fetch_add(1";
const HOLDS: &str = "time.holds.load(";
const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const REMOTE: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "sleep::a_result_is_seen_before_the_time_moves",
        bound: None,
        executions: 1_358,
        witnesses: &["before the first sleep", "after a sleep"],
        mutants: &[
            Mutant::relaxed(CLOCK, RELEASE),
            Mutant::relaxed(CLOCK, HOLDS),
            Mutant::body("the clock is let go before the result is out", |witness| {
                a_result_is_seen_before_the_time_moves(Order::HoldFirst, witness);
            }),
        ],
        body: |witness| a_result_is_seen_before_the_time_moves(Order::ResultFirst, witness),
    },
    Model {
        name: "sleep::the_time_moves_when_the_last_hold_ends",
        bound: Some(4),
        executions: 28_482,
        witnesses: &["it moved"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::split(CLOCK, RELEASE),
            Mutant::lose(CLOCK, RELEASE),
        ],
        body: the_time_moves_when_the_last_hold_ends,
    },
    Model {
        name: "sleep::a_job_that_sleeps_again_before_its_waker_is_done_lets_the_time_go_on",
        bound: Some(4),
        executions: 42_901,
        witnesses: &["it went on"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::split(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
        ],
        body: a_job_that_sleeps_again_before_its_waker_is_done,
    },
    Model {
        name: "sleep::neither_a_timer_nor_a_remote_wake_swallows_the_other",
        bound: None,
        executions: 139,
        witnesses: &["the wake first", "the timer first"],
        mutants: &[Mutant::lose(REMOTE, SEND), Mutant::lose(PARK, UNPARK)],
        body: neither_a_timer_nor_a_remote_wake_swallows_the_other,
    },
    Model {
        name: "sleep::a_sleep_away_from_home_is_woken_by_its_loop",
        bound: Some(4),
        executions: 28_035,
        witnesses: &["slept"],
        mutants: &[Mutant::lose(REMOTE, SEND)],
        body: |witness| a_sleep_away_from_home(Patience::Enough, witness),
    },
    Model {
        name: "sleep::a_sleep_given_up_away_from_home_leaves_no_timer",
        bound: Some(4),
        executions: 19_115,
        witnesses: &["given up"],
        mutants: &[Mutant::lose(REMOTE, SEND)],
        body: |witness| a_sleep_away_from_home(Patience::None, witness),
    },
    Model {
        name: "sleep::a_job_asleep_lets_the_time_go_on_and_stops_it_when_it_is_woken",
        bound: Some(4),
        executions: 3_681,
        witnesses: &["it went on twice"],
        mutants: &[
            Mutant::lose(CLOCK, HOLD),
            Mutant::lose(PARK, UNPARK),
            Mutant::split(PARK, UNPARK),
        ],
        body: a_job_asleep_lets_the_time_go_on_and_stops_it_when_it_is_woken,
    },
];

const HOUR: Duration = Duration::from_secs(3600);

fn virtual_executor() -> EventLoop {
    EventLoop::new(Config { clock: Clock::virtual_time(), ..Config::default() })
}

fn cell() -> (Arc<Completion<()>>, JoinHandle<()>) {
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    (Arc::clone(&cell), JoinHandle::new(cell))
}

enum Order {
    ResultFirst,
    HoldFirst,
}

/// hold released‖loop about to advance. A job holds the clock, publishes its result, lets go; a
/// loop that has a timer and finds the clock free has met the result before. (P60)
fn a_result_is_seen_before_the_time_moves(order: Order, witness: &'static Witness) {
    let executor = virtual_executor();
    let hold = executor.handle().hold_clock();
    let (cell, mut result) = cell();
    let job = spawn(move || match order {
        Order::ResultFirst => {
            let _ = cell.complete(Ok(()));
            drop(hold);
        }
        Order::HoldFirst => {
            drop(hold);
            let _ = cell.complete(Ok(()));
        }
    });
    let handle = executor.handle();
    let start = handle.clock().now();
    let mut polls = 0;
    executor.block_on(async {
        let mut timer = pin!(sleep(HOUR));
        poll_fn(|cx| {
            polls += 1;
            let finished = pin!(&mut result).poll(cx).is_ready();
            assert!(finished || timer.as_mut().poll(cx).is_pending(), "the time moved");
            if finished { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
    assert_eq!(handle.clock().now(), start);
    witness.saw(if polls == 1 { "before the first sleep" } else { "after a sleep" });
    join(job);
}

/// Two jobs hold the clock; the loop sleeps without a deadline until both have let go.
fn the_time_moves_when_the_last_hold_ends(witness: &'static Witness) {
    let executor = virtual_executor();
    let handle = executor.handle();
    let start = handle.clock().now();
    let jobs = [0; 2].map(|_| {
        let hold = handle.hold_clock();
        spawn(move || drop(hold))
    });
    executor.block_on(async { sleep(HOUR).await });
    assert_eq!(handle.clock().now(), start + HOUR);
    witness.saw("it moved");
    jobs.into_iter().for_each(join);
}

/// A job is woken, and sleeps for another reason before its waker has come to its end. No hold is
/// left with it that nobody gives back: the time goes on, and wakes it. (P60)
fn a_job_that_sleeps_again_before_its_waker_is_done(witness: &'static Witness) {
    let executor = virtual_executor();
    let handle = executor.handle();
    let start = handle.clock().now();
    let ((cell, told), (end, ended)) = (cell(), cell());
    let (hold, home) = (handle.hold_clock(), handle.clone());
    let job = spawn(move || {
        let _at_work = home.enter_at_work();
        home.block_on(async {
            told.await.expect("it is told");
            sleep(HOUR).await;
        });
        let _ = end.complete(Ok(()));
        drop(hold);
    });
    executor.block_on(async {
        let _ = cell.complete(Ok(()));
        ended.await.expect("it is told");
    });
    assert_eq!(handle.clock().now(), start + HOUR);
    witness.saw("it went on");
    join(job);
}

/// One task waits for the time, one for another thread. Both end. (P12)
fn neither_a_timer_nor_a_remote_wake_swallows_the_other(witness: &'static Witness) {
    let executor = virtual_executor();
    let (news, tellers, ends) = (word(), Record::new(), Record::new());
    let (started, woken, slept) = (tellers.clone(), ends.clone(), ends.clone());
    let told = executor.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            if started.is_empty() {
                started.note(tell(cx.waker().clone(), Arc::clone(&news)));
            }
            if news.load(Ordering::Relaxed) == 0 {
                return Poll::Pending;
            }
            woken.note("the wake first");
            Poll::Ready(())
        }),
    );
    let timed = executor.spawn(Metadata::here(), async move {
        sleep(HOUR).await;
        slept.note("the timer first");
    });
    executor.block_on(async {
        told.await.expect("it was told");
        timed.await.expect("it slept");
    });
    witness.saw(ends.take()[0]);
    tellers.take().into_iter().for_each(join);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Enough,
    None,
}

/// A thread polls a sleep of the loop's, by a parker of its own; or polls it once and gives it up,
/// and the loop's time does not move for it. (P74)
fn a_sleep_away_from_home(patience: Patience, witness: &'static Witness) {
    let executor = virtual_executor();
    let handle = executor.handle();
    let start = handle.clock().now();
    let (cell, done) = cell();
    let (hold, away) = (handle.hold_clock(), handle.clone());
    let sleeper = spawn(move || {
        away.block_on(async {
            let mut timer = pin!(sleep(HOUR));
            poll_fn(|cx| {
                assert!(timer.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            if patience == Patience::Enough {
                drop(hold);
                timer.await;
            }
        });
        let _ = cell.complete(Ok(()));
    });
    executor.block_on(done).expect("it is completed");
    match patience {
        Patience::Enough => {
            assert!(handle.clock().now() >= start + HOUR);
            witness.saw("slept");
        }
        Patience::None => witness.saw("given up"),
    }
    join(sleeper);
    let turn = executor.turn(Duration::ZERO);
    assert_eq!(turn.tasks, 0, "no task is left to sleep for nobody");
}

/// A job that holds the clock blocks on a future, and does not hold it while it sleeps. When the
/// loop wakes it, it holds the clock again before the loop can move it. (P60)
fn a_job_asleep_lets_the_time_go_on_and_stops_it_when_it_is_woken(witness: &'static Witness) {
    let executor = virtual_executor();
    let handle = executor.handle();
    let start = handle.clock().now();
    let (cell, told) = cell();
    let (hold, home) = (handle.hold_clock(), handle.clone());
    let job = spawn(move || {
        let _at_work = home.enter_at_work();
        home.block_on(told).expect("it is told");
        assert_eq!(home.clock().now(), start + HOUR, "the time moved past a job at work");
        drop(hold);
    });
    executor.block_on(async {
        sleep(HOUR).await;
        let _ = cell.complete(Ok(()));
        sleep(HOUR).await;
    });
    assert_eq!(handle.clock().now(), start + HOUR + HOUR);
    witness.saw("it went on twice");
    join(job);
}
