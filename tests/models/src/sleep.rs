//! Models of virtual time: the clock advances only when no task can run, and never while a running
//! job holds it.
//!
//! Deadlines of the system's clock are modelled in `park`, for a thread that sleeps until a
//! deadline. With the system's clock, the loop itself reads the real time, which no model can
//! control.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use runtime_core::clock::Clock;
use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::Ordering;
use runtime_core::sync::explore::{Record, Witness};
use runtime_executor::{Config, EventLoop, sleep, sleep_until};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::{publish_and_wake, word};

const CLOCK: &str = "runtime-core/src/clock.rs";
const RELEASE: &str = "time.holds.fetch_sub(1";
const HOLD: &str = "time.holds.fetch_add(1";
const HOLDS: &str = "time.holds.load(";
const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const SHARED: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "sleep::a_result_is_seen_before_the_time_moves",
        bound: None,
        executions: 1_083,
        witnesses: &["before the first sleep", "after a sleep"],
        mutants: &[
            Mutant::relaxed(CLOCK, RELEASE),
            Mutant::relaxed(CLOCK, HOLDS),
            Mutant::body("the clock is released before the result is published", |witness| {
                a_result_is_seen_before_the_time_moves(Release::HoldFirst, witness);
            }),
        ],
        body: |witness| a_result_is_seen_before_the_time_moves(Release::ResultFirst, witness),
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
        name: "sleep::a_job_that_sleeps_again_before_its_waker_is_done_lets_the_time_move",
        bound: Some(4),
        executions: 33_818,
        witnesses: &["it moved"],
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
        mutants: &[Mutant::lose(SHARED, SEND), Mutant::lose(PARK, UNPARK)],
        body: neither_a_timer_nor_a_remote_wake_swallows_the_other,
    },
    Model {
        name: "sleep::a_sleep_polled_elsewhere_is_woken_by_its_loop",
        bound: Some(4),
        executions: 22_173,
        witnesses: &["slept"],
        mutants: &[Mutant::lose(SHARED, SEND)],
        body: |witness| a_sleep_polled_elsewhere(SleepUse::Awaited, witness),
    },
    Model {
        name: "sleep::a_sleep_dropped_elsewhere_leaves_no_timer",
        bound: Some(4),
        executions: 16_919,
        witnesses: &["dropped"],
        mutants: &[Mutant::lose(SHARED, SEND)],
        body: |witness| a_sleep_polled_elsewhere(SleepUse::Dropped, witness),
    },
    Model {
        name: "sleep::a_sleep_reset_elsewhere_wakes_its_task",
        bound: Some(4),
        executions: 612,
        witnesses: &["it was reset"],
        mutants: &[Mutant::lose(SHARED, SEND), Mutant::lose(PARK, UNPARK)],
        body: a_sleep_reset_elsewhere_wakes_its_task,
    },
    Model {
        name: "sleep::a_sleeping_job_lets_the_time_move_and_stops_it_when_woken",
        bound: Some(4),
        executions: 3_681,
        witnesses: &["it moved twice"],
        mutants: &[
            Mutant::lose(CLOCK, HOLD),
            Mutant::lose(PARK, UNPARK),
            Mutant::split(PARK, UNPARK),
        ],
        body: a_sleeping_job_lets_the_time_move_and_stops_it_when_woken,
    },
];

const HOUR: Duration = Duration::from_secs(3600);

fn virtual_loop() -> EventLoop {
    EventLoop::new(Config { clock: Clock::virtual_time(), ..Config::default() })
}

fn cell() -> (Arc<Completion<()>>, JoinHandle<()>) {
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    (Arc::clone(&cell), JoinHandle::new(cell))
}

enum Release {
    ResultFirst,
    HoldFirst,
}

/// release‖advance. A job holds the clock, publishes its result and releases the clock. When a loop
/// with a timer finds that the clock is not held, it also sees the result. (P60)
fn a_result_is_seen_before_the_time_moves(order: Release, witness: &'static Witness) {
    let event_loop = virtual_loop();
    let hold = event_loop.handle().hold_clock();
    let (cell, mut result) = cell();
    let job = spawn(move || match order {
        Release::ResultFirst => {
            let _ = cell.complete(Ok(()));
            drop(hold);
        }
        Release::HoldFirst => {
            drop(hold);
            let _ = cell.complete(Ok(()));
        }
    });
    let handle = event_loop.handle();
    let start = handle.clock().now();
    let mut polls = 0;
    event_loop.block_on(async {
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

/// Two jobs hold the clock. The loop sleeps without a deadline until both have released it.
fn the_time_moves_when_the_last_hold_ends(witness: &'static Witness) {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let start = handle.clock().now();
    let jobs = [0; 2].map(|_| {
        let hold = handle.hold_clock();
        spawn(move || drop(hold))
    });
    event_loop.block_on(async { sleep(HOUR).await });
    assert_eq!(handle.clock().now(), start + HOUR);
    witness.saw("it moved");
    jobs.into_iter().for_each(join);
}

/// A job is woken, and sleeps for another reason before the call of its waker has returned. No hold
/// of the clock is left behind, so the time advances and wakes the job. (P60)
fn a_job_that_sleeps_again_before_its_waker_is_done(witness: &'static Witness) {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let start = handle.clock().now();
    let ((cell, awaited), (end, ended)) = (cell(), cell());
    let (hold, own) = (handle.hold_clock(), handle.clone());
    let job = spawn(move || {
        let _at_work = own.enter_at_work();
        own.block_on(async {
            awaited.await.expect("it is completed");
            sleep(HOUR).await;
        });
        let _ = end.complete(Ok(()));
        drop(hold);
    });
    event_loop.block_on(async {
        let _ = cell.complete(Ok(()));
        ended.await.expect("it is completed");
    });
    assert_eq!(handle.clock().now(), start + HOUR);
    witness.saw("it moved");
    join(job);
}

/// One task waits for a timer, and another task waits for a thread. Both tasks end. (P12)
fn neither_a_timer_nor_a_remote_wake_swallows_the_other(witness: &'static Witness) {
    let event_loop = virtual_loop();
    let (data, wakers_done, ends) = (word(), Record::new(), Record::new());
    let (started, woken, slept) = (wakers_done.clone(), ends.clone(), ends.clone());
    let woken_task = event_loop.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            if started.is_empty() {
                started.note(publish_and_wake(cx.waker().clone(), Arc::clone(&data)));
            }
            if data.load(Ordering::Relaxed) == 0 {
                return Poll::Pending;
            }
            woken.note("the wake first");
            Poll::Ready(())
        }),
    );
    let timed = event_loop.spawn(Metadata::here(), async move {
        sleep(HOUR).await;
        slept.note("the timer first");
    });
    event_loop.block_on(async {
        woken_task.await.expect("it was woken");
        timed.await.expect("it slept");
    });
    witness.saw(ends.take()[0]);
    wakers_done.take().into_iter().for_each(join);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SleepUse {
    Awaited,
    Dropped,
}

/// Another thread polls a sleep of the loop. With `Awaited`, that thread then parks until the sleep
/// ends. With `Dropped`, that thread drops the sleep, and the loop keeps no timer of the sleep.
/// (P74)
fn a_sleep_polled_elsewhere(used: SleepUse, witness: &'static Witness) {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let start = handle.clock().now();
    let (cell, done) = cell();
    let (hold, remote) = (handle.hold_clock(), handle.clone());
    let sleeper = spawn(move || {
        remote.block_on(async {
            let mut timer = pin!(sleep(HOUR));
            poll_fn(|cx| {
                assert!(timer.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            if used == SleepUse::Awaited {
                drop(hold);
                timer.await;
            }
        });
        let _ = cell.complete(Ok(()));
    });
    event_loop.block_on(done).expect("it is completed");
    match used {
        SleepUse::Awaited => {
            assert!(handle.clock().now() >= start + HOUR);
            witness.saw("slept");
        }
        SleepUse::Dropped => witness.saw("dropped"),
    }
    join(sleeper);
    let turn = event_loop.turn(Duration::ZERO);
    assert_eq!(turn.tasks, 0, "no task sleeps for a dropped sleep");
}

/// A task awaits a sleep of two hours. Another thread resets the sleep to one hour. The task is
/// woken, polls the sleep again, and sleeps for one hour.
fn a_sleep_reset_elsewhere_wakes_its_task(witness: &'static Witness) {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let start = handle.clock().now();
    let timer = Arc::new(Mutex::new(sleep_until(start + HOUR + HOUR)));
    let resetting = Record::new();
    let (started, remote) = (resetting.clone(), handle.clone());
    let sleeper = event_loop.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            let polled = Pin::new(&mut *timer.lock()).poll(cx);
            if started.is_empty() {
                let (hold, timer) = (remote.hold_clock(), Arc::clone(&timer));
                started.note(spawn(move || {
                    timer.lock().reset(start + HOUR);
                    drop(hold);
                }));
            }
            polled
        }),
    );
    event_loop.block_on(sleeper).expect("it slept");
    assert_eq!(handle.clock().now(), start + HOUR, "the sleep kept its former deadline");
    witness.saw("it was reset");
    resetting.take().into_iter().for_each(join);
}

/// A job that holds the clock blocks on a future, and does not hold the clock while it sleeps. When
/// the loop wakes the job, the job holds the clock again before the loop can advance the time.
/// (P60)
fn a_sleeping_job_lets_the_time_move_and_stops_it_when_woken(witness: &'static Witness) {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let start = handle.clock().now();
    let (cell, awaited) = cell();
    let (hold, own) = (handle.hold_clock(), handle.clone());
    let job = spawn(move || {
        let _at_work = own.enter_at_work();
        own.block_on(awaited).expect("it is completed");
        assert_eq!(own.clock().now(), start + HOUR, "the time moved past a running job");
        drop(hold);
    });
    event_loop.block_on(async {
        sleep(HOUR).await;
        let _ = cell.complete(Ok(()));
        sleep(HOUR).await;
    });
    assert_eq!(handle.clock().now(), start + HOUR + HOUR);
    witness.saw("it moved twice");
    join(job);
}
