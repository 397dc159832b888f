//! The time during which a job may kill the process.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use super::*;

fn guard() -> ChildGuard {
    let sleep = Command::new("sleep").arg("1000").process_group(0).spawn();
    ChildGuard::new(sleep.expect("there is a `sleep`"))
}

fn is_alive(guard: &ChildGuard) -> bool {
    let mut state = guard.state.lock();
    matches!(state.child.try_wait(), Ok(None))
}

#[test]
fn aborting_a_job_late_does_not_kill_the_worker_of_the_next_job() {
    let guard = guard();
    let first = guard.begin_job();
    assert_eq!(guard.end_job(), JobEnd::Undisturbed);
    guard.kill_job(first);
    let second = guard.begin_job();
    guard.kill_job(first);
    assert!(is_alive(&guard));
    guard.kill_job(second);
    assert_eq!(guard.end_job(), JobEnd::Killed);
    let status = guard.reap().expect("no other code waits for it");
    assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
}

#[test]
fn a_pid_that_was_given_back_is_sent_no_signal() {
    let guard = guard();
    let job = guard.begin_job();
    let _ = guard.reap().expect("no other code waits for it");
    assert!(guard.state.lock().is_reaped);
    // Neither call sends a signal: the pid may belong to another process.
    guard.kill_job(job);
    guard.kill();
    assert_eq!(guard.end_job(), JobEnd::Killed);
}
