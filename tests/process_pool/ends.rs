//! The ends of workers and of pools.

use std::io::{BufRead, BufReader, Write, stdout};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::process_pool::{CallError, ProcessPool};
use aside::run_in_executor;

use crate::functions::{AT_EXIT, ECHO, GRANDCHILD, HANG, NESTED, PID};
use crate::processes::{children, is_alive, wait_until};

/// P57.
pub(crate) fn workers_are_replaced_after_their_number_of_jobs() {
    const JOBS: usize = 24;
    for workers in 1..=2 {
        for max in 1..=3 {
            let pool = ProcessPool::builder().workers(workers).max_jobs_per_worker(max).build();
            let mut pids = aside::run(async {
                // All calls are queued at once.
                let calls: Vec<_> =
                    (0..JOBS).map(|_| run_in_executor(&pool, PID.call(()))).collect();
                let mut pids = Vec::new();
                for call in calls {
                    pids.push(call.await.unwrap().unwrap());
                }
                pids
            });
            pids.sort_unstable();
            let mut most = 0;
            for same in pids.chunk_by(|a, b| a == b) {
                most = most.max(same.len());
            }
            assert!(most as u64 <= max, "{most} jobs in one worker, where {max} are allowed");
            pool.shutdown(Shutdown::Wait);
        }
    }
}

pub(crate) fn an_idle_worker_exits_after_its_keep_alive_time() {
    let pool = ProcessPool::builder().workers(1).keep_alive(Duration::from_millis(1)).build();
    let pid = aside::run(async { run_in_executor(&pool, PID.call(())).await.unwrap().unwrap() });
    wait_until(|| pool.pids().is_empty() && children().is_empty());
    assert!(!is_alive(pid));
    aside::run(async {
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

pub(crate) fn a_shutdown_waits_and_leaves_no_child() {
    let pool = ProcessPool::builder().workers(2).build();
    let jobs: Vec<_> = (0..20).map(|n| pool.submit(ECHO.call(n))).collect();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    assert_eq!((children(), pool.pids()), (vec![], vec![]));
    aside::run(async {
        for (n, job) in (0..).zip(jobs) {
            assert_eq!(job.await.unwrap().unwrap(), n);
        }
    });
}

pub(crate) fn a_shutdown_that_does_not_wait_kills_the_workers() {
    let (sender, lines) = channel();
    let pool = ProcessPool::builder().workers(1).on_line(move |_| sender.send(()).unwrap()).build();
    let running = pool.submit(GRANDCHILD.call(()));
    let queued = pool.submit(ECHO.call(1));
    lines.recv().unwrap();
    let report = pool.shutdown(Shutdown::Leave);
    assert_eq!(children(), []);
    assert_eq!(report.running.len(), 1);
    assert_eq!(report.running[0].metadata.id(), running.id());
    assert_eq!(report.cancelled.len(), 1);
    aside::run(async {
        assert!(matches!(running.await.unwrap(), Err(CallError::Aborted)));
        assert!(queued.await.unwrap_err().is_cancelled());
    });
    // The next pools are shut down while their workers start.
    for _ in 0..20 {
        let pool = ProcessPool::builder().workers(3).on_line(|_| ()).build();
        let jobs = [(); 3].map(|()| pool.submit(HANG.call(())));
        wait_until(|| !pool.pids().is_empty());
        pool.shutdown(Shutdown::Leave);
        assert_eq!(children(), []);
        assert!(jobs.iter().all(|job| job.is_finished()));
    }
}

pub(crate) fn a_shutdown_that_waits_at_most_kills_the_workers_then() {
    let pool = ProcessPool::builder().workers(2).on_line(|_| ()).build();
    let (short, long) = (pool.submit(ECHO.call(1)), pool.submit(HANG.call(())));
    let report = pool.shutdown(Shutdown::WaitAtMost(Duration::from_millis(500)));
    assert_eq!(children(), []);
    assert_eq!(report.running.len(), 1);
    aside::run(async {
        assert!(matches!(long.await.unwrap(), Err(CallError::Aborted)));
        assert_eq!(short.await.unwrap().unwrap(), 1);
    });
}

pub(crate) fn a_drop_runs_all_calls_and_leaves_no_child() {
    let pool = ProcessPool::builder().workers(2).build();
    let jobs: Vec<_> = (0..10).map(|n| pool.submit(ECHO.call(n))).collect();
    drop(pool);
    assert_eq!(children(), []);
    aside::run(async {
        for (n, job) in (0..).zip(jobs) {
            assert_eq!(job.await.unwrap().unwrap(), n);
        }
    });
}

pub(crate) fn a_drop_on_a_loop_runs_all_calls() {
    let job = aside::run(async {
        let pool = ProcessPool::builder().workers(1).build();
        let job = run_in_executor(&pool, ECHO.call(1));
        drop(pool);
        job.await
    });
    assert_eq!(job.unwrap().unwrap(), 1);
    wait_until(|| children().is_empty());
}

pub(crate) const MIDDLE: &str = "--middle";

/// Runs a program whose pool has one idle worker and two workers that never finish their jobs.
pub(crate) fn run_middle() {
    let pool = ProcessPool::builder().workers(3).on_line(|line| println!("{}", line.text)).build();
    aside::run(async {
        let _calls =
            [run_in_executor(&pool, HANG.call(())), run_in_executor(&pool, GRANDCHILD.call(()))];
        let idle = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        println!("idle {idle}");
        stdout().flush().unwrap();
        std::future::pending::<()>().await;
    });
}

pub(crate) fn workers_die_with_their_pool() {
    let mut middle = Command::new(std::env::current_exe().unwrap())
        .arg(MIDDLE)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(middle.stdout.take().unwrap()).lines();
    let pid = |line: String| line.split(' ').nth(1).unwrap().parse::<u32>().unwrap();
    let pids: Vec<_> = lines.take(3).map(|line| pid(line.unwrap())).collect();
    assert!(pids.iter().all(|&pid| is_alive(pid)));
    middle.kill().unwrap();
    middle.wait().unwrap();
    wait_until(|| pids.iter().all(|&pid| !is_alive(pid)));
}

pub(crate) fn a_worker_is_asked_to_exit_before_it_is_killed() {
    let (sender, lines) = channel();
    let pool = ProcessPool::builder()
        .workers(1)
        .on_line(move |line| sender.send(line.text.to_owned()).unwrap());
    let pool = pool.build();
    aside::run(async { run_in_executor(&pool, AT_EXIT.call(())).await.unwrap().unwrap() });
    assert_eq!(lines.try_iter().count(), 0);
    drop(pool);
    assert_eq!(lines.iter().collect::<Vec<_>>(), ["goodbye"]);
}

/// A process that a job starts does not inherit the mark of a worker.
pub(crate) fn a_job_may_have_a_pool_of_its_own() {
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(async {
        let inner = run_in_executor(&pool, NESTED.call(())).await.unwrap().unwrap();
        let outer = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        assert!(inner != outer && inner != std::process::id());
    });
}

pub(crate) const WITHOUT_INIT: &str = "ASIDE_TEST_WITHOUT_INIT";

/// Runs a program that does not call `init`, so that its workers run this function, too. Prints the
/// error of its call.
pub(crate) fn run_without_init() {
    let program = std::env::current_exe().unwrap();
    let pool = ProcessPool::builder().workers(1).program(program).build();
    let error = aside::run(async { run_in_executor(&pool, ECHO.call(1)).await.unwrap() });
    println!("{}", error.unwrap_err());
}

pub(crate) fn workers_that_do_not_call_init_start_no_workers() {
    let without_init =
        Command::new(std::env::current_exe().unwrap()).env(WITHOUT_INIT, "1").output();
    let printed = String::from_utf8(without_init.unwrap().stdout).unwrap();
    assert!(
        printed
            .contains("died (exit status: 0); it last printed: no worker process could be started")
            && printed.contains("does not call `process_pool::init`"),
        "{printed}"
    );
}
