//! Timeouts and intervals.

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::rc::Rc;
use std::time::Duration;

use aside::time::{Clock, MissedTicks, now};
use aside::{Runtime, interval, sleep, spawn, timeout};

use crate::support::watchdog::watched;

fn run_virtually<F: Future>(main: F) -> F::Output {
    Runtime::builder().clock(Clock::virtual_time()).build().block_on(main)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_ready_future_wins_over_an_expired_deadline() {
    watched(|| {
        run_virtually(async {
            assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
            let mut late = Box::pin(timeout(seconds(1), ready(2)));
            sleep(seconds(5)).await;
            assert_eq!(late.as_mut().await, Ok(2));
        });
    });
}

#[test]
fn a_timeout_keeps_its_future_until_it_is_dropped_itself() {
    watched(|| {
        run_virtually(async {
            let alive = Rc::new(());
            let held = Rc::clone(&alive);
            let mut late = Box::pin(timeout(seconds(1), async move {
                let _held = held;
                pending::<()>().await;
            }));
            assert!(late.as_mut().await.is_err());
            assert_eq!(Rc::strong_count(&alive), 2);
            drop(late);
            assert_eq!(Rc::strong_count(&alive), 1);
        });
    });
}

#[test]
fn an_interval_ticks_at_equal_distances_whatever_runs_between_the_ticks() {
    watched(|| {
        run_virtually(async {
            let start = now();
            let mut ticks = interval(seconds(10));
            let mut due = Vec::new();
            for _ in 0..4 {
                due.push((ticks.tick().await - start).as_secs());
                sleep(seconds(3)).await;
            }
            assert_eq!(due, [0, 10, 20, 30]);
        });
    });
}

#[test]
fn missed_ticks_are_burst_delayed_or_skipped_as_configured() {
    watched(|| {
        run_virtually(async {
            for (missed, times) in [
                (MissedTicks::Burst, [0, 35, 35, 35, 40]),
                (MissedTicks::Delay, [0, 35, 45, 55, 65]),
                (MissedTicks::Skip, [0, 35, 40, 50, 60]),
            ] {
                let start = now();
                let mut ticks = interval(seconds(10)).missed_ticks(missed);
                ticks.tick().await;
                sleep(seconds(35)).await;
                let mut at = vec![0];
                for _ in 1..5 {
                    ticks.tick().await;
                    at.push((now() - start).as_secs());
                }
                assert_eq!(at, times, "{missed:?}");
            }
        });
    });
}

#[test]
fn a_cancelled_tick_is_delivered_again() {
    watched(|| {
        run_virtually(async {
            let mut ticks = interval(seconds(10));
            let first = ticks.tick().await;
            assert!(timeout(seconds(4), ticks.tick()).await.is_err());
            assert!(timeout(seconds(4), ticks.tick()).await.is_err());
            assert_eq!(ticks.tick().await - first, seconds(10));
        });
    });
}

// P9: a period of zero must not starve the loop.
#[test]
fn an_interval_of_zero_lets_other_tasks_run() {
    watched(|| {
        run_virtually(async {
            let ran = Rc::new(Cell::new(false));
            spawn({
                let ran = Rc::clone(&ran);
                async move { ran.set(true) }
            })
            .detach();
            let mut ticks = interval(Duration::ZERO);
            while !ran.get() {
                ticks.tick().await;
            }
        });
    });
}
