//! Groups of tasks and jobs on a runtime. The other files of this folder drive groups without a
//! runtime.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use aside::observe::Counters;
use aside::time::{Clock, now};
use aside::{
    JoinError, Runtime, first_ok, gather, race, scope, sleep, spawn, spawn_blocking, timeout,
    try_gather, yield_now,
};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::{panic_message, watched};

fn run_virtually<F: Future>(main: F) -> F::Output {
    Runtime::builder().clock(Clock::virtual_time()).build().block_on(main)
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn gathered_sleeps_pass_together() {
    watched(|| {
        run_virtually(async {
            let start = now();
            gather((0..1_000).map(|hours| sleep(HOUR * hours))).await;
            assert_eq!(now() - start, HOUR * 999);
        });
    });
}

#[test]
fn tasks_jobs_and_futures_are_gathered_in_order() {
    watched(|| {
        aside::run(async {
            let (job, task, plain) =
                gather((spawn_blocking(|| 1), spawn(async { 2 }), async { 3 })).await;
            assert_eq!((job.unwrap(), task.unwrap(), plain), (1, 2, 3));
            let numbers = (0..500).map(|number| spawn_blocking(move || number));
            let gathered: Result<Vec<_>, JoinError> = gather(numbers).await.into_iter().collect();
            assert!(gathered.unwrap().into_iter().eq(0..500));
        });
    });
}

// P78: children that finish together cause one poll of main, and not one for each child.
#[test]
fn a_gather_of_ten_thousand_tasks_costs_few_polls_of_its_awaiting_task() {
    watched(|| {
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..10_000).map(|_| spawn(yield_now())).collect();
            for result in gather(tasks).await {
                result.unwrap();
            }
        });
        let own = counters.polls() - 2 * 10_000;
        assert!(own <= 100, "main was polled {own} times");
    });
}

// P79
#[test]
fn an_empty_gather_is_ready_without_waking_the_loop() {
    watched(|| {
        aside::run(async {
            assert!(gather(Vec::<std::future::Ready<()>>::new()).await.is_empty());
        });
    });
}

// P80: cancelling a group cancels every child, at any stage.
#[test]
fn a_dropped_gather_drops_every_child_and_aborts_the_tasks_they_own() {
    watched(|| {
        run_virtually(async {
            let dropped = Rc::new(Cell::new(0));
            let child = || {
                let dropped = Rc::clone(&dropped);
                let held = OnDrop::new(move || dropped.set(dropped.get() + 1));
                let task = spawn(async move {
                    let _held = held;
                    pending::<()>().await;
                });
                task.abort_on_drop()
            };
            let ready = spawn(async {}).abort_on_drop();
            let children = vec![ready, child(), child(), child()];
            assert!(timeout(HOUR, gather(children)).await.is_err());
            yield_now().await;
            assert_eq!(dropped.get(), 3);
        });
    });
}

// P81: the cancellation of a child is that child's result; the cancellation of the gather
// propagates.
#[test]
fn a_cancelled_child_differs_from_a_cancelled_gather() {
    watched(|| {
        aside::run(async {
            let child = spawn(pending::<()>());
            child.abort();
            let results = gather([child, spawn(async {})]).await;
            assert!(results[0].as_ref().unwrap_err().is_cancelled());
            assert!(results[1].is_ok());

            let outer = spawn(async { gather([spawn(pending::<()>())]).await });
            yield_now().await;
            outer.abort();
            assert!(outer.await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn try_gather_ends_at_the_earliest_error_and_drops_the_others() {
    watched(|| {
        run_virtually(async {
            let start = now();
            let after = |hours, result: Result<u32, u32>| async move {
                sleep(HOUR * hours).await;
                result
            };
            let all = try_gather([after(3, Ok(1)), after(2, Err(2)), after(9, Err(3))]).await;
            assert_eq!((all, now() - start), (Err(2), HOUR * 2));
        });
    });
}

#[test]
fn a_race_and_a_first_ok_end_in_time() {
    watched(|| {
        run_virtually(async {
            let start = now();
            let after = |hours, result: Result<u32, u32>| async move {
                sleep(HOUR * hours).await;
                result
            };
            assert_eq!(race([after(5, Ok(5)), after(1, Err(1))]).await, Err(1));
            assert_eq!(now() - start, HOUR);
            assert_eq!(first_ok([after(5, Ok(5)), after(1, Err(1))]).await, Ok(5));
            assert_eq!(now() - start, HOUR * 6);
        });
    });
}

// P82: a child awaits a job while its sibling waits for its lock. The group polls the child when
// the job has ended, so the lock is released.
#[test]
fn a_child_continues_while_its_sibling_waits_for_its_lock() {
    watched(|| {
        aside::run(async {
            let turn = Cell::new(false);
            let holder = async {
                spawn_blocking(|| ()).await.unwrap();
                turn.set(true);
            };
            let waiter = async {
                while !turn.get() {
                    yield_now().await;
                }
            };
            gather((waiter, holder)).await;
        });
    });
}

// P84
#[test]
fn a_panic_of_a_child_propagates_through_the_gather_and_that_of_a_task_is_its_result() {
    watched(|| {
        aside::run(async {
            let results = gather([spawn(async { panic!("one") }), spawn(async {})]).await;
            assert!(results[0].as_ref().unwrap_err().is_panic());
            assert!(results[1].is_ok());
        });
        let message = panic_message(|| {
            aside::run(async { gather((async { panic!("a child") }, pending::<()>())).await.1 })
        });
        assert_eq!(message, "a child");
    });
}

// Promise 8: concurrent futures of one task may borrow from that task.
#[test]
fn children_of_a_scope_borrow_and_await_jobs() {
    watched(|| {
        aside::run(async {
            let sums = RefCell::new(Vec::new());
            let add = &sums;
            scope(async |scope| {
                for number in 0..10_u32 {
                    scope
                        .spawn(async move {
                            let square = spawn_blocking(move || number * number).await.unwrap();
                            add.borrow_mut().push(square);
                        })
                        .detach();
                }
            })
            .await;
            assert_eq!(sums.take().into_iter().sum::<u32>(), 285);
        });
    });
}

// P42
#[test]
fn a_limit_holds_over_jobs_too() {
    watched(|| {
        aside::run(async {
            let at_work = Arc::new(AtomicUsize::new(0));
            let (sender, most) = mpsc::channel();
            let jobs = (0..200).map(|_| {
                let (at_work, sender) = (Arc::clone(&at_work), sender.clone());
                async move {
                    let begin = move || {
                        sender.send(at_work.fetch_add(1, Ordering::SeqCst) + 1).unwrap();
                        std::thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                    };
                    spawn_blocking(begin).await.unwrap();
                }
            });
            gather(jobs).limit(3).await;
            assert!(most.try_iter().max().unwrap() <= 3);
        });
    });
}

// P30
#[test]
fn an_iterator_that_panics_in_a_group_ends_the_group_alone() {
    watched(|| {
        aside::run(async {
            let before = spawn(yield_now());
            let panicking = (0..3).map(|number| {
                assert!(number < 2, "an iterator");
                spawn(yield_now())
            });
            let group = spawn(async { gather(panicking).limit(1).await.len() });
            assert!(group.await.unwrap_err().to_string().ends_with("panicked: an iterator"));
            before.await.unwrap();
            assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
        });
    });
}
