//! Pinned states, called from runtimes.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use aside::blocking::{Pinned, PinnedCallError, Shutdown};
use aside::time::{Clock, now};
use aside::{Handle, Runtime, gather, named, sleep, spawn, spawn_blocking, yield_now};

use crate::support::watchdog::watched;

const HOUR: Duration = Duration::from_secs(3600);

fn virtual_runtime() -> Runtime {
    Runtime::builder().clock(Clock::virtual_time()).build()
}

/// A sum that reports its final value when it is dropped.
struct Total(Rc<Cell<u32>>, Sender<u32>);

impl Drop for Total {
    fn drop(&mut self) {
        self.1.send(self.0.get()).unwrap();
    }
}

impl Total {
    fn new(end: Sender<u32>) -> Total {
        Total(Rc::default(), end)
    }

    fn add(&mut self, number: u32) -> u32 {
        self.0.set(self.0.get() + number);
        self.0.get()
    }
}

#[test]
fn many_tasks_can_call_a_pinned_state_that_is_not_send() {
    watched(|| {
        let (end, ended) = channel();
        aside::run(async move {
            let total = Pinned::open(|| Total::new(end)).await.unwrap();
            let tasks = (1..=100).map(|number| {
                let total = total.clone();
                spawn(async move { total.call(move |total| total.add(number)).await.unwrap() })
            });
            let sums = gather(tasks.collect::<Vec<_>>()).await;
            // The tasks start in order, and so do their calls.
            let expected = (1..=100).map(|number| number * (number + 1) / 2);
            assert!(sums.into_iter().map(Result::unwrap).eq(expected));
            total.close().await.unwrap();
        });
        assert_eq!(ended.try_recv().unwrap(), 5050);
    });
}

// P62: accepted calls are not lost when `run` returns.
#[test]
fn run_waits_for_a_pinned_state_whose_last_handle_is_dropped_on_the_loop() {
    watched(|| {
        let (end, ended) = channel();
        let (release, held) = channel::<()>();
        aside::run(async {
            let total = Pinned::open(|| Total::new(end)).await.unwrap();
            total.call(move |_| held.recv()).detach();
            total.call(|total| total.add(7)).detach();
            // No task awaits these calls, and the first one cannot end before `run` shuts down.
            hold_until_the_end(release);
        });
        assert_eq!(ended.try_recv().unwrap(), 7);
    });
}

// Promise 3
#[test]
fn a_shutdown_reports_the_pinned_states_it_does_not_wait_for() {
    watched(|| {
        for how in [Shutdown::Leave, Shutdown::WaitAtMost(Duration::from_millis(1))] {
            let (end, ended) = channel();
            let (release, held) = channel::<()>();
            let runtime = Runtime::new();
            runtime.block_on(async {
                let total = Pinned::open(|| Total::new(end)).await.unwrap();
                total.call(move |_| held.recv()).detach();
                // The report does not list a state that has been closed.
                Pinned::open(|| ()).await.unwrap().close().await.unwrap();
            });
            let report = runtime.shutdown(how);
            assert_eq!(report.states_left, [std::any::type_name::<Total>()]);
            assert!(report.to_string().contains("a pinned state is still in use"), "{report}");
            drop(release);
            assert_eq!(ended.recv().unwrap(), 0);
        }
        let report = Runtime::new().shutdown(Shutdown::Wait);
        assert!(report.states_left.is_empty());
    });
}

// P96: within its limit, a shutdown waits for a pinned state as it does for jobs.
#[test]
fn a_shutdown_with_a_limit_waits_for_pinned_states_within_the_limit() {
    watched(|| {
        let (end, ended) = channel();
        let (release, held) = channel::<()>();
        let runtime = Runtime::new();
        runtime.block_on(async {
            let total = Pinned::open(|| Total::new(end)).await.unwrap();
            total.call(move |_| held.recv()).detach();
            total.call(|total| total.add(7)).detach();
            // The first call cannot end before the shutdown has cancelled this task.
            hold_until_the_end(release);
        });
        let report = runtime.shutdown(Shutdown::WaitAtMost(HOUR));
        assert!(report.states_left.is_empty(), "{report}");
        assert_eq!(ended.try_recv().unwrap(), 7);
    });
}

/// Spawns a task that owns a value until the end of the runtime cancels the task.
fn hold_until_the_end(held: impl Sized + 'static) {
    spawn(async move {
        let _held = held;
        pending::<()>().await;
    })
    .detach();
}

// P62: accepted calls are not lost if a cancelled task owned the handle. In one of the two cases
// the state has been closed before, and nothing awaits the close.
#[test]
fn run_waits_for_a_pinned_state_that_a_cancelled_task_held() {
    watched(|| {
        for is_closed in [false, true] {
            let (end, ended) = channel();
            let (release, held) = channel::<()>();
            aside::run(async {
                let total = Pinned::open(|| Total::new(end)).await.unwrap();
                total.call(move |_| held.recv()).detach();
                total.call(|total| total.add(8)).detach();
                if is_closed {
                    total.close().detach();
                }
                hold_until_the_end((release, total));
                yield_now().await;
            });
            assert_eq!(ended.try_recv().unwrap(), 8);
        }
    });
}

#[test]
fn a_shutdown_that_leaves_does_not_wait_for_a_pinned_state() {
    watched(|| {
        let (end, ended) = channel();
        let (release, held) = channel::<()>();
        let runtime = Runtime::new();
        runtime.block_on(async {
            let total = Pinned::open(|| Total::new(end)).await.unwrap();
            total.call(move |_| held.recv()).detach();
        });
        let _ = runtime.shutdown(Shutdown::Leave);
        assert!(ended.try_recv().is_err());
        drop(release);
        assert_eq!(ended.recv().unwrap(), 0);
    });
}

#[test]
fn the_last_handle_of_a_pinned_state_waits_outside_async_code() {
    watched(|| {
        let (end, ended) = channel();
        let total = aside::run(async { Pinned::open(|| Total::new(end)).await.unwrap() });
        total.call(|total| total.add(9)).detach();
        drop(total);
        assert_eq!(ended.try_recv().unwrap(), 9);
    });
}

#[test]
fn the_last_handle_of_a_pinned_state_waits_on_a_worker() {
    watched(|| {
        let (end, ended) = channel();
        aside::run(async {
            let total = Pinned::open(|| Total::new(end)).await.unwrap();
            total.call(|total| total.add(10)).detach();
            spawn_blocking(move || drop(total)).await.unwrap();
            assert_eq!(ended.try_recv().unwrap(), 10);
        });
    });
}

// P49
#[test]
fn inside_a_call_the_runtime_of_its_caller_is_current() {
    watched(|| {
        let opened = || {
            // The caller's runtime is current in `make`, too.
            Handle::current().spawn_blocking(|| 1).detach();
        };
        let pinned = aside::run(async {
            let pinned = Pinned::open(opened).await.unwrap();
            let sum = pinned.call(|()| {
                let handle = Handle::current();
                handle.block_on(async { handle.spawn_blocking(|| 20 + 22).await.unwrap() })
            });
            assert_eq!(sum.await.unwrap(), 42);
            pinned
        });
        // This call is made outside a runtime. It finds no current runtime, and none that is left
        // over from an earlier call.
        let none = pinned.call(|()| Handle::try_current().is_err());
        assert!(aside::run(none).unwrap());
    });
}

#[test]
fn a_pinned_state_may_be_called_from_several_runtimes() {
    watched(|| {
        let pinned = aside::run(Pinned::open(Vec::<u32>::new)).unwrap();
        let callers = [1, 2].map(|number| {
            let pinned = pinned.clone();
            thread::spawn(move || {
                aside::run(async move {
                    for _ in 0..100 {
                        let count = pinned.call(move |numbers| {
                            // Within each call the runtime of its caller is current.
                            Handle::current().spawn(async {}).detach();
                            numbers.push(number);
                        });
                        count.await.unwrap();
                    }
                });
            })
        });
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        let numbers = aside::run(pinned.call(std::mem::take)).unwrap();
        assert_eq!(numbers.len(), 200);
        assert_eq!(numbers.iter().filter(|&&number| number == 1).count(), 100);
    });
}

// P60
#[test]
fn a_call_takes_no_virtual_time() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            let pinned = Pinned::open(yield_to_other_tasks).await.unwrap();
            let nap = spawn(sleep(Duration::from_nanos(1)));
            for _ in 0..20 {
                pinned.call(|()| yield_to_other_tasks()).await.unwrap();
            }
            pinned.close().await.unwrap();
            assert_eq!(now(), start);
            assert!(!nap.is_finished());
            nap.await.unwrap();
        });
    });
}

/// Gives the loop every opportunity to advance the clock.
fn yield_to_other_tasks() {
    (0..100).for_each(|_| thread::yield_now());
}

// P60, the converse: the clock must advance while a call sleeps, although other calls wait behind
// it.
#[test]
fn a_call_that_sleeps_does_not_stop_virtual_time_for_queued_calls() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            let pinned = Pinned::open(Vec::new).await.unwrap();
            let nap = || Handle::current().block_on(sleep(HOUR));
            let calls = [1, 2, 3].map(|number| {
                pinned.call(move |numbers: &mut Vec<u32>| {
                    nap();
                    numbers.push(number);
                    now()
                })
            });
            let aborted = pinned.call(|_| ());
            aborted.abort();
            let closed = pinned.close();
            let ends = gather(calls).await.map(Result::unwrap);
            assert_eq!(ends, [1, 2, 3].map(|hours| start + HOUR * hours));
            closed.await.unwrap();
            assert_eq!(now(), start + HOUR * 3);
        });
    });
}

#[test]
fn a_call_may_have_a_name() {
    watched(|| {
        aside::run(async {
            let pinned = Pinned::open(|| 0).await.unwrap();
            let call = named("count").call(&pinned, |count| -> u32 {
                *count += 1;
                panic!("at {count}")
            });
            let error = call.await.unwrap_err().to_string();
            assert!(
                error.starts_with("`count` (spawned at tests/it/blocking/pinned.rs:"),
                "{error}"
            );
            assert!(error.ends_with(") panicked: at 1"), "{error}");
        });
    });
}

#[test]
fn a_refused_job_says_why() {
    watched(|| {
        aside::run(async {
            let pinned = Pinned::builder().calls_max(1).open(|| ()).await.unwrap();
            let (release, held) = channel::<()>();
            let (begun, has_begun) = channel();
            let running = pinned.call(move |()| {
                begun.send(()).unwrap();
                let _ = held.recv();
            });
            spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
            let waiting = pinned.call(|()| ());
            let full = pinned.call(|()| ()).await.unwrap_err();
            assert!(full.is_refused());
            assert!(full.to_string().ends_with(&PinnedCallError::Full.to_string()), "{full}");
            drop(release);
            running.await.unwrap();
            waiting.await.unwrap();
            pinned.close().await.unwrap();
            let closed = pinned.call(|()| ()).await.unwrap_err();
            assert!(closed.to_string().ends_with(&PinnedCallError::Closed.to_string()), "{closed}");
        });
    });
}

// P43: a handle in a thread-local is destroyed after the thread's runtime has ended.
#[test]
fn the_last_handle_of_a_pinned_state_in_a_thread_local_waits_for_its_end() {
    thread_local! {
        static KEPT: RefCell<Option<Pinned<Total>>> = const { RefCell::new(None) };
    }
    watched(|| {
        let (end, ended) = channel();
        let owner = thread::spawn(|| {
            let total = aside::run(async { Pinned::open(|| Total::new(end)).await.unwrap() });
            total.call(|total| total.add(3)).detach();
            KEPT.set(Some(total));
        });
        owner.join().unwrap();
        assert_eq!(ended.try_recv().unwrap(), 3);
    });
}
