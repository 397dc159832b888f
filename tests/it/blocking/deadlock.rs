//! Jobs that block on jobs of their own pool (P17, P54). Such jobs get threads as long as threads
//! can be started. When all of them wait for each other, one of them gets a deadlock error.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use aside::blocking::{Deadlock, Lane, Pool, Shutdown};
use aside::{
    Handle, JoinError, JoinHandle, Runtime, race, run_in_executor, spawn_blocking, timeout,
};

use crate::support::watchdog::watched;

/// Blocks on a job, from inside another job.
fn wait<T: Send + 'static>(job: JoinHandle<T>) -> Result<T, JoinError> {
    Handle::current().block_on(job)
}

fn why(error: &JoinError) -> Deadlock {
    assert!(error.is_refused(), "{error}");
    let source = error.source().expect("the error has a source");
    source.downcast_ref::<Deadlock>().unwrap_or_else(|| panic!("{source}")).clone()
}

// P54: all jobs wait. The last one to wait gets an error, and its thread then runs the awaited
// jobs.
#[test]
fn in_a_deadlocked_pool_one_job_gets_an_error_and_the_others_continue() {
    watched(|| {
        for threads in [1, 2, 8] {
            let runtime = Runtime::builder().threads_max(threads).thread_name("few").build();
            let begun = Arc::new(Barrier::new(threads));
            let outer = || {
                let begun = Arc::clone(&begun);
                runtime.handle().spawn_blocking(move || {
                    begun.wait();
                    wait(spawn_blocking(|| 1))
                })
            };
            let jobs: Vec<_> = (0..threads).map(|_| outer()).collect();
            let mut refused = Vec::new();
            for job in jobs {
                match runtime.block_on(job).unwrap() {
                    Ok(result) => assert_eq!(result, 1),
                    Err(error) => refused.push(error),
                }
            }
            let [error] = &refused[..] else { panic!("{refused:?}") };
            assert_eq!((why(error).waiting().len(), why(error).lane()), (threads, None));
            let text = error.to_string();
            assert!(text.contains("every thread of pool `few` is taken by a job"), "{text}");
            // The pool works as before.
            assert_eq!(runtime.block_on(runtime.handle().spawn_blocking(|| 2)).unwrap(), 2);
            let pool = runtime.handle().pool().clone();
            assert!(runtime.shutdown(Shutdown::Wait).jobs.is_clean());
            assert_eq!((pool.stats().completed, pool.stats().queued), (2 * threads as u64, 0));
        }
    });
}

fn descend(levels: usize) -> usize {
    match wait(spawn_blocking(move || descend(levels + 1))) {
        Ok(deepest) => deepest,
        Err(error) => {
            assert_eq!(why(&error).waiting().len(), levels);
            levels
        }
    }
}

// P54: each job waits for the next, and only the last one waits for a queued job.
#[test]
fn nested_jobs_get_all_threads_and_the_first_without_one_gets_a_deadlock_error() {
    watched(|| {
        for threads in [1, 2, 8] {
            let runtime = Runtime::builder().threads_max(threads).build();
            let deepest = runtime.handle().spawn_blocking(|| descend(1));
            assert_eq!(runtime.block_on(deepest).unwrap(), threads);
        }
    });
}

fn submit<T: Send + 'static>(lane: &Lane, f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    lane.submit(f).unwrap()
}

// P54: a lane is full although threads are free. The lane's running job waits for a queued job of
// the same lane.
#[test]
fn jobs_that_wait_for_jobs_of_their_own_lane_get_a_deadlock_error() {
    watched(|| {
        let runtime = Runtime::new();
        let (handle, pool) = (runtime.handle(), runtime.handle().pool().clone());
        let narrow = pool.lane("narrow").running_max(1).build();
        let inside = narrow.clone();
        let outer =
            submit(&narrow, move || handle.block_on(submit(&inside, || 1)).map_err(|e| why(&e)));
        let why = runtime.block_on(outer).unwrap().unwrap_err();
        assert_eq!((why.lane(), why.waiting().len()), (Some("narrow"), 1));
        assert_eq!(runtime.block_on(submit(&narrow, || 2)).unwrap(), 2);
    });
}

// P54: the jobs of two lanes wait for each other.
#[test]
fn a_cycle_of_lanes_is_detected_and_a_lane_nested_in_another_is_no_cycle() {
    watched(|| {
        let runtime = Runtime::new();
        let pool = runtime.handle().pool().clone();
        let one = pool.lane("one").running_max(1).build();
        let two = pool.lane("two").running_max(1).build();
        for is_back in [true, false] {
            let (back, next) = (one.clone(), two.clone());
            let (outside, inside) = (runtime.handle(), runtime.handle());
            let outer = submit(&one, move || {
                let middle = submit(&next, move || {
                    let last =
                        if is_back { submit(&back, || 3) } else { inside.spawn_blocking(|| 3) };
                    inside.block_on(last).map_err(|error| why(&error).lane().map(str::to_owned))
                });
                outside.block_on(middle).unwrap()
            });
            let result = runtime.block_on(outer).unwrap();
            assert_eq!(result, if is_back { Err(Some("one".to_owned())) } else { Ok(3) });
        }
    });
}

// P54: no false alarm. A waiting job that something else can wake gets no error.
#[test]
fn a_job_that_waits_with_a_timeout_gets_no_deadlock_error_before_its_timeout() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let outer = runtime.handle().spawn_blocking(|| {
            Handle::current().block_on(async {
                let mut inner = spawn_blocking(|| 1);
                assert!(timeout(Duration::from_millis(2), &mut inner).await.is_err());
                // The timer has expired, so the outer job now waits for the inner job alone.
                why(&inner.await.unwrap_err()).waiting().len()
            })
        });
        assert_eq!(runtime.block_on(outer).unwrap(), 1);
    });
}

// P54: no false alarm.
#[test]
fn a_job_that_waits_for_a_job_or_something_else_gets_no_deadlock_error() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let (send, receive) = mpsc::channel::<()>();
        let handle = runtime.handle();
        let outer = handle.spawn_blocking(move || {
            let handle = Handle::current();
            let inner = spawn_blocking(|| "the job");
            // The outer job waits for a group: the inner job, and a task of the loop that ends when
            // the test allows it.
            let task = handle.spawn(async move {
                while receive.try_recv().is_err() {
                    aside::yield_now().await;
                }
                Ok("the task")
            });
            handle.block_on(race((inner, async { task.await.unwrap() })))
        });
        runtime.block_on(async {
            aside::sleep(Duration::from_millis(2)).await;
            send.send(()).unwrap();
            assert_eq!(outer.await.unwrap().unwrap(), "the task");
        });
    });
}

// P54: no false alarm. A handle that was polled once and dropped leaves no trace.
#[test]
fn a_job_that_polled_a_handle_once_and_waits_for_something_else_gets_no_deadlock_error() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let ran = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&ran);
        let outer = runtime.handle().spawn_blocking(move || {
            let inner = spawn_blocking(move || counting.fetch_add(1, Ordering::SeqCst));
            Handle::current().block_on(async {
                let mut inner = Some(inner);
                poll_fn(|cx| {
                    if let Some(inner) = inner.as_mut() {
                        assert!(Pin::new(inner).poll(cx).is_pending());
                    }
                    inner = None;
                    Poll::Ready(())
                })
                .await;
                aside::sleep(Duration::from_millis(2)).await;
            });
        });
        runtime.block_on(outer).unwrap();
        assert!(runtime.shutdown(Shutdown::Wait).jobs.is_clean());
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    });
}

// This deadlock is not detected, as `Handle::block_on` documents: the cycle includes a task, which
// the pool cannot observe.
#[test]
fn a_job_that_waits_for_a_task_that_waits_for_a_job_gets_no_deadlock_error() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let outer = runtime.handle().spawn_blocking(|| {
            let handle = Handle::current();
            let task = handle.spawn(async {
                timeout(Duration::from_millis(2), spawn_blocking(|| 1).abort_on_drop()).await
            });
            handle.block_on(task).unwrap().is_err()
        });
        assert!(runtime.block_on(outer).unwrap(), "it gave up by itself");
    });
}

// P54, P17: the awaited job may end at the moment of the deadlock check. No error is returned then.
#[test]
fn no_job_gets_a_deadlock_error_while_another_thread_can_start() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(2).build();
        let outer = runtime.handle().spawn_blocking(|| {
            (0..3_000).map(|n| wait(spawn_blocking(move || n)).unwrap()).sum::<u64>()
        });
        assert_eq!(runtime.block_on(outer).unwrap(), 4_498_500);
    });
}

// P54: each job that gets an error frees its thread. No further errors are returned as soon as one
// thread is free for the queued jobs.
#[test]
fn any_number_of_waiting_jobs_all_end() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(3).build();
        // The gate opens after all outer jobs are submitted, so the inner jobs are queued behind
        // them.
        let gate = Arc::new(OnceLock::new());
        let outer = |n| {
            let gate = Arc::clone(&gate);
            runtime.handle().spawn_blocking(move || {
                gate.wait();
                wait(spawn_blocking(move || n))
            })
        };
        let jobs: Vec<_> = (0..500).map(outer).collect();
        gate.set(()).unwrap();
        let mut refused = 0;
        for (n, job) in jobs.into_iter().enumerate() {
            match runtime.block_on(job).unwrap() {
                Ok(result) => assert_eq!(result, n),
                Err(error) => {
                    assert_eq!(why(&error).waiting().len(), 3);
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 498, "the last two are left with a thread for their jobs");
        assert_eq!(runtime.handle().pool().stats().queued, 0);
    });
}

fn refusing(is_refused: impl Fn(usize) -> bool + Send + Sync + 'static) -> Pool {
    let starts = AtomicUsize::new(0);
    let spawner = move |name, _stack_size, body| {
        if is_refused(starts.fetch_add(1, Ordering::SeqCst) + 1) {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        thread::Builder::new().name(name).spawn(body)
    };
    Pool::builder().threads_max(4).spawner(spawner).build()
}

// P54, P52: the limit allows more threads, but the system starts none.
#[test]
fn a_pool_that_cannot_start_threads_reports_a_deadlock_and_a_growing_pool_does_not() {
    watched(|| {
        let runtime = Runtime::new();
        for comes_at_last in [false, true] {
            // The submit of the inner job cannot start a thread. The outer job's wait then tries
            // again to start a thread.
            let pool = refusing(move |start| start == 2 || (start > 2 && !comes_at_last));
            let inside = pool.clone();
            let result = runtime.block_on(async {
                run_in_executor(&pool, move || wait(run_in_executor(&inside, || 1))).await.unwrap()
            });
            match result {
                Ok(result) => assert!(comes_at_last && result == 1),
                Err(error) => assert!(!comes_at_last && why(&error).waiting().len() == 1),
            }
            assert!(pool.shutdown(Shutdown::Wait).is_clean());
        }
    });
}

// P54: a job that waits for room in a queue depends on a queued job, which must leave the queue
// first.
#[test]
fn a_job_that_waits_for_room_in_the_queue_of_its_own_pool_gets_a_deadlock_error() {
    watched(|| {
        let runtime = Runtime::new();
        let pool = Pool::builder().threads_max(1).queue_max(1).build();
        let inside = pool.clone();
        let outer = run_in(&runtime, &pool, move || {
            inside.submit(|| ()).unwrap().detach();
            let admitted = Handle::current().block_on(inside.submit_async(|| 1)).unwrap();
            wait(admitted).map_err(|error| why(&error).waiting().len())
        });
        assert_eq!(runtime.block_on(outer).unwrap(), Err(1));
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
        assert_eq!(pool.stats().completed, 2);
    });
}

fn run_in<T: Send + 'static>(
    runtime: &Runtime,
    pool: &Pool,
    f: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    runtime.handle().run_in_executor(pool, f)
}

// P54: a full pool that waits for another pool is not deadlocked.
#[test]
fn pools_that_wait_for_each_other_get_no_deadlock_error_while_one_of_them_works() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(2).build();
        let other = Pool::builder().threads_max(1).build();
        let jobs = [(); 2].map(|()| {
            let other = other.clone();
            let job = move || wait(run_in_executor(&other, || 1)).unwrap();
            runtime.handle().spawn_blocking(job)
        });
        for job in jobs {
            assert_eq!(runtime.block_on(job).unwrap(), 1);
        }
    });
}

// P54, P45: jobs that wait for each other do not block a shutdown that waits for them.
#[test]
fn a_deadlocked_pool_recovers_and_ends_when_it_is_shut_down() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let (begun, beginning) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let outer = runtime.handle().spawn_blocking(move || {
            let inner = spawn_blocking(|| 1);
            begun.send(()).unwrap();
            let _ = may_go.recv();
            why(&wait(inner).unwrap_err()).waiting().len()
        });
        beginning.recv().unwrap();
        let pool = runtime.handle().pool().clone();
        let closing = thread::spawn(move || pool.shutdown(Shutdown::Wait).is_clean());
        drop(go);
        assert!(closing.join().unwrap());
        assert_eq!(runtime.block_on(outer).unwrap(), 1);
    });
}
