//! The virtual clock.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use aside::blocking::{Pool, Shutdown};
use aside::time::{Clock, now};
use aside::{Runtime, interval, sleep, spawn, timeout, yield_now};

use crate::support::watchdog::watched;

fn virtual_runtime() -> Runtime {
    Runtime::builder().clock(Clock::virtual_time()).threads_max(1).build()
}

const HOUR: Duration = Duration::from_secs(3600);

// P60, promise 10
#[test]
fn a_thousand_hours_run_at_once_and_in_order() {
    watched(|| {
        let runtime = virtual_runtime();
        runtime.block_on(async {
            let start = now();
            let log = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = [3_u32, 7, 11]
                .map(|hours| {
                    let log = Rc::clone(&log);
                    spawn(async move {
                        let mut ticks = interval(HOUR * hours);
                        while now() - start < HOUR * 1000 {
                            ticks.tick().await;
                            log.borrow_mut().push((now() - start).as_secs());
                        }
                    })
                })
                .into();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(now() - start >= HOUR * 1000);
            assert!(log.borrow().is_sorted());
            let hours = |every: usize| 1000_usize.div_ceil(every) + 1;
            assert_eq!(log.borrow().len(), hours(3) + hours(7) + hours(11));
        });
    });
}

#[test]
fn virtual_time_does_not_advance_while_any_task_is_ready() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            let nap = spawn(sleep(Duration::from_nanos(1)));
            for _ in 0..1000 {
                yield_now().await;
            }
            assert_eq!(now(), start);
            assert!(!nap.is_finished());
            nap.await.unwrap();
            assert_eq!(now() - start, Duration::from_nanos(1));
        });
    });
}

// P77: even steps of the smallest size advance the clock.
#[test]
fn steps_of_one_nanosecond_add_up() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            for _ in 0..1000 {
                sleep(Duration::from_nanos(1)).await;
            }
            assert_eq!(now() - start, Duration::from_micros(1));
        });
    });
}

// P73
#[test]
fn virtual_time_never_decreases() {
    watched(|| {
        let clock = Clock::virtual_time();
        let start = clock.now();
        clock.advance_to(start + HOUR);
        clock.advance_to(start);
        assert_eq!(clock.now(), start + HOUR);
        if let Some(before) = start.checked_sub(HOUR) {
            clock.advance_to(before);
        }
        assert_eq!(clock.now(), start + HOUR);
    });
}

// P60: a job takes real time and no virtual time.
#[test]
fn virtual_time_does_not_advance_while_a_job_runs() {
    watched(|| {
        let runtime = virtual_runtime();
        let other = Pool::builder().threads_max(1).build();
        runtime.block_on(async {
            let start = now();
            let (go, may_go) = mpsc::channel();
            let job = aside::spawn_blocking(move || may_go.recv().unwrap());
            let second = aside::run_in_executor(&other, || 2);
            // This sleep ends only when the clock advances, which the first job prevents while it
            // is blocked.
            let jump = spawn(sleep(HOUR));
            second.await.unwrap();
            for _ in 0..100 {
                yield_now().await;
            }
            assert!(!jump.is_finished());
            assert_eq!(now(), start);
            go.send(()).unwrap();
            assert_eq!(timeout(HOUR, job).await.unwrap().unwrap(), ());
            assert_eq!(now(), start);
            jump.await.unwrap();
            assert_eq!(now() - start, HOUR);
        });
    });
}

// P60: the result of a job arrives before any later deadline, even one that is a nanosecond away.
#[test]
fn a_job_always_finishes_before_a_timeout_in_virtual_time() {
    watched(|| {
        virtual_runtime().block_on(async {
            for _ in 0..500 {
                let job = aside::spawn_blocking(std::thread::yield_now);
                timeout(Duration::from_nanos(1), job).await.unwrap().unwrap();
            }
        });
    });
}

// P60, the converse: a job that has ended must not stop the clock for ever.
#[test]
fn virtual_time_advances_after_a_job_however_it_ended() {
    watched(|| {
        let runtime = virtual_runtime();
        let closed = Pool::new();
        let _ = closed.shutdown(Shutdown::Leave);
        runtime.block_on(async {
            aside::spawn_blocking(|| ()).await.unwrap();
            sleep(HOUR).await;
            assert!(aside::spawn_blocking(|| panic!("a job")).await.is_err());
            sleep(HOUR).await;
            aside::spawn_blocking(|| ()).detach();
            sleep(HOUR).await;
            assert!(aside::run_in_executor(&closed, || ()).await.unwrap_err().is_refused());
            sleep(HOUR).await;
            // The second job is cancelled in the queue, because the only worker runs the first one.
            let (go, may_go) = mpsc::channel();
            let first = aside::spawn_blocking(move || may_go.recv().unwrap());
            let second = aside::spawn_blocking(|| unreachable!("it was cancelled"));
            second.abort();
            assert!(second.await.unwrap_err().is_cancelled());
            go.send(()).unwrap();
            first.await.unwrap();
            sleep(HOUR).await;
        });
    });
}

#[test]
fn a_job_sees_the_clock_of_its_runtime() {
    watched(|| {
        virtual_runtime().block_on(async {
            sleep(HOUR * 1000).await;
            let here = now();
            assert_eq!(aside::spawn_blocking(now).await.unwrap(), here);
            assert!(Instant::now() < here);
        });
    });
}

// P115: the clock is that of `Instant`, so a suspended machine is the business of the system.
#[test]
fn outside_a_runtime_now_is_the_system_time() {
    watched(|| {
        let before = Instant::now();
        let time = now();
        assert!(before <= time && time <= Instant::now());
    });
}

// P60, promise 7: without a deadline the clock cannot advance, and the loop sleeps.
#[test]
fn a_virtual_loop_without_deadlines_waits_for_other_threads() {
    watched(|| {
        let runtime = virtual_runtime();
        let handle = runtime.handle();
        runtime.block_on(async {
            let idle = spawn(pending::<()>());
            let (sender, receiver) = mpsc::channel();
            let other = std::thread::spawn(move || {
                let task = handle.spawn(async { 4 });
                sender.send(task).unwrap();
            });
            other.join().unwrap();
            assert_eq!(receiver.recv().unwrap().await.unwrap(), 4);
            idle.abort();
        });
    });
}

// P60: a job that sleeps on the virtual clock does not stop the clock.
#[test]
fn a_job_may_block_on_a_sleep_by_the_virtual_clock() {
    watched(|| {
        let clock = Clock::virtual_time();
        let runtime = Runtime::builder().clock(clock.clone()).build();
        let start = clock.now();
        let handle = runtime.handle();
        let job = runtime.handle().spawn_blocking(move || {
            for _ in 0..3 {
                handle.block_on(sleep(Duration::from_secs(1000)));
                // The job runs again, so the clock does not advance although a timer is pending.
                std::thread::yield_now();
            }
            clock.now() - start
        });
        let beside = runtime.spawn(async { sleep(Duration::from_secs(10_000)).await });
        assert_eq!(runtime.block_on(job).unwrap(), Duration::from_secs(3000));
        assert!(!beside.is_finished());
    });
}
