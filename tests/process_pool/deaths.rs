//! Workers that die or are killed.

use std::os::unix::process::ExitStatusExt;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aside::process_pool::{CallError, ProcessPool, ProcessPoolBuilder};
use aside::{run_in_executor, timeout};
use rustix::process::{Pid, Signal, kill_process};

use crate::functions::{ABORT, ECHO, EXIT, GRANDCHILD, HANG, KILL_SELF, PID};
use crate::processes::{is_alive, wait_until};

fn silent(workers: usize) -> ProcessPool {
    ProcessPool::builder().workers(workers).on_line(|_| ()).build()
}

/// A pool, and the pids that its workers print.
pub(crate) fn printing(builder: ProcessPoolBuilder) -> (ProcessPool, Receiver<u32>) {
    let (sender, printed) = channel();
    let pool = builder.on_line(move |line| {
        if let Some(pid) = line.text.split(' ').nth(1).and_then(|word| word.parse().ok()) {
            let _ = sender.send(pid);
        }
    });
    // A second hook does not replace the first one.
    (pool.on_line(|_| ()).build(), printed)
}

pub(crate) fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

pub(crate) fn an_exit_is_reported_with_its_code_and_the_last_lines() {
    let pool = silent(1);
    aside::run(async {
        let error = run_in_executor(&pool, EXIT.call(3)).await.unwrap().unwrap_err();
        let death = error.worker_death().unwrap();
        assert_eq!(death.status.unwrap().code(), Some(3));
        assert_eq!(death.last_lines, "about to exit with 3");
        assert!(!is_alive(death.pid));
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

pub(crate) fn an_abort_of_the_process_is_reported_with_its_signal() {
    let pool = silent(1);
    let error = aside::run(async { run_in_executor(&pool, ABORT.call(())).await.unwrap() });
    let status = error.unwrap_err().worker_death().unwrap().status.unwrap();
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()));
}

pub(crate) fn a_worker_that_is_killed_fails_its_job_and_no_other() {
    let (pool, hanging) = printing(ProcessPool::builder().workers(2));
    aside::run(async {
        let victim = run_in_executor(&pool, HANG.call(()));
        let victim_pid = hanging.recv().unwrap();
        let other = run_in_executor(&pool, HANG.call(()));
        let other_pid = hanging.recv().unwrap();
        kill(victim_pid);
        let error = victim.await.unwrap().unwrap_err();
        let death = error.worker_death().unwrap();
        assert_eq!(death.pid, victim_pid);
        assert_eq!(death.status.unwrap().signal(), Some(Signal::KILL.as_raw()));
        assert!(is_alive(other_pid) && !other.is_finished());
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
        other.abort();
        assert!(matches!(other.await.unwrap(), Err(CallError::Aborted)));
        let error = run_in_executor(&pool, KILL_SELF.call(())).await.unwrap().unwrap_err();
        let status = error.worker_death().unwrap().status.unwrap();
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
    });
}

pub(crate) fn a_worker_that_died_between_calls_is_replaced_without_an_error() {
    let pool = silent(1);
    aside::run(async {
        for _ in 0..20 {
            let pid = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
            kill(pid);
            // A worker that is not dead yet might read the next call, which would then fail.
            wait_until(|| !is_alive(pid));
            let next = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
            assert_ne!(next, pid);
        }
    });
}

pub(crate) fn a_job_that_exceeds_its_time_limit_is_killed_with_its_processes() {
    let limit = Duration::from_millis(300);
    let builder = ProcessPool::builder().workers(1).job_timeout(limit);
    let (pool, printed) = printing(builder);
    aside::run(async {
        let error = run_in_executor(&pool, GRANDCHILD.call(())).await.unwrap().unwrap_err();
        assert!(matches!(error, CallError::TimedOut(after) if after == limit));
        let grandchild = printed.recv().unwrap();
        wait_until(|| !is_alive(grandchild));
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

pub(crate) fn aborting_a_job_kills_its_worker_and_its_processes() {
    let (pool, printed) = printing(ProcessPool::builder().workers(1));
    aside::run(async {
        let job = run_in_executor(&pool, GRANDCHILD.call(()));
        let grandchild = printed.recv().unwrap();
        let worker = pool.pids()[0];
        assert!(is_alive(grandchild) && is_alive(worker));
        job.abort();
        assert!(matches!(job.await.unwrap(), Err(CallError::Aborted)));
        wait_until(|| !is_alive(grandchild) && !is_alive(worker));
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

pub(crate) fn a_timeout_of_a_handle_that_aborts_on_drop_kills_the_worker() {
    let (pool, printed) = printing(ProcessPool::builder().workers(1));
    aside::run(async {
        let job = run_in_executor(&pool, HANG.call(())).abort_on_drop();
        let worker = printed.recv().unwrap();
        timeout(Duration::from_millis(1), job).await.unwrap_err();
        wait_until(|| !is_alive(worker));
    });
}

pub(crate) fn aborting_a_queued_job_kills_no_worker() {
    let (pool, printed) = printing(ProcessPool::builder().workers(1));
    aside::run(async {
        let first = run_in_executor(&pool, HANG.call(()));
        let worker = printed.recv().unwrap();
        let second = run_in_executor(&pool, ECHO.call(1));
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        assert!(is_alive(worker));
        first.abort();
        assert!(matches!(first.await.unwrap(), Err(CallError::Aborted)));
    });
}
