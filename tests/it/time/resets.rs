//! Timers that are given another deadline, and the parts of a timeout.

use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use aside::time::{
    Clock, MissedTicks, Sleep, interval, interval_at, now, sleep, sleep_until, timeout,
};
use aside::{Runtime, spawn, yield_now};

use crate::support::watchdog::{on_a_thread, watched};

const SECOND: Duration = Duration::from_secs(1);

fn virtual_runtime() -> Runtime {
    Runtime::builder().clock(Clock::virtual_time()).build()
}

/// Polls a sleep once.
async fn poll_once(sleep: &mut Sleep) -> Poll<()> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *sleep).poll(cx))).await
}

#[test]
fn a_sleep_ends_at_its_new_deadline_be_it_later_or_earlier() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            for (first, second) in [(1, 5), (5, 1)] {
                for polled_before in [false, true] {
                    let begun = now();
                    let mut sleep = sleep(first * SECOND);
                    if polled_before {
                        assert!(poll_once(&mut sleep).await.is_pending());
                    }
                    sleep.reset(begun + second * SECOND);
                    assert_eq!(sleep.deadline(), Some(begun + second * SECOND));
                    sleep.await;
                    assert_eq!(now() - begun, second * SECOND);
                }
            }
            assert_eq!(now() - start, 12 * SECOND);
        });
    });
}

#[test]
fn a_sleep_that_has_ended_or_was_never_polled_can_be_reset() {
    watched(|| {
        let mut outside = sleep(SECOND);
        outside.reset(Instant::now());
        virtual_runtime().block_on(async {
            let begun = now();
            outside.reset(begun + SECOND);
            (&mut outside).await;
            assert!(outside.is_elapsed());
            outside.reset(begun + 3 * SECOND);
            assert!(!outside.is_elapsed());
            // As with tokio, a pinned sleep can be reset, too.
            let mut outside = pin!(outside);
            outside.as_mut().reset(begun + 2 * SECOND);
            outside.await;
            assert_eq!(now() - begun, 2 * SECOND);
            // A deadline that has passed.
            let mut late = sleep(SECOND);
            assert!(poll_once(&mut late).await.is_pending());
            late.reset(begun);
            late.await;
            assert_eq!(now() - begun, 2 * SECOND);
        });
    });
}

/// Resets its sleep during its second poll, and never polls it after that.
struct Resets {
    sleep: Sleep,
    polls: u32,
    deadline: Instant,
}

impl Future for Resets {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polls += 1;
        match self.polls {
            1 => {
                assert!(Pin::new(&mut self.sleep).poll(cx).is_pending());
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            2 => {
                let deadline = self.deadline;
                self.sleep.reset(deadline);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

#[test]
fn the_task_is_woken_at_the_new_deadline_without_another_poll() {
    watched(|| {
        virtual_runtime().block_on(async {
            let begun = now();
            let deadline = begun + 3 * SECOND;
            Resets { sleep: sleep(SECOND), polls: 0, deadline }.await;
            assert_eq!(now(), deadline);
        });
    });
}

// With the system's clock, a sleep that is over when it begins waits for a timer of its own if the
// budget is used up.
#[test]
fn a_late_sleep_that_yields_can_be_reset() {
    watched(|| {
        aside::run(async {
            sleep_until(now()).await;
            let mut late = sleep_until(now());
            assert!(poll_once(&mut late).await.is_pending());
            let deadline = now() + Duration::from_secs(3600);
            late.reset(deadline);
            assert_eq!(late.deadline(), Some(deadline));
            yield_now().await;
            assert!(poll_once(&mut late).await.is_pending());
            late.reset(now());
            late.await;
        });
    });
}

#[test]
fn a_reset_on_another_thread_wakes_the_task() {
    watched(|| {
        let runtime = Runtime::new();
        runtime.block_on(async {
            let mut sleep = sleep(Duration::MAX);
            sleep.reset(now() + Duration::from_secs(3600));
            assert!(poll_once(&mut sleep).await.is_pending());
            let mut moved = Some(sleep);
            poll_fn(|cx| {
                let mut sleep = moved.take().unwrap();
                if sleep.deadline().is_some_and(|deadline| deadline <= now()) {
                    return Pin::new(&mut sleep).poll(cx);
                }
                assert!(Pin::new(&mut sleep).poll(cx).is_pending());
                moved = Some(on_a_thread(move || {
                    sleep.reset(Instant::now());
                    sleep
                }));
                Poll::Pending
            })
            .await;
        });
    });
}

#[test]
fn an_interval_begins_at_its_start() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            let mut ticks = interval_at(start + 5 * SECOND, 2 * SECOND);
            for at in [5, 7, 9] {
                assert_eq!(ticks.tick().await, start + at * SECOND);
                assert_eq!(now() - start, at * SECOND);
            }
        });
    });
}

#[test]
fn an_interval_is_reset_to_its_period_to_now_to_a_delay_and_to_a_deadline() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            let mut ticks = interval(10 * SECOND);
            ticks.tick().await;
            sleep(3 * SECOND).await;
            ticks.reset();
            assert_eq!(ticks.tick().await - start, 13 * SECOND);
            sleep(SECOND).await;
            ticks.reset_immediately();
            assert_eq!(ticks.tick().await - start, 14 * SECOND);
            ticks.reset_after(2 * SECOND);
            assert_eq!(ticks.tick().await - start, 16 * SECOND);
            ticks.reset_at(start + 20 * SECOND);
            assert_eq!(ticks.tick().await - start, 20 * SECOND);
            assert_eq!(ticks.tick().await - start, 30 * SECOND);
            ticks.set_missed_ticks(MissedTicks::Delay);
            sleep(25 * SECOND).await;
            assert_eq!(ticks.tick().await - start, 40 * SECOND);
            assert_eq!(ticks.tick().await - start, 65 * SECOND);
        });
    });
}

// Promise 8
#[test]
fn a_tick_of_a_period_of_zero_lets_the_loop_turn_after_a_reset_too() {
    watched(|| {
        aside::run(async {
            let mut ticks = interval(Duration::ZERO);
            ticks.reset();
            for _ in 0..3 {
                let task = spawn(yield_now());
                ticks.tick().await;
                ticks.tick().await;
                ticks.tick().await;
                assert!(task.is_finished());
            }
        });
    });
}

#[cfg(feature = "stream")]
#[test]
fn an_interval_is_a_stream() {
    use futures_lite::StreamExt;

    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            let ticks = interval_at(start + SECOND, SECOND).take(3);
            let ticks: Vec<_> = ticks.map(|tick| (tick - start).as_secs()).collect().await;
            assert_eq!(ticks, [1, 2, 3]);
        });
    });
}

#[test]
fn a_timeout_gives_its_future_back() {
    watched(|| {
        virtual_runtime().block_on(async {
            let mut limited = timeout(SECOND, ready(7));
            assert_eq!(limited.get_ref().clone().into_inner(), 7);
            *limited.get_mut() = ready(8);
            assert_eq!(limited.into_inner().await, 8);
            let late = timeout(SECOND, pending::<()>());
            assert!(timeout(2 * SECOND, late).await.unwrap().is_err());
        });
    });
}
