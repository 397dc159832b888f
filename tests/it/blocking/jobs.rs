//! The blocking pool through the front end: `spawn_blocking`, `run_in_executor`.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use aside::blocking::{Executor, Pool, Shutdown};
use aside::{Handle, JoinHandle, Metadata, Runtime, run_in_executor, spawn_blocking, yield_now};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::{panic_message, watched};

#[test]
fn a_job_runs_on_another_thread_and_its_result_comes_back() {
    watched(|| {
        aside::run(async {
            let here = thread::current().id();
            let there = spawn_blocking(|| thread::current().id()).await.unwrap();
            assert_ne!(here, there);
        });
    });
}

#[test]
fn a_thousand_jobs_on_a_few_threads_all_come_back() {
    watched(|| {
        Runtime::builder().threads_max(3).build().block_on(async {
            let jobs: Vec<_> = (0..1_000).map(|n| spawn_blocking(move || n * 2)).collect();
            for (n, job) in jobs.into_iter().enumerate() {
                assert_eq!(job.await.unwrap(), n * 2);
            }
        });
    });
}

// Promise 2: a job runs although nothing waits for it, and counts against the limits of its pool
// until it has ended.
#[test]
fn a_job_whose_handle_is_dropped_runs_and_keeps_its_slot_until_it_has_ended() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let handle = runtime.handle();
        let (began, beginning) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        handle
            .spawn_blocking(move || {
                began.send(()).unwrap();
                may_go.recv().unwrap();
            })
            .detach();
        beginning.recv().unwrap();
        let next = handle.spawn_blocking(|| 2);
        let stats = handle.pool().stats();
        // P55: the only thread is taken, so the next job waits.
        assert_eq!((stats.threads, stats.busy, stats.queued), (1, 1, 1));
        go.send(()).unwrap();
        assert_eq!(runtime.block_on(next).unwrap(), 2);
    });
}

// P55: the limit holds although every handle is dropped at once.
#[test]
fn abandoned_jobs_never_run_on_more_threads_than_the_limit() {
    watched(|| {
        let at_work = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let runtime = Runtime::builder().threads_max(3).build();
        for _ in 0..500 {
            let (at_work, most) = (Arc::clone(&at_work), Arc::clone(&most));
            let job = move || {
                most.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                at_work.fetch_sub(1, Ordering::SeqCst);
            };
            drop(runtime.handle().spawn_blocking(job).abort_on_drop());
        }
        let report = runtime.shutdown(Shutdown::Wait);
        assert!(report.jobs.is_clean());
        assert!(most.load(Ordering::SeqCst) <= 3);
    });
}

// P56, promise 2: a job is either run or cancelled before it starts.
#[test]
fn an_aborted_job_is_either_run_or_cancelled() {
    watched(|| {
        Runtime::builder().threads_max(2).build().block_on(async {
            let mut seen = [0, 0];
            for round in 0..2_000 {
                let ran = Arc::new(AtomicUsize::new(0));
                let counting = Arc::clone(&ran);
                let job = spawn_blocking(move || counting.fetch_add(1, Ordering::SeqCst));
                if round % 3 == 0 {
                    thread::yield_now();
                }
                job.abort();
                let result = job.await;
                assert_eq!(ran.load(Ordering::SeqCst), usize::from(result.is_ok()));
                assert!(result.as_ref().err().is_none_or(aside::JoinError::is_cancelled));
                seen[usize::from(result.is_ok())] += 1;
            }
            assert_eq!(seen[0] + seen[1], 2_000);
        });
    });
}

// Promise 2: the captures of a cancelled job are dropped before its handle reports the
// cancellation.
#[test]
fn a_job_that_is_cancelled_in_the_queue_drops_its_closure_first() {
    watched(|| {
        Runtime::builder().threads_max(1).build().block_on(async {
            let (go, may_go) = mpsc::channel::<()>();
            let first = spawn_blocking(move || may_go.recv().unwrap());
            let dropped = Arc::new(AtomicUsize::new(0));
            let counting = Arc::clone(&dropped);
            let held = OnDrop::new(move || {
                counting.fetch_add(1, Ordering::SeqCst);
            });
            let second = spawn_blocking(move || drop(held));
            second.abort();
            assert!(second.await.unwrap_err().is_cancelled());
            assert_eq!(dropped.load(Ordering::SeqCst), 1);
            go.send(()).unwrap();
            first.await.unwrap();
        });
    });
}

// P51, promise 4
#[test]
fn panicking_jobs_are_reported_and_cost_the_pool_no_worker() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(2).build();
        let pool = runtime.handle().pool().clone();
        runtime.block_on(async {
            for round in 0..20 {
                let error = spawn_blocking(move || panic!("round {round}")).await.unwrap_err();
                assert!(error.is_panic());
                assert!(error.to_string().ends_with(&format!("panicked: round {round}")));
            }
            assert_eq!(spawn_blocking(|| 1).await.unwrap(), 1);
        });
        drop(runtime);
        let stats = pool.stats();
        assert_eq!((stats.completed, stats.threads), (21, 0));
    });
}

#[test]
fn the_panic_of_a_job_can_be_resumed() {
    watched(|| {
        let message = panic_message(|| {
            aside::run(async {
                let error = spawn_blocking(|| panic!("from the job")).await.unwrap_err();
                error.resume();
            });
        });
        assert_eq!(message, "from the job");
    });
}

/// A pool whose first `failures` attempts to start a thread fail.
fn pool_without_threads(failures: usize) -> Pool {
    let left = AtomicUsize::new(failures);
    Pool::builder()
        .threads_max(4)
        .spawner(move |name, _stack, body| {
            let fails = |left: usize| left.checked_sub(1);
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
                return Err(io::Error::from_raw_os_error(11));
            }
            thread::Builder::new().name(name).spawn(body)
        })
        .build()
}

// P52, P53, promise 5: a failure to start a thread is an error of that one call.
#[test]
fn a_job_for_which_no_thread_can_be_started_is_refused_and_the_next_one_runs() {
    watched(|| {
        let runtime = Runtime::builder().pool(pool_without_threads(3)).build();
        runtime.block_on(async {
            for _ in 0..3 {
                let error = spawn_blocking(|| unreachable!("no thread")).await.unwrap_err();
                assert!(error.is_refused() && !error.is_cancelled());
                let text = error.to_string();
                assert!(text.contains("no thread could be started"), "{text}");
                assert!(std::error::Error::source(&error).is_some());
            }
            assert_eq!(spawn_blocking(|| 4).await.unwrap(), 4);
        });
        let pool = runtime.handle().pool().clone();
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
    });
}

// P49, P17: a job that submits to its own pool and waits for the result.
#[test]
fn a_job_may_submit_another_and_wait_for_it() {
    watched(|| {
        aside::run(async {
            let outer = spawn_blocking(|| {
                let handle = Handle::current();
                let inner = handle.spawn_blocking(|| 20);
                handle.block_on(inner).unwrap() + 1
            });
            assert_eq!(outer.await.unwrap(), 21);
        });
    });
}

// P54, P5: the number of waiting jobs exceeds twice the number of cores of a typical machine.
#[test]
fn jobs_that_wait_for_each_other_get_as_many_threads_as_they_need() {
    watched(|| {
        aside::run(async {
            let count = 40;
            let barrier = Arc::new(Barrier::new(count));
            let jobs: Vec<_> = (0..count)
                .map(|_| {
                    let barrier = Arc::clone(&barrier);
                    spawn_blocking(move || barrier.wait().is_leader())
                })
                .collect();
            for job in jobs {
                job.await.unwrap();
            }
        });
    });
}

// P5: each of the two jobs waits until the other one has started.
#[test]
fn two_jobs_that_need_each_other_always_run_concurrently() {
    watched(|| {
        Runtime::builder().threads_max(2).build().block_on(async {
            for _ in 0..500 {
                let barrier = Arc::new(Barrier::new(2));
                let meet = || {
                    let barrier = Arc::clone(&barrier);
                    spawn_blocking(move || barrier.wait().is_leader())
                };
                let (first, second) = (meet(), meet());
                first.await.unwrap();
                second.await.unwrap();
            }
        });
    });
}

// P61: a worker keeps nothing of the previous job.
#[test]
fn a_worker_does_not_carry_the_runtime_of_one_job_into_the_next() {
    watched(|| {
        let pool = Pool::builder().threads_max(1).build();
        let runtime = Runtime::builder().pool(pool.clone()).build();
        runtime.block_on(async {
            spawn_blocking(|| drop(Handle::current())).await.unwrap();
            let after = pool.submit(|| Handle::try_current().is_err()).unwrap();
            assert!(after.await.unwrap());
            // A job that panics does not leave the runtime current on the worker either.
            assert!(spawn_blocking(|| panic!("in a job")).await.is_err());
            let after = pool.submit(|| Handle::try_current().is_err()).unwrap();
            assert!(after.await.unwrap());
        });
        let other = Runtime::builder().pool(pool).thread_name("unused").build();
        let theirs = other.handle();
        other.block_on(async {
            theirs.spawn(async {}).await.unwrap();
            // On the same worker, a job of the other runtime finds the other runtime current.
            let job = spawn_blocking(|| Handle::current().spawn(async { 5 }));
            assert_eq!(job.await.unwrap().await.unwrap(), 5);
        });
    });
}

// P61: a job does not see the thread-locals of its submitter.
#[test]
fn a_job_sees_its_own_threads_locals_and_not_its_spawners() {
    thread_local! {
        static MARK: Cell<u32> = const { Cell::new(0) };
    }
    watched(|| {
        aside::run(async {
            MARK.with(|mark| mark.set(7));
            assert_eq!(spawn_blocking(|| MARK.with(Cell::get)).await.unwrap(), 0);
        });
    });
}

#[test]
fn a_pool_given_to_the_builder_serves_the_runtime_and_outlives_it() {
    watched(|| {
        let pool = Pool::builder().threads_max(1).thread_name("database").build();
        let name = aside::run(async {
            let job = run_in_executor(&pool, || thread::current().name().map(str::to_owned));
            job.await.unwrap()
        });
        assert_eq!(name.as_deref(), Some("database-1"));
        let shared = Runtime::builder().pool(pool.clone()).build();
        drop(shared);
        let job = pool.submit(|| 3).expect("the pool is still open");
        assert_eq!(aside::run(job).unwrap(), 3);
    });
}

#[test]
fn errors_show_the_name_and_location_of_a_job() {
    watched(|| {
        aside::run(async {
            let job = aside::named("resize").spawn_blocking(|| panic!("too small"));
            let text = job.await.unwrap_err().to_string();
            assert!(text.starts_with("`resize` (spawned at "), "{text}");
            assert!(text.contains("jobs.rs:"), "{text}");
        });
    });
}

/// An executor whose work is a task that panics.
struct Panics;

impl Executor<&'static str> for Panics {
    type Output = ();

    fn execute(&self, runtime: &Handle, metadata: Metadata, work: &'static str) -> JoinHandle<()> {
        runtime.spawn_as(metadata, async move { panic!("{work}") })
    }
}

#[test]
fn an_executor_of_tasks_passes_the_name_and_the_location_of_the_call_on() {
    watched(|| {
        aside::run(async {
            let named = aside::named("resize").run_in_executor(&Panics, "out of paper");
            let line = line!() - 1;
            let text = named.await.unwrap_err().to_string();
            assert!(text.starts_with("`resize` (spawned at "), "{text}");
            assert!(text.contains(&format!("jobs.rs:{line}:")), "{text}");
        });
    });
}

// P47: the results of jobs arrive while the loop is dropped.
#[test]
fn jobs_may_finish_while_their_loop_is_being_dropped() {
    watched(|| {
        let pool = Pool::builder().threads_max(2).build();
        for _ in 0..300 {
            let runtime = Runtime::builder().pool(pool.clone()).build();
            let handle = runtime.handle();
            let waiting = (0..4).map(|_| handle.spawn_blocking(thread::yield_now));
            let waiting: Vec<JoinHandle<()>> = waiting.collect();
            runtime
                .spawn(async move {
                    for job in waiting {
                        job.await.unwrap();
                    }
                })
                .detach();
            runtime.block_on(yield_now());
            drop(runtime);
        }
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
    });
}
