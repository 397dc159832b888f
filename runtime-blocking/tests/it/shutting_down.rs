//! The end of a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use runtime_blocking::{Pool, PoolReport, Shutdown};
use runtime_core::metadata::Metadata;

use crate::{HANG, eventually, occupy, wait};

#[test]
fn wait_runs_everything_that_was_accepted() {
    let pool = Pool::builder().threads_max(2).build();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..500 {
        let ran = Arc::clone(&ran);
        pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).expect("accepted").detach();
    }
    let report = pool.shutdown(Shutdown::Wait);
    assert_eq!(report.to_string(), "every job has ended");
    assert_eq!(ran.load(Ordering::SeqCst), 500);
    assert_eq!(pool.stats().threads, 0);
}

#[test]
fn a_closed_pool_hands_closures_back() {
    let pool = Pool::new();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    let refused = pool.submit(|| 9).expect_err("closed");
    assert!(refused.is_closed());
    assert_eq!(refused.to_string(), "the blocking pool is shut down");
    assert_eq!(refused.into_inner()(), 9);
    assert!(pool.shutdown(Shutdown::Wait).is_clean(), "again");
}

fn ids(metadata: &[Metadata]) -> Vec<runtime_core::metadata::Id> {
    metadata.iter().map(Metadata::id).collect()
}

/// P46, and the content of the report.
#[test]
fn leaving_or_waiting_too_short_cancels_what_is_queued_and_reports_what_runs() {
    let at_most = Shutdown::WaitAtMost;
    for how in [Shutdown::Leave, at_most(Duration::ZERO), at_most(Duration::from_nanos(1))] {
        let pool = Pool::builder().threads_max(1).build();
        let (gate, first) = occupy(&pool);
        let named = Metadata::here().named("copy");
        let jobs = [
            pool.submit(|| unreachable!("cancelled")).expect("accepted"),
            pool.submit_as(named, || unreachable!("cancelled")).expect("accepted"),
        ];
        let report: PoolReport = pool.shutdown(how);
        assert_eq!(ids(&report.cancelled), [jobs[0].id(), jobs[1].id()], "{how:?}");
        assert_eq!(report.running.len(), 1);
        assert_eq!(report.running[0].metadata.id(), first.id());
        let text = report.to_string();
        assert!(text.starts_with("1 job still runs: "), "{text}");
        assert!(text.contains("; 2 jobs were cancelled: "), "{text}");
        assert!(text.contains(", `copy` (spawned at "), "{text}");
        for job in jobs {
            assert!(wait::<()>(job).expect_err("cancelled").is_cancelled());
        }
        gate.open();
        assert!(pool.shutdown(Shutdown::Wait).is_clean(), "the last job is waited for now");
        wait(first).expect("its result came");
        assert_eq!((pool.stats().threads, pool.stats().completed), (0, 1));
    }
}

/// P46: adding the longest duration to an `Instant` overflows.
#[test]
fn waiting_at_most_for_ever_is_waiting() {
    let notice = Some(Duration::MAX);
    let pool = Pool::builder().threads_max(1).slow_shutdown_notice(notice).build();
    let (gate, first) = occupy(&pool);
    let waiting = {
        let pool = pool.clone();
        thread::spawn(move || pool.shutdown(Shutdown::WaitAtMost(Duration::MAX)))
    };
    eventually("closed", &pool, |_| pool.submit(|| ()).is_err());
    assert!(!waiting.is_finished());
    gate.open();
    assert!(waiting.join().expect("no panic").is_clean());
    wait(first).expect("it ran");
}

#[test]
fn an_idle_pool_is_quiet_for_any_shutdown() {
    for how in [Shutdown::Wait, Shutdown::Leave, Shutdown::WaitAtMost(Duration::ZERO)] {
        assert!(Pool::new().shutdown(how).is_clean());
        let pool = Pool::new();
        wait(pool.submit(|| ()).expect("accepted")).expect("it ran");
        eventually("idle", &pool, |stats| stats.idle == 1);
        assert!(pool.shutdown(how).is_clean());
        eventually("without threads", &pool, |stats| stats.threads == 0);
    }
}

#[test]
fn all_threads_that_shut_down_at_once_wait() {
    let pool = Pool::builder().threads_max(2).build();
    let (gate, first) = occupy(&pool);
    let returned = Arc::new(AtomicUsize::new(0));
    let all: Vec<_> = (0..4)
        .map(|_| {
            let (pool, returned) = (pool.clone(), Arc::clone(&returned));
            thread::spawn(move || {
                let report = pool.shutdown(Shutdown::Wait);
                returned.fetch_add(1, Ordering::SeqCst);
                report.is_clean()
            })
        })
        .collect();
    eventually("closed", &pool, |_| pool.submit(|| ()).is_err());
    assert_eq!(returned.load(Ordering::SeqCst), 0);
    gate.open();
    assert!(all.into_iter().all(|caller| caller.join().expect("no panic")));
    wait(first).expect("it ran");
}

#[test]
fn a_shutdown_by_a_job_does_not_wait_for_that_job() {
    for how in [Shutdown::Wait, Shutdown::WaitAtMost(HANG), Shutdown::Leave] {
        for threads in [1, 4] {
            let pool = Pool::builder().threads_max(threads).cores(1).build();
            let inner = pool.clone();
            let job = pool.submit(move || inner.shutdown(how)).expect("accepted");
            let id = job.id();
            let report = wait(job).expect("no deadlock");
            assert_eq!(ids(&report.cancelled), []);
            assert_eq!(report.running.len(), 1);
            assert_eq!(report.running[0].metadata.id(), id);
            assert!(pool.shutdown(Shutdown::Wait).is_clean());
        }
    }
}

#[test]
fn jobs_that_shut_down_at_once_do_not_wait_for_each_other_and_queued_jobs_run() {
    let pool = Pool::builder().threads_max(3).cores(3).build();
    let barrier = Arc::new(std::sync::Barrier::new(4));
    let jobs: Vec<_> = (0..3)
        .map(|_| {
            let (inner, barrier) = (pool.clone(), Arc::clone(&barrier));
            let job = pool.submit(move || {
                barrier.wait();
                inner.shutdown(Shutdown::Wait).running.len()
            });
            job.expect("accepted")
        })
        .collect();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let ran = Arc::clone(&ran);
        pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).expect("accepted").detach();
    }
    barrier.wait();
    for job in jobs {
        assert!(wait(job).expect("no deadlock") >= 1, "it reports itself");
    }
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    assert_eq!(ran.load(Ordering::SeqCst), 10);
}

/// The first job's shutdown returns once the second job has begun to shut the pool down. The second
/// job ends only after that return.
#[test]
fn a_job_that_shuts_down_is_released_by_another_that_does() {
    for _ in 0..50 {
        let pool = Pool::builder().threads_max(2).cores(2).build();
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let (released, is_released) = channel();
        let first = {
            let (pool, barrier) = (pool.clone(), Arc::clone(&barrier));
            move || {
                barrier.wait();
                let waited = pool.shutdown(Shutdown::Wait).running.len();
                released.send(waited).expect("the second waits");
            }
        };
        let second = {
            let pool = pool.clone();
            move || {
                barrier.wait();
                let clean = pool.shutdown(Shutdown::Wait).is_clean();
                (clean, is_released.recv_timeout(HANG))
            }
        };
        let first = pool.submit(first).expect("accepted");
        let second = pool.submit(second).expect("accepted");
        let (clean, seen) = wait(second).expect("no deadlock");
        assert!(!clean);
        assert!(seen.expect("the first was released") >= 1);
        wait(first).expect("it ran");
    }
}

/// The destructors run outside the lock, on the thread that shuts down.
#[test]
fn the_destructor_of_a_cancelled_closure_may_come_back_to_the_pool() {
    struct Again(Pool, std::sync::mpsc::Sender<bool>);
    impl Drop for Again {
        fn drop(&mut self) {
            let refused = self.0.submit(|| ()).is_err();
            let clean = self.0.shutdown(Shutdown::Leave).cancelled.is_empty();
            self.1.send(refused && clean).expect("the test waits");
        }
    }
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let (sender, receiver) = channel();
    let again = Again(pool.clone(), sender);
    pool.submit(move || drop(again)).expect("accepted").detach();
    assert_eq!(pool.shutdown(Shutdown::Leave).cancelled.len(), 1);
    assert_eq!(receiver.recv(), Ok(true));
    gate.open();
    wait(first).expect("it ran");
}

/// The child process runs this test again, with a pool that shuts down slowly.
#[test]
fn a_slow_shutdown_says_once_for_whom_it_waits() {
    const NAME: &str = "shutting_down::a_slow_shutdown_says_once_for_whom_it_waits";
    if std::env::var_os("SLOW_SHUTDOWN").is_some() {
        let notice = Some(Duration::from_millis(1));
        let pool = Pool::builder().threads_max(1).thread_name("disk").slow_shutdown_notice(notice);
        let pool = pool.build();
        let (gate, closed) = crate::gate();
        let job = pool.submit_as(Metadata::here().named("fsync"), move || closed.recv());
        let report = pool.shutdown(Shutdown::WaitAtMost(Duration::from_millis(100)));
        assert_eq!(report.running.len() + report.cancelled.len(), 1);
        gate.open();
        return job.expect("accepted").detach();
    }
    let child = std::process::Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", NAME, "--nocapture"])
        .env("SLOW_SHUTDOWN", "1")
        .output()
        .expect("the child runs");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    let notices: Vec<_> = said.lines().filter(|line| line.contains("pool `disk`")).collect();
    assert_eq!(notices.len(), 1, "{said}");
    assert!(notices[0].starts_with("the shutdown of pool `disk` has waited "), "{said}");
}
