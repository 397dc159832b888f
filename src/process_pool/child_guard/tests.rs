//! Who may kill whom, and when no more.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use super::*;

fn leash() -> Leash {
    let sleep = Command::new("sleep").arg("1000").process_group(0).spawn();
    Leash::new(sleep.expect("there is a `sleep`"))
}

fn is_alive(leash: &Leash) -> bool {
    let mut state = leash.state.lock();
    matches!(state.child.try_wait(), Ok(None))
}

#[test]
fn who_aborts_a_job_late_does_not_kill_the_worker_of_the_next_one() {
    let leash = leash();
    let first = leash.begin_job();
    assert_eq!(leash.end_job(), Ended::InPeace);
    leash.kill_job(first);
    let second = leash.begin_job();
    leash.kill_job(first);
    assert!(is_alive(&leash));
    leash.kill_job(second);
    assert_eq!(leash.end_job(), Ended::Killed);
    let status = leash.reap().expect("nobody else waits for it");
    assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
}

#[test]
fn nobody_is_killed_by_a_number_that_was_given_back() {
    let leash = leash();
    let job = leash.begin_job();
    let _ = leash.reap().expect("nobody else waits for it");
    // Sends no signal: the number may be another's by now.
    assert!(leash.state.lock().is_reaped);
    leash.kill_job(job);
    leash.kill();
    assert_eq!(leash.end_job(), Ended::Killed);
}
