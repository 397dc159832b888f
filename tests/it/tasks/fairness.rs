//! Fairness: timers, tasks and remote wakes are not starved.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aside::observe::Counters;
use aside::{Runtime, sleep, spawn, timeout, yield_now};

use crate::support::watchdog::watched;

/// Wakes itself at every poll, and counts the polls.
fn wake_forever(polls: &Rc<Cell<u64>>) -> impl Future<Output = ()> + use<> {
    let polls = Rc::clone(polls);
    poll_fn(move |cx| {
        polls.set(polls.get() + 1);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

// P9: the ready queue is never empty, and the timer still fires.
#[test]
fn a_task_that_always_wakes_itself_does_not_starve_a_timer() {
    watched(|| {
        aside::run(async {
            let polls = Rc::new(Cell::new(0));
            spawn(wake_forever(&polls)).detach();
            sleep(Duration::from_millis(5)).await;
            assert!(polls.get() > 1);
        });
    });
}

// P9: remote messages are not starved either.
#[test]
fn a_task_that_always_wakes_itself_does_not_starve_a_job() {
    watched(|| {
        aside::run(async {
            let polls = Rc::new(Cell::new(0));
            spawn(wake_forever(&polls)).detach();
            assert_eq!(aside::spawn_blocking(|| 5).await.unwrap(), 5);
        });
    });
}

// P10
#[test]
fn two_tasks_that_yield_for_ever_do_not_starve_a_timer() {
    watched(|| {
        aside::run(async {
            for _ in 0..2 {
                spawn(async {
                    loop {
                        yield_now().await;
                    }
                })
                .detach();
            }
            sleep(Duration::from_millis(5)).await;
        });
    });
}

// P11: two tasks that wake each other are each polled at most once per turn.
#[test]
fn two_tasks_that_wake_each_other_do_not_starve_a_third() {
    watched(|| {
        aside::run(async {
            let wakers: Rc<[Cell<Option<Waker>>; 2]> = Rc::default();
            let polls = Rc::new(Cell::new(0));
            for own in 0..2 {
                let (wakers, polls) = (Rc::clone(&wakers), Rc::clone(&polls));
                spawn(poll_fn(move |cx| {
                    polls.set(polls.get() + 1);
                    wakers[own].set(Some(cx.waker().clone()));
                    match wakers[1 - own].take() {
                        Some(other) => other.wake(),
                        None => cx.waker().wake_by_ref(),
                    }
                    Poll::<()>::Pending
                }))
                .detach();
            }
            let third = spawn(async {
                for _ in 0..100 {
                    yield_now().await;
                }
            });
            third.await.unwrap();
            assert!((100..=400).contains(&polls.get()), "{} polls", polls.get());
        });
    });
}

// P8: the sleep reads the clock itself, because the loop gets no chance to fire the timer.
#[test]
fn a_sleep_that_is_polled_in_a_loop_without_returning_ends() {
    watched(|| {
        aside::run(async {
            let mut nap = pin!(sleep(Duration::from_millis(5)));
            let mut cx = Context::from_waker(Waker::noop());
            while nap.as_mut().poll(&mut cx).is_pending() {}
        });
    });
}

// P75
#[test]
fn a_timeout_around_a_future_that_is_always_busy_elapses() {
    watched(|| {
        aside::run(async {
            let polls = Rc::new(Cell::new(0));
            let busy = async {
                wake_forever(&polls).await;
            };
            assert!(timeout(Duration::from_millis(5), busy).await.is_err());
            assert!(polls.get() > 1);
        });
    });
}

// P75: the future is busy because the tasks it awaits are always ready.
#[test]
fn a_timeout_around_a_future_that_spawns_without_end_elapses() {
    watched(|| {
        aside::run(async {
            let spawning = async {
                loop {
                    spawn(async {}).await.unwrap();
                }
            };
            assert!(timeout(Duration::from_millis(5), spawning).await.is_err());
        });
    });
}

// P9: the number of polls in a turn is bounded.
#[test]
fn a_turn_polls_at_most_its_bound_and_the_next_turn_continues_there() {
    watched(|| {
        let runtime = Runtime::builder().turn_bound(10).build();
        let polls = Rc::new(Cell::new(0));
        for _ in 0..25 {
            let polls = Rc::clone(&polls);
            runtime.spawn(async move { polls.set(polls.get() + 1) }).detach();
        }
        for (polled, tasks) in [(10, 15), (10, 5), (5, 0)] {
            let turn = runtime.turn(Duration::ZERO);
            assert_eq!((turn.polled, turn.tasks), (polled, tasks));
        }
        assert_eq!(polls.get(), 25);
    });
}

#[test]
fn a_bound_of_zero_is_taken_as_one() {
    watched(|| {
        let runtime = Runtime::builder().turn_bound(0).build();
        runtime.block_on(async {
            spawn(async {}).await.unwrap();
        });
    });
}

// P9: a flood of remote messages does not prevent the polls of a turn.
#[test]
fn a_turn_drains_at_most_its_bound_of_messages() {
    watched(|| {
        let runtime = Runtime::builder().turn_bound(10).build();
        let handle = runtime.handle();
        for _ in 0..25 {
            handle.spawn(pending::<()>()).detach();
        }
        let received: Vec<usize> = (0..4).map(|_| runtime.turn(Duration::ZERO).received).collect();
        assert_eq!(received, [10, 10, 5, 0]);
        assert_eq!(runtime.task_count(), 25);
    });
}

// P7: an observer that wakes a task before every sleep does not keep the loop from its timers, and
// the task is polled after each wake although no timer is due.
#[test]
fn an_observer_that_wakes_a_task_before_every_sleep_does_not_keep_timers_from_firing() {
    struct WakeBeforeSleep(Rc<Cell<Option<Waker>>>);
    impl aside::observe::Observer for WakeBeforeSleep {
        fn parked(&self, _deadline: Option<std::time::Instant>) {
            if let Some(waker) = self.0.take() {
                waker.wake_by_ref();
                self.0.set(Some(waker));
            }
        }
    }
    watched(|| {
        let waker = Rc::new(Cell::new(None));
        let runtime = Runtime::builder().observer(WakeBeforeSleep(Rc::clone(&waker))).build();
        let mut polls = 0;
        let woken = runtime.spawn(poll_fn(move |cx| {
            waker.set(Some(cx.waker().clone()));
            polls += 1;
            if polls == 100 { Poll::Ready(()) } else { Poll::Pending }
        }));
        runtime.spawn(sleep(Duration::from_secs(3600))).detach();
        runtime.block_on(woken).unwrap();
        runtime.block_on(sleep(Duration::from_millis(5)));
    });
}

// P7
#[test]
fn timers_fire_across_many_short_calls_of_block_on() {
    watched(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(sleep(Duration::from_millis(5)));
        while !task.is_finished() {
            runtime.block_on(yield_now());
        }
    });
}

// P9, P10: the numbers of polls of yielding tasks differ by at most one.
#[test]
fn yielding_tasks_take_turns() {
    watched(|| {
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        let counts: Vec<_> = (0..10).map(|_| Rc::new(Cell::new(0))).collect();
        for count in &counts {
            runtime.spawn(wake_forever(count)).detach();
        }
        runtime.block_on(async {
            for _ in 0..50 {
                yield_now().await;
            }
        });
        let counts: Vec<u64> = counts.iter().map(|count| count.get()).collect();
        assert!(counts.iter().all(|count| (50..=51).contains(count)), "{counts:?}");
        assert_eq!(counters.polls(), counts.iter().sum::<u64>() + 51);
    });
}
