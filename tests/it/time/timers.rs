//! Sleeps, timeouts and intervals.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use aside::blocking::{Pool, Shutdown};
use aside::observe::{Counters, Observer};
use aside::time::{Clock, now};
use aside::{Runtime, interval, sleep, sleep_until, spawn, timeout, timeout_at, yield_now};
use runtime_core::sync::Mutex;

use crate::support::misbehaving::Foreign;
use crate::support::watchdog::{panic_message, watched};

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn run_virtually<F: Future>(main: F) -> F::Output {
    Runtime::builder().clock(Clock::virtual_time()).build().block_on(main)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Durations that no clock reaches.
fn enormous() -> Vec<Duration> {
    vec![
        Duration::MAX,
        Duration::MAX - Duration::from_nanos(1),
        Duration::from_secs(u64::MAX / 10),
        Duration::from_millis(u64::MAX - 1),
        Duration::from_millis(u64::MAX),
        Duration::from_millis(u64::MAX) + Duration::from_millis(1),
        Duration::from_nanos(u64::MAX),
        Duration::from_nanos(u64::MAX) + Duration::from_nanos(1),
    ]
}

// P72, promise 6
#[test]
fn no_sleep_timeout_or_interval_is_too_long() {
    watched(|| {
        for clock in [Clock::system(), Clock::virtual_time()] {
            let runtime = Runtime::builder().clock(clock).build();
            runtime.block_on(async {
                for long in enormous() {
                    let mut nap = sleep(long);
                    assert!(poll_once(&mut nap).is_pending());
                    assert!(!nap.is_elapsed());
                    assert_eq!(timeout(long, ready(5)).await, Ok(5));
                    let mut ticks = interval(long);
                    ticks.tick().await;
                    let second = timeout(Duration::from_millis(1), ticks.tick()).await;
                    assert!(second.is_err());
                    let outer = timeout(Duration::from_millis(1), timeout(long, nap)).await;
                    assert!(outer.is_err());
                }
            });
        }
    });
}

// P72
#[test]
fn no_deadline_is_too_far_in_the_future_or_the_past() {
    watched(|| {
        aside::run(async {
            let far = Instant::now().checked_add(seconds(u64::MAX / 10)).unwrap();
            assert!(poll_once(&mut sleep_until(far)).is_pending());
            assert!(poll_once(&mut Box::pin(timeout_at(far, pending::<()>()))).is_pending());
            let ago = Instant::now();
            assert!(poll_once(&mut sleep_until(ago)).is_ready());
            assert!(timeout_at(ago, pending::<()>()).await.is_err());
        });
    });
}

// P72, P46
#[test]
fn no_duration_is_too_long_or_too_short_for_a_shutdown_a_keep_alive_or_a_turn() {
    watched(|| {
        let mut durations = enormous();
        durations.extend([Duration::ZERO, Duration::from_nanos(1)]);
        for duration in durations {
            let pool = Pool::builder().keep_alive(duration).slow_shutdown_notice(Some(duration));
            let pool = pool.build();
            let runtime = Runtime::builder()
                .keep_alive(duration)
                .slow_shutdown_notice(Some(duration))
                .build();
            let job = runtime.handle().run_in_executor(&pool, || 1);
            assert_eq!(runtime.block_on(job).unwrap(), 1);
            assert_eq!(runtime.block_on(runtime.handle().spawn_blocking(|| 2)).unwrap(), 2);
            runtime.spawn(yield_now()).detach();
            let _ = runtime.turn(Duration::ZERO);
            let _ = runtime.shutdown(Shutdown::WaitAtMost(duration));
            let _ = pool.shutdown(Shutdown::WaitAtMost(duration));
        }
    });
}

/// An observer that reports when the loop parks.
struct Parks(mpsc::Sender<()>);

impl Observer for Parks {
    fn parked(&self, _deadline: Option<Instant>) {
        let _ = self.0.send(());
    }
}

// P72, promise 7: a deadline that the virtual clock cannot represent never fires, and causes no
// busy loop.
#[test]
fn a_deadline_beyond_the_virtual_clock_lets_the_loop_sleep() {
    watched(|| {
        let (parked, parks) = mpsc::channel();
        let runtime =
            Runtime::builder().clock(Clock::virtual_time()).observer(Parks(parked)).build();
        let woken = Arc::new(Mutex::new(None::<Waker>));
        let waking = thread::spawn({
            let woken = Arc::clone(&woken);
            move || {
                parks.recv().unwrap();
                thread::yield_now();
                woken.lock().take().unwrap().wake();
                parks
            }
        });
        runtime.block_on(async {
            let mut nap = sleep(seconds(u64::MAX / 10));
            let mut asked = false;
            poll_fn(|cx| {
                assert!(Pin::new(&mut nap).poll(cx).is_pending());
                if asked {
                    return Poll::Ready(());
                }
                asked = true;
                *woken.lock() = Some(cx.waker().clone());
                Poll::Pending
            })
            .await;
        });
        let parks = waking.join().unwrap();
        assert_eq!(parks.try_iter().count(), 0, "it went to sleep once");
    });
}

// P76: a park whose length was rounded down would end just before the deadline, again and again.
#[test]
fn a_sleep_of_a_millisecond_and_a_half_is_one_park_and_two_polls() {
    watched(|| {
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        for naps in 1..=20 {
            runtime.block_on(sleep(Duration::from_micros(1500)));
            assert!(counters.parks() <= naps, "{} parks", counters.parks());
            assert!(counters.polls() <= 2 * naps, "{} polls", counters.polls());
        }
    });
}

#[test]
fn sleeps_end_in_the_order_of_their_deadlines_and_then_of_their_creation() {
    watched(|| {
        run_virtually(async {
            let order = Rc::new(RefCell::new(Vec::new()));
            let mut tasks = Vec::new();
            for (number, after) in [5, 1, 5, 3, 1, 4].into_iter().enumerate() {
                let order = Rc::clone(&order);
                tasks.push(spawn(async move {
                    sleep(seconds(after)).await;
                    order.borrow_mut().push(number);
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*order.borrow(), [1, 4, 3, 5, 0, 2]);
        });
    });
}

// P74
#[test]
fn a_deadline_that_has_passed_is_ready_at_once() {
    watched(|| {
        run_virtually(async {
            assert!(poll_once(&mut sleep(Duration::ZERO)).is_ready());
            let before = now();
            sleep(seconds(9)).await;
            assert!(poll_once(&mut sleep_until(before)).is_ready());
            assert!(poll_once(&mut sleep_until(now())).is_ready());
            assert!(poll_once(&mut sleep_until(now() + Duration::from_nanos(1))).is_pending());
        });
    });
}

// P74: timers fire and are dropped in an order given by a seed.
#[test]
fn tiny_sleeps_dropped_or_awaited_at_random_all_end() {
    watched(|| {
        aside::run(async {
            let mut random = 0x2545_F491_4F6C_DD1D_u64;
            let mut next = |below: u64| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random % below
            };
            let mut ended = 0;
            for _ in 0..200 {
                let naps = (0..next(30)).map(|_| sleep(Duration::from_nanos(next(3_000))));
                let mut naps: Vec<_> = naps.collect();
                for nap in &mut naps {
                    let _ = poll_once(nap);
                }
                naps.retain(|_| next(2) == 0);
                if next(2) == 0 {
                    yield_now().await;
                }
                for nap in naps {
                    nap.await;
                    ended += 1;
                }
            }
            assert!(ended > 0);
        });
    });
}

// P74: the waker of one timer drops another timer that is due in the same turn.
#[test]
fn a_sleep_dropped_while_timers_fire_does_not_fire() {
    watched(|| {
        run_virtually(async {
            let victim = Arc::new(Mutex::new(None));
            let taken = Arc::clone(&victim);
            let (killer, _) = Foreign::default().on_wake(move || drop(taken.lock().take())).waker();
            let (waker, counts) = Foreign::default().waker();
            let mut first = sleep(seconds(1));
            let mut second = sleep(seconds(1));
            assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&killer)).is_pending());
            assert!(Pin::new(&mut second).poll(&mut Context::from_waker(&waker)).is_pending());
            *victim.lock() = Some(second);
            sleep(seconds(2)).await;
            assert!(victim.lock().is_none());
            assert_eq!((counts.wakes(), counts.references()), (0, 1));
        });
    });
}

#[test]
fn a_sleep_created_outside_a_runtime_starts_at_its_first_poll() {
    watched(|| {
        let nap = sleep(seconds(5));
        assert_eq!(nap.deadline(), None);
        run_virtually(async {
            sleep(seconds(100)).await;
            let start = now();
            nap.await;
            assert_eq!(now() - start, seconds(5));
        });
    });
}

#[test]
fn a_sleep_created_inside_a_runtime_starts_at_its_call() {
    watched(|| {
        run_virtually(async {
            let start = now();
            let mut nap = sleep(seconds(5));
            assert_eq!(nap.deadline(), Some(start + seconds(5)));
            sleep(seconds(4)).await;
            (&mut nap).await;
            assert!(nap.is_elapsed());
            assert_eq!(now() - start, seconds(5));
        });
    });
}

#[test]
fn a_sleep_polled_without_a_runtime_panics_with_advice() {
    watched(|| {
        let message = panic_message(|| {
            let _ = poll_once(&mut sleep(seconds(1)));
        });
        assert!(message.contains("there is no runtime on this thread"), "{message}");
        assert!(message.contains("`run`"), "{message}");
    });
}

#[test]
fn a_sleep_whose_runtime_is_gone_panics_and_can_be_dropped() {
    watched(|| {
        let (mut unpolled, mut polled) = run_virtually(async {
            let mut polled = sleep(seconds(9));
            assert!(poll_once(&mut polled).is_pending());
            (sleep(seconds(9)), polled)
        });
        for nap in [&mut unpolled, &mut polled] {
            let message = panic_message(|| {
                let _ = poll_once(nap);
            });
            assert!(message.contains("the runtime whose clock it follows"), "{message}");
        }
        drop((unpolled, polled));
    });
}

#[test]
fn a_sleep_may_be_awaited_on_another_executor_and_moved_back_while_pending() {
    watched(|| {
        aside::run(async {
            // This sleep is created on this loop and awaited by another loop on another thread.
            let mut nap = sleep(Duration::from_millis(3));
            assert!(poll_once(&mut nap).is_pending());
            let remote = aside::spawn_blocking(move || {
                aside::run(async {
                    (&mut nap).await;
                    nap.is_elapsed()
                })
            });
            assert!(remote.await.unwrap());

            // This sleep is created here, reset on another thread, and awaited here.
            let mut nap = sleep(Duration::from_millis(3));
            assert!(poll_once(&mut nap).is_pending());
            let nap = aside::spawn_blocking(move || {
                let _ = aside::run(async { poll_once(&mut nap) });
                nap
            });
            nap.await.unwrap().await;
        });
    });
}

#[test]
fn a_sleep_dropped_on_another_thread_drops_its_waker() {
    watched(|| {
        aside::run(async {
            let (waker, counts) = Foreign::default().waker();
            let mut nap = sleep(seconds(3600));
            let mut cx = Context::from_waker(&waker);
            assert!(Pin::new(&mut nap).poll(&mut cx).is_pending());
            assert_eq!(counts.references(), 2);
            aside::spawn_blocking(move || drop(nap)).await.unwrap();
            yield_now().await;
            assert_eq!(counts.references(), 1);
        });
    });
}

// The block returns the sleep unfinished on purpose.
#[allow(clippy::async_yields_async)]
#[test]
fn a_sleep_on_the_system_clock_may_be_awaited_in_a_later_runtime() {
    watched(|| {
        let nap = aside::run(async {
            let mut nap = sleep(Duration::from_millis(3));
            assert!(poll_once(&mut nap).is_pending());
            nap
        });
        aside::run(nap);
    });
}

// P14: the inner loop drives a sleep that was created while the outer loop was current.
#[test]
fn timers_of_a_runtime_inside_a_task_of_another_fire() {
    watched(|| {
        aside::run(async {
            let inner = Runtime::new();
            let late = inner.block_on(timeout(Duration::from_millis(2), pending::<()>()));
            assert!(late.is_err());
            inner.block_on(sleep(Duration::from_millis(2)));
        });
    });
}
