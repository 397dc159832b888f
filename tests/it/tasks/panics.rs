//! A panic in a task, job, waker or destructor ends only that task, job, waker or value.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::time::{Duration, Instant};

use aside::blocking::Shutdown;
use aside::observe::Observer;
use aside::{Metadata, Runtime, gather, spawn, spawn_blocking, yield_now};

use crate::support::misbehaving::{Bomb, ChainBomb, OnDrop};
use crate::support::watchdog::{panic_message, watched};

// Promise 4
#[test]
fn a_panicking_task_ends_alone() {
    watched(|| {
        aside::run(async {
            let before = spawn(async {
                yield_now().await;
                1
            });
            let bad = spawn(async { panic!("a bad task") });
            let after = spawn(async { 2 });
            let error = bad.await.unwrap_err();
            assert!(error.is_panic() && !error.is_cancelled());
            assert!(error.to_string().ends_with("panicked: a bad task"));
            assert_eq!(error.try_into_panic().unwrap().downcast_ref(), Some(&"a bad task"));
            assert_eq!((before.await.unwrap(), after.await.unwrap()), (1, 2));
        });
    });
}

// Promise 4
#[test]
fn a_panic_of_main_propagates_to_the_caller_and_the_runtime_stays_usable() {
    watched(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(async {
            for _ in 0..3 {
                yield_now().await;
            }
            5
        });
        let message = panic_message(|| {
            runtime.block_on(async {
                yield_now().await;
                panic!("in main")
            })
        });
        assert_eq!(message, "in main");
        assert_eq!(runtime.block_on(task).unwrap(), 5);
    });
}

// Promise 4: tasks that were ready when main panicked are still polled.
#[test]
fn tasks_that_were_ready_when_main_panicked_are_polled_later() {
    watched(|| {
        let runtime = Runtime::new();
        let ran = Rc::new(Cell::new(0));
        let _ = panic_message(|| {
            runtime.block_on(async {
                for _ in 0..10 {
                    let ran = Rc::clone(&ran);
                    spawn(async move { ran.set(ran.get() + 1) }).detach();
                }
                panic!("in main")
            })
        });
        runtime.drain();
        assert_eq!(ran.get(), 10);
    });
}

// P27
#[test]
fn a_result_whose_destructor_panics_may_be_dropped_with_its_handle() {
    watched(|| {
        aside::run(async {
            // Two handles, of a task and of a job, are dropped before the result is stored. Two
            // others are dropped after it is stored, and before it is read.
            let early = spawn(async { Bomb });
            drop(early);
            let late = spawn(async { Bomb });
            yield_now().await;
            assert!(late.is_finished());
            drop(late);
            let job = spawn_blocking(|| Bomb);
            while !job.is_finished() {
                yield_now().await;
            }
            drop(job);
            drop(spawn_blocking(|| Bomb));
            assert_eq!(spawn_blocking(|| 1).await.unwrap(), 1);
        });
    });
}

// P27
#[test]
fn a_handle_with_a_panicking_result_may_be_dropped_while_its_thread_is_panicking() {
    watched(|| {
        let runtime = Runtime::new();
        let finished = runtime.spawn(async { Bomb });
        let job = runtime.handle().spawn_blocking(|| Bomb);
        runtime.drain();
        let message = panic_message(move || {
            let _handles = (finished, job);
            panic!("the first one");
        });
        assert_eq!(message, "the first one");
    });
}

// P31
#[test]
fn a_panic_of_a_payloads_destructor_is_caught() {
    watched(|| {
        Runtime::builder().threads_max(1).build().block_on(async {
            for round in 0..3 {
                // In the first round the handles are dropped before completion, and in the other
                // rounds after it. The destructor of the payload panics. In the last round the
                // payload of this second panic panics when it is dropped, too.
                let chain = round == 2;
                let blow = move || match chain {
                    true => panic_any(ChainBomb),
                    false => panic_any(Bomb),
                };
                let task = spawn(async move { blow() });
                let job = spawn_blocking(blow);
                if round == 0 {
                    drop((task, job));
                } else {
                    while !(task.is_finished() && job.is_finished()) {
                        yield_now().await;
                    }
                    drop((task, job));
                }
                assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
                assert_eq!(spawn_blocking(|| 2).await.unwrap(), 2);
            }
        });
    });
}

// P31: the payload can be taken without being dropped.
#[test]
fn a_panic_payload_can_be_taken_from_the_join_error() {
    watched(|| {
        aside::run(async {
            let error = spawn(async { panic_any(Bomb) }).await.unwrap_err();
            let payload = error.try_into_panic().unwrap();
            std::mem::forget(payload.downcast::<Bomb>().unwrap());
        });
    });
}

// Promise 4
#[test]
fn a_future_whose_destructor_panics_keeps_its_result() {
    watched(|| {
        aside::run(async {
            // The future still owns the value when it returns `Ready`.
            let bomb = Some(Bomb);
            let ready = spawn(poll_fn(move |_| Poll::Ready(bomb.is_some())));
            assert!(ready.await.unwrap());
            // The future owns the value when it is aborted.
            let bomb = Bomb;
            let aborted = spawn(async move {
                let _bomb = bomb;
                pending::<()>().await;
            });
            yield_now().await;
            aborted.abort();
            assert!(aborted.await.unwrap_err().is_cancelled());
            // The destructor of this value panics, and so does the destructor of that panic's
            // payload.
            let chain = ChainBomb;
            let aborted = spawn(async move { drop(chain) });
            aborted.abort();
            assert!(aborted.await.unwrap_err().is_cancelled());
        });
    });
}

// Promises 3 and 4
#[test]
fn panicking_destructors_during_shutdown_do_not_prevent_the_others() {
    watched(|| {
        for dropped_by_hand in [true, false] {
            let runtime = Runtime::new();
            let (sender, dropped) = mpsc::channel();
            for number in 0..6 {
                let sender = sender.clone();
                let held = OnDrop::new(move || {
                    sender.send(number).unwrap();
                    assert!(number % 2 == 0, "an odd one");
                });
                runtime
                    .spawn(async move {
                        let _held = held;
                        pending::<()>().await;
                    })
                    .detach();
            }
            runtime.block_on(yield_now());
            if dropped_by_hand {
                drop(runtime);
            } else {
                assert_eq!(runtime.shutdown(Shutdown::Wait).tasks_cancelled.len(), 6);
            }
            assert!(dropped.try_iter().eq(0..6));
        }
    });
}

// Promise 4: the destructors of the captures of a job may panic.
#[test]
fn a_job_whose_captures_panic_when_dropped_harms_no_worker() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let (go, may_go) = mpsc::channel::<()>();
            let first = spawn_blocking(move || may_go.recv().unwrap());
            let bomb = Bomb;
            let queued = spawn_blocking(move || drop(bomb));
            queued.abort();
            assert!(queued.await.unwrap_err().is_cancelled());
            go.send(()).unwrap();
            first.await.unwrap();
            let bomb = Bomb;
            assert!(spawn_blocking(move || drop(bomb)).await.unwrap_err().is_panic());
            assert_eq!(spawn_blocking(|| 3).await.unwrap(), 3);
        });
        let refused = runtime.handle();
        drop(runtime);
        let bomb = Bomb;
        let job = refused.spawn_blocking(move || drop(bomb));
        assert!(aside::run(job).unwrap_err().is_refused());
    });
}

/// An observer that panics at the poll with this number.
struct Panicking(Rc<Cell<u32>>);

impl Observer for Panicking {
    fn poll_started(&self, _task: &Metadata) {
        self.0.set(self.0.get().wrapping_sub(1));
        assert!(self.0.get() != 0, "an observer");
    }

    fn parked(&self, _deadline: Option<Instant>) {
        self.0.set(self.0.get().wrapping_sub(1));
        assert!(self.0.get() != 0, "an observer");
    }
}

// Promise 4: an observer's panic does not end the observed tasks.
#[test]
fn a_panic_of_an_observer_is_caught() {
    watched(|| {
        for count in 1..8 {
            let fuse = Rc::new(Cell::new(0));
            let runtime = Runtime::builder().observer(Panicking(Rc::clone(&fuse))).build();
            let tasks: Vec<_> = (0..3)
                .map(|number| {
                    runtime.spawn(async move {
                        yield_now().await;
                        aside::sleep(Duration::from_millis(1)).await;
                        number
                    })
                })
                .collect();
            fuse.set(count);
            runtime.drain();
            assert!(fuse.get() > u32::MAX / 2, "the observer has panicked");
            assert_eq!(
                runtime.block_on(gather(tasks)).into_iter().map(Result::unwrap).sum::<i32>(),
                3
            );
        }
    });
}

#[test]
fn a_runtime_may_be_dropped_while_its_thread_is_panicking() {
    watched(|| {
        let (sender, dropped) = mpsc::channel();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let runtime = Runtime::new();
            let held = OnDrop::new(move || {
                sender.send(()).unwrap();
                panic!("a second panic");
            });
            runtime
                .spawn(async move {
                    let _held = held;
                    pending::<()>().await;
                })
                .detach();
            runtime.block_on(async {
                spawn_blocking(|| ()).detach();
                yield_now().await;
                panic!("the first one");
            })
        }));
        assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"the first one"));
        assert_eq!(dropped.try_iter().count(), 1);
    });
}
