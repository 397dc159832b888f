//! `Runtime::turn`: the loop of a runtime inside the loop of a host program.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use aside::observe::Counters;
use aside::time::Clock;
use aside::{NextTurn, Runtime, sleep, sleep_until, spawn, yield_now};

use crate::support::watchdog::{on_a_thread, watched};

/// A runtime whose wake hook counts its calls.
fn hooked() -> (Runtime, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&calls);
    let hook = move || {
        counting.fetch_add(1, Ordering::SeqCst);
    };
    (Runtime::builder().on_wake(hook).build(), calls)
}

fn look(runtime: &Runtime) -> NextTurn {
    runtime.turn(Duration::ZERO).next
}

#[test]
fn a_turn_reports_its_work_and_when_the_next_one_is_due() {
    watched(|| {
        let runtime = Runtime::new();
        assert_eq!(look(&runtime), NextTurn::OnWake);
        runtime.spawn(yield_now()).detach();
        let turn = runtime.turn(Duration::ZERO);
        assert_eq!((turn.polled, turn.tasks, turn.next), (1, 1, NextTurn::Now));
        let turn = runtime.turn(Duration::ZERO);
        assert_eq!((turn.polled, turn.tasks, turn.next), (1, 0, NextTurn::OnWake));
        let deadline = Instant::now() + Duration::from_secs(3600);
        runtime.spawn(sleep_until(deadline)).detach();
        let turn = runtime.turn(Duration::ZERO);
        assert_eq!((turn.polled, turn.next), (1, NextTurn::At(deadline)));
        let handle = runtime.handle();
        on_a_thread(move || handle.spawn(async {}).detach());
        let turn = runtime.turn(Duration::ZERO);
        assert_eq!((turn.received, turn.polled, turn.tasks), (1, 1, 1));
    });
}

#[test]
fn a_turn_of_an_empty_loop_never_sleeps() {
    watched(|| {
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        runtime.spawn(pending::<()>()).detach();
        runtime.spawn(sleep(Duration::from_secs(3600))).detach();
        for _ in 0..100 {
            let _ = look(&runtime);
        }
        assert_eq!(counters.parks(), 0);
    });
}

#[test]
fn a_program_with_a_loop_of_its_own_drives_tasks_timers_and_jobs_to_completion() {
    watched(|| {
        let (sender, calls) = mpsc::channel();
        let runtime = Runtime::builder().on_wake(move || sender.send(()).unwrap()).build();
        let task = runtime.spawn(async {
            let mut sum = 0;
            for number in 0..20 {
                sleep(Duration::from_micros(100)).await;
                sum += aside::spawn_blocking(move || number).await.unwrap();
            }
            sum
        });
        // Sleeps as the host's loop would: until the given time, or until the hook is called.
        while !task.is_finished() {
            match look(&runtime) {
                NextTurn::Now => {}
                NextTurn::At(at) => {
                    let wait = at.saturating_duration_since(Instant::now());
                    let _ = calls.recv_timeout(wait);
                }
                NextTurn::OnWake if task.is_finished() => {}
                NextTurn::OnWake => calls.recv().unwrap(),
            }
        }
        assert_eq!(runtime.block_on(task).unwrap(), 190);
    });
}

#[test]
fn the_wake_hook_is_called_at_most_once_per_turn_for_any_number_of_wakes() {
    watched(|| {
        let (runtime, calls) = hooked();
        let (sender, wakers) = mpsc::channel::<Waker>();
        for _ in 0..10 {
            let sender = sender.clone();
            runtime
                .spawn(poll_fn(move |cx| {
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::<()>::Pending
                }))
                .detach();
        }
        assert_eq!(look(&runtime), NextTurn::OnWake);
        assert_eq!(calls.swap(0, Ordering::SeqCst), 1, "for the spawns before the first turn");
        for round in 1..=5 {
            let wakers: Vec<Waker> = wakers.try_iter().collect();
            assert_eq!(wakers.len(), 10);
            on_a_thread(move || wakers.into_iter().for_each(Waker::wake));
            assert_eq!(calls.load(Ordering::SeqCst), round);
            assert_eq!(look(&runtime), NextTurn::OnWake);
        }
    });
}

#[test]
fn the_wake_hook_is_called_for_a_remote_spawn_and_for_a_local_one_between_turns() {
    watched(|| {
        let (runtime, calls) = hooked();
        assert_eq!(look(&runtime), NextTurn::OnWake);
        let handle = runtime.handle();
        on_a_thread(move || handle.spawn(async {}).detach());
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert_eq!(look(&runtime), NextTurn::OnWake);
        runtime.spawn(async {}).detach();
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn the_wake_hook_is_not_called_while_a_turn_is_due_or_running() {
    watched(|| {
        let (runtime, calls) = hooked();
        runtime.spawn(yield_now()).detach();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        let handle = runtime.handle();
        on_a_thread(move || handle.spawn(async {}).detach());
        while look(&runtime) == NextTurn::Now {}
        runtime.spawn(async { spawn(async {}).await.unwrap() }).detach();
        let before = calls.load(Ordering::SeqCst);
        while look(&runtime) == NextTurn::Now {}
        assert_eq!((before, calls.load(Ordering::SeqCst)), (2, 2));
    });
}

#[test]
fn a_wake_between_the_last_check_and_the_end_of_a_turn_is_not_lost() {
    watched(|| {
        let (runtime, calls) = hooked();
        let (sender, wakers) = mpsc::channel::<Waker>();
        let polls = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&polls);
        runtime
            .spawn(poll_fn(move |cx| {
                counting.fetch_add(1, Ordering::SeqCst);
                sender.send(cx.waker().clone()).unwrap();
                Poll::<()>::Pending
            }))
            .detach();
        let waking = thread::spawn(move || wakers.iter().take(2_000).for_each(Waker::wake));
        let mut turns_for_nothing = 0;
        let mut told = 0;
        while polls.load(Ordering::SeqCst) <= 2_000 {
            let next = look(&runtime);
            if next == NextTurn::OnWake {
                // Either the hook has been called, or it will be called, or the turn above has
                // handled the last wake.
                while calls.load(Ordering::SeqCst) == told {
                    if waking.is_finished() && polls.load(Ordering::SeqCst) > 2_000 {
                        break;
                    }
                    thread::yield_now();
                }
                told = calls.load(Ordering::SeqCst);
            } else {
                turns_for_nothing += 1;
            }
        }
        waking.join().unwrap();
        assert_eq!(polls.load(Ordering::SeqCst), 2_001);
        assert!(turns_for_nothing <= 2_001);
    });
}

// Promise 4
#[test]
fn a_panicking_wake_hook_harms_neither_the_waker_nor_the_loop() {
    watched(|| {
        let runtime = Runtime::builder().on_wake(|| panic!("in the hook")).build();
        let _ = look(&runtime);
        let handle = runtime.handle();
        let task = on_a_thread(move || handle.spawn(async { 1 }));
        assert_eq!(runtime.block_on(task).unwrap(), 1);
    });
}

// P12: whatever ended the sleep, the turn handles everything that has arrived.
#[test]
fn a_turn_may_sleep_until_its_limit_a_deadline_or_a_wake() {
    watched(|| {
        let clock = Clock::virtual_time();
        let runtime = Runtime::builder().clock(clock.clone()).build();
        let start = clock.now();
        let passed = || (clock.now() - start).as_secs();
        let _ = runtime.turn(Duration::from_secs(5));
        assert_eq!(passed(), 5);
        let task = runtime.spawn(sleep(Duration::from_secs(3)));
        while !task.is_finished() {
            let _ = runtime.turn(Duration::from_secs(60));
        }
        assert_eq!(passed(), 8);
        let handle = runtime.handle();
        on_a_thread(move || handle.spawn(async {}).detach());
        assert_eq!(runtime.turn(Duration::from_secs(60)).received, 1);
    });
}

#[test]
fn drain_runs_the_loop_exactly_until_no_task_is_left() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.drain();
        for number in 0..10 {
            runtime
                .spawn(async move {
                    sleep(Duration::from_secs(number)).await;
                    spawn(aside::spawn_blocking(|| ())).await.unwrap().unwrap();
                })
                .detach();
        }
        runtime.drain();
        assert_eq!(runtime.task_count(), 0);
    });
}

#[test]
fn tasks_left_by_block_on_continue_at_the_next_call() {
    watched(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(async {
            for _ in 0..10 {
                yield_now().await;
            }
            3
        });
        runtime.block_on(async {});
        assert!(!task.is_finished());
        assert_eq!(runtime.block_on(task).unwrap(), 3);
    });
}

#[test]
fn a_turn_that_has_done_work_returns_without_sleeping() {
    watched(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(yield_now());
        while !task.is_finished() {
            let turn = runtime.turn(Duration::MAX);
            assert_eq!(turn.polled, 1);
        }
        assert_eq!(runtime.task_count(), 0);
    });
}

/// P148: the key is in the ready queue when the future ends.
#[test]
fn a_main_future_that_wakes_itself_in_its_last_poll_loses_no_later_one() {
    watched(|| {
        let runtime = Runtime::new();
        for number in 0..3 {
            let main = poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::Ready(number)
            });
            assert_eq!(runtime.block_on(main), number);
            // The key of the ended future is in the batch of this turn.
            while runtime.turn(Duration::ZERO).next == NextTurn::Now {}
        }
    });
}
