//! Starvation: a task that awaits what is always ready lets its neighbours proceed.
//!
//! Each row completes an operation for ever. Beside it, a neighbour yields in a loop, and a timer
//! must fire. The tests count the operations between two polls of the neighbour.
//! The rows for sockets are in `net/busy_sockets.rs`, those for streams and files in
//! `io/busy_streams.rs`, those for children in `tests/process/busy_children.rs`.

use std::future::{pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use aside::coop::{consume_budget, cooperative, unconstrained};
use aside::time::MissedTicks;
use aside::{
    first_ok, gather, interval, race, scope, sleep, sleep_until, spawn, spawn_blocking, timeout,
    timeout_at, try_gather, yield_now,
};

use crate::support::neighbour::{Count, OPERATIONS_MAX, assert_fair, assert_yields, repeat};
use crate::support::watchdog::watched;

/// Asserts that an operation yields every time.
fn assert_yields_every_time<T: 'static>(name: &str, operation: impl AsyncFnMut() -> T + 'static) {
    assert_fair(name, 1, |count| repeat(count, operation));
}

// P91: a tick that is late yields every time, because the work between two ticks may be long.
#[test]
fn a_late_interval_yields_at_every_tick() {
    watched(|| {
        for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            let mut late = interval(Duration::from_micros(10)).missed_ticks(missed);
            assert_yields_every_time("a late interval", async move || {
                late.tick().await;
                let work = Instant::now();
                while work.elapsed() < Duration::from_micros(30) {}
            });
        }
    });
}

// P91: the same holds for a sleep whose deadline has passed.
#[test]
fn a_sleep_that_is_over_yields_every_time() {
    watched(|| {
        assert_yields_every_time("sleep(0)", async || sleep(Duration::ZERO).await);
        let passed = Instant::now();
        assert_yields_every_time("sleep_until", async move || sleep_until(passed).await);
        assert_yields_every_time("timeout_at", async move || {
            timeout_at(passed, pending::<()>()).await.unwrap_err();
        });
        let mut elapsed = Box::pin(sleep(Duration::ZERO));
        assert_yields("an elapsed sleep", async move || elapsed.as_mut().await);
        let mut zero = interval(Duration::ZERO);
        assert_yields_every_time("an interval of zero", async move || zero.tick().await);
    });
}

// P91
#[test]
fn futures_that_are_ready_yield_in_a_timeout_or_a_group() {
    watched(|| {
        let minute = Duration::from_secs(60);
        assert_yields("timeout", async move || timeout(minute, ready(())).await.unwrap());
        assert_yields("gather of a tuple", async || gather((ready(1), ready(2))).await);
        assert_yields("gather of an array", async || gather([ready(1)]).await);
        assert_yields("gather of a vector", async || gather(vec![ready(1)]).await);
        assert_yields("gather of nothing", async || gather(()).await);
        assert_yields("try_gather", async || try_gather([ready(Ok::<_, ()>(1))]).await);
        assert_yields("race", async || race([ready(1), ready(2)]).await);
        assert_yields("first_ok", async || first_ok([ready(Ok::<_, ()>(1))]).await);
        assert_yields("scope", async || {
            scope(|scope| async move {
                let child = scope.spawn(ready(1));
                assert_eq!(child.await, Ok(1));
            })
            .await;
        });
    });
}

// P91: a group takes children without end out of an iterator.
#[test]
fn a_group_whose_iterator_never_ends_yields() {
    watched(|| {
        assert_fair("try_gather without end", OPERATIONS_MAX, |count| async move {
            let children = (0_u64..).map(|_| {
                count.set(count.get() + 1);
                ready(Ok::<_, ()>(()))
            });
            drop(try_gather(children).limit(2).await);
        });
    });
}

// P91
#[test]
fn results_that_are_there_yield() {
    watched(|| {
        assert_yields("tasks", async || {
            let task = spawn(async {});
            yield_now().await;
            task.await.unwrap();
        });
        assert_fair("tasks that have finished", OPERATIONS_MAX, |count| async move {
            loop {
                let tasks: Vec<_> = (0..1000).map(|_| spawn(async {})).collect();
                yield_now().await;
                for task in tasks {
                    task.await.unwrap();
                    count.set(count.get() + 1);
                }
            }
        });
        assert_fair("jobs that have finished", OPERATIONS_MAX, |count| async move {
            loop {
                let jobs: Vec<_> = (0..1000).map(|_| spawn_blocking(|| {})).collect();
                while !jobs.iter().all(|job| job.is_finished()) {
                    yield_now().await;
                }
                for job in jobs {
                    job.await.unwrap();
                    count.set(count.get() + 1);
                }
            }
        });
        assert_fair("children that have finished", OPERATIONS_MAX, |count| {
            scope(|scope| async move {
                loop {
                    let children: Vec<_> = (0..1000).map(|_| scope.spawn(ready(()))).collect();
                    yield_now().await;
                    for child in children {
                        child.await.unwrap();
                        count.set(count.get() + 1);
                    }
                }
            })
        });
    });
}

// P91
#[test]
fn a_lane_with_room_yields() {
    watched(|| {
        let pool = aside::blocking::Pool::builder().threads_max(1).build();
        let lane = pool.main_lane().clone();
        assert_yields("submit_async", async move || {
            lane.submit_async(|| {}).await.map_err(drop).unwrap().detach();
        });
    });
}

// P91: each child of a group proceeds, although the first child uses up the budget in every poll.
#[test]
fn a_busy_child_starves_no_sibling() {
    watched(|| {
        aside::run(async {
            let counts: [Count; 4] = Default::default();
            let busy = |index: usize| {
                let count = Rc::clone(&counts[index]);
                async move {
                    loop {
                        consume_budget().await;
                        count.set(count.get() + 1);
                        // The second child completes one operation in each poll.
                        if index == 1 {
                            yield_now().await;
                        }
                    }
                }
            };
            let end = async {
                while counts.iter().any(|count| count.get() < 100) {
                    yield_now().await;
                }
                sleep(Duration::from_millis(5)).await;
            };
            race((busy(0), busy(1), busy(2), busy(3), end)).await;
        });
    });
}

// P91, P75: a timeout round a future that never yields by itself.
#[test]
fn a_timeout_round_an_operation_that_is_always_ready_elapses() {
    watched(|| {
        let soon = Duration::from_millis(5);
        aside::run(async move {
            let busy = async {
                loop {
                    gather([ready(())]).await;
                }
            };
            assert!(timeout(soon, busy).await.is_err());
            let late = async {
                let mut late = interval(Duration::from_nanos(1));
                loop {
                    late.tick().await;
                }
            };
            assert!(timeout(soon, late).await.is_err());
        });
    });
}

// P91: a foreign function that blocks on a future inside a task does not loop for ever.
#[test]
fn a_foreign_block_on_inside_a_task_ends() {
    watched(|| {
        aside::run(async {
            for _ in 0..10 {
                futures_lite::future::block_on(async {
                    for _ in 0..1000 {
                        consume_budget().await;
                    }
                });
            }
        });
    });
}

// P91: on a thread of a job, and in a nested loop's own main future, nothing yields in vain.
#[test]
fn a_job_has_no_budget_and_a_nested_loop_has_its_own() {
    fn polls(count: usize) -> impl Future<Output = usize> {
        let mut operations = Box::pin(async move {
            for _ in 0..count {
                consume_budget().await;
            }
        });
        let mut polls = 0;
        poll_fn(move |cx| {
            polls += 1;
            Pin::new(&mut operations).poll(cx).map(|()| polls)
        })
    }
    watched(|| {
        aside::run(async {
            let handle = aside::Handle::current();
            let in_job = spawn_blocking(move || handle.block_on(polls(1000))).await.unwrap();
            assert_eq!(in_job, 1);
            yield_now().await;
            assert_eq!(polls(64).await, 1);
            yield_now().await;
            assert_eq!(polls(65).await, 2);
            yield_now().await;
            let nested = aside::Runtime::new();
            assert_eq!(nested.block_on(polls(65)), 2);
            // The nested loop has spent nothing of this task's budget.
            assert_eq!(polls(64).await, 1);
        });
    });
}

// P91: the tools for foreign futures.
#[test]
fn a_foreign_future_yields_if_it_is_cooperative() {
    watched(|| {
        assert_yields("cooperative", async || cooperative(ready(())).await);
        assert_yields("consume_budget", async || {
            consume_budget().await;
            ready(()).await;
        });
    });
}

// P91
#[test]
fn an_unconstrained_future_does_not_yield() {
    watched(|| {
        aside::run(async {
            let rounds = Count::default();
            let counted = Rc::clone(&rounds);
            let neighbour = spawn(repeat(counted, async || yield_now().await)).abort_on_drop();
            yield_now().await;
            let before = rounds.get();
            unconstrained(async {
                for _ in 0..1000 {
                    consume_budget().await;
                    sleep(Duration::ZERO).await;
                }
            })
            .await;
            assert_eq!(rounds.get(), before);
            drop(neighbour);
        });
    });
}

// P91: an operation that waits spends nothing, so a future that polls many of them does not spin.
#[test]
fn operations_that_wait_spend_nothing() {
    watched(|| {
        aside::run(async {
            let mut polls = 0;
            let mut tasks: Vec<_> = (0..1000).map(|_| spawn(pending::<()>())).collect();
            let mut end = pin!(sleep(Duration::from_millis(5)));
            poll_fn(|cx| {
                polls += 1;
                assert!(tasks.iter_mut().all(|task| Pin::new(task).poll(cx).is_pending()));
                if end.as_mut().poll(cx).is_ready() { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            assert!(polls <= 2, "{polls} polls");
        });
    });
}
