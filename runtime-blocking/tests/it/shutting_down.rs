//! The end of a pool.

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use runtime_blocking::{CancelToken, Pool, PoolReport, Shutdown};
use runtime_core::metadata::Metadata;

use crate::{HANG, eventually, occupy, occupy_as, wait};

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

/// P125. The destructor of the queued closure runs after the running job was requested to stop, and
/// returns when that job has stopped.
#[test]
fn a_job_that_stops_as_soon_as_it_is_requested_to_is_reported_as_running() {
    struct Stopped(Pool);
    impl Drop for Stopped {
        fn drop(&mut self) {
            eventually("stopped", &self.0, |stats| stats.busy == 0);
        }
    }
    for how in [Shutdown::Leave, Shutdown::WaitAtMost(Duration::from_nanos(1))] {
        let pool = Pool::builder().threads_max(1).build();
        let (begun, has_begun) = channel();
        let stopping = pool.submit(move || {
            let (stop, requested) = channel();
            let token = CancelToken::current().expect("in a job");
            let hook = token.on_cancel(move || stop.send(()).expect("the job waits"));
            begun.send(()).expect("the test waits");
            requested.recv_timeout(HANG).expect("the shutdown requests it");
            drop(hook);
        });
        let stopping = stopping.expect("accepted");
        has_begun.recv_timeout(HANG).expect("the job begins");
        let stopped = Stopped(pool.clone());
        pool.submit(move || drop(stopped)).expect("accepted").detach();
        let report = pool.shutdown(how);
        assert_eq!((report.running.len(), report.cancelled.len()), (1, 1), "{how:?}: {report}");
        assert_eq!(report.running[0].metadata.id(), stopping.id());
        assert!(report.running[0].is_abandoned);
        wait(stopping).expect("it ran");
    }
}

/// P125. The child process runs this test again, with two pools that shut down slowly. A job of the
/// first pool runs. A job of the second pool waits for a thread that is being started.
#[test]
fn a_slow_shutdown_prints_once_which_jobs_run_and_which_wait() {
    const NAME: &str = "shutting_down::a_slow_shutdown_prints_once_which_jobs_run_and_which_wait";
    if std::env::var_os("SLOW_SHUTDOWN").is_some() {
        return shut_down_slowly();
    }
    let mut child = std::process::Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", NAME, "--nocapture"])
        .env("SLOW_SHUTDOWN", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the child runs");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut notices = Vec::new();
    while notices.len() < 2 {
        let line = lines.next().expect("two notices").expect("text");
        notices.extend(line.starts_with("aside: the shutdown of pool `").then_some(line));
    }
    // Now the jobs may end.
    drop(child.stdin.take());
    let rest: Vec<_> = lines.map(|line| line.expect("text")).collect();
    assert!(child.wait().expect("it ends").success(), "{rest:?}");
    // On a busy machine the end of the threads may take a millisecond, and has a notice of its own.
    assert!(!rest.iter().any(|line| line.contains("; 1 job ")), "once: {rest:?}");
    notices.sort();
    assert!(notices[0].contains("pool `disk` has waited "), "{notices:?}");
    assert!(notices[0].contains("; 1 job still runs: `fsync` (spawned at "), "{notices:?}");
    assert!(notices[1].contains("pool `late` has waited "), "{notices:?}");
    assert!(notices[1].contains("; 1 job still waits: `start` (spawned at "), "{notices:?}");
}

/// Returns when the parent has read both notices.
fn shut_down_slowly() {
    let builder = || Pool::builder().slow_shutdown_notice(Some(Duration::from_millis(1)));
    let disk = builder().thread_name("disk").build();
    let (gate, job) = occupy_as(&disk, Metadata::here().named("fsync"));
    let (start, closed) = crate::gate();
    let closed = runtime_core::sync::Mutex::new(closed);
    let late = builder().thread_name("late").spawner(move |name, _stack_size, body| {
        let _ = closed.lock().recv();
        thread::Builder::new().name(name).spawn(body)
    });
    let late = late.build();
    let submitting = late.clone();
    let submit = move || {
        let job = submitting.submit_as(Metadata::here().named("start"), || ());
        job.expect("accepted").detach();
    };
    let submitter = thread::spawn(submit);
    eventually("queued", &late, |stats| stats.queued == 1);
    // The two kinds of shutdown print their notices on different threads.
    let shutdowns = [
        thread::spawn(move || disk.shutdown(Shutdown::Wait)),
        thread::spawn(move || late.shutdown(Shutdown::WaitAtMost(HANG))),
    ];
    let _ = std::io::read_to_string(std::io::stdin());
    gate.open();
    start.open();
    shutdowns.into_iter().for_each(|end| assert!(end.join().expect("no panic").is_clean()));
    submitter.join().expect("no panic");
    wait(job).expect("it ran");
}

/// P96: a join has no deadline, so the shutdown leaves the join to another thread.
#[test]
fn a_limit_holds_although_the_end_of_a_thread_hangs() {
    let pool = Pool::builder().threads_max(1).slow_shutdown_notice(None).build();
    let (gate, closed) = crate::gate();
    wait(pool.submit(move || HANGING.set(Some(Hanging(closed)))).expect("accepted"))
        .expect("it ran");
    for limit in [Duration::ZERO, Duration::from_millis(1), Duration::from_millis(2)] {
        let report = pool.shutdown(Shutdown::WaitAtMost(limit));
        assert!(report.cancelled.is_empty() && report.waiting.is_empty(), "{report}");
    }
    gate.open();
    assert!(pool.shutdown(Shutdown::WaitAtMost(HANG)).is_clean());
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

/// A value of a thread-local whose destructor waits at a gate.
struct Hanging(Receiver<()>);

impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.0.recv();
    }
}

thread_local! {
    static HANGING: RefCell<Option<Hanging>> = const { RefCell::new(None) };
}
