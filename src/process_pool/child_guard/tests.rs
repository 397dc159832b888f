//! A process that is killed, and a pid that was given back.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use rustix::process::kill_process;

use super::*;

fn guard() -> ChildGuard {
    let sleep = Command::new("sleep").arg("1000").process_group(0).spawn();
    ChildGuard::new(sleep.expect("there is a `sleep`"), Arc::default())
}

#[test]
fn a_process_that_is_killed_has_exited_before_and_after_it_is_reaped() {
    let guard = guard();
    assert!(!guard.has_exited());
    guard.kill();
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(guard.pid), options).expect("no other code waits for it");
    assert!(guard.has_exited());
    let status = guard.reap().expect("no other code waits for it");
    assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
    assert!(guard.has_exited());
}

#[test]
fn a_pid_that_was_given_back_is_sent_no_signal() {
    let guard = guard();
    let _ = guard.reap().expect("no other code waits for it");
    assert!(guard.state.lock().is_reaped);
    // This call sends no signal: the pid may belong to another process.
    guard.kill();
    assert!(guard.pidfd().is_none());
}

#[test]
fn a_process_that_was_reaped_within_a_time_can_be_reaped_again() {
    let guard = guard();
    guard.reap_within(Duration::from_millis(1));
    assert!(!guard.has_exited() && guard.pids.list() == [guard.pid()]);
    guard.kill();
    guard.reap_within(Duration::from_secs(1000));
    assert!(guard.state.lock().is_reaped && guard.pids.list().is_empty());
    assert_eq!(guard.reap().and_then(|status| status.signal()), Some(Signal::KILL.as_raw()));
}

// P113.
#[test]
fn the_group_of_a_process_that_other_code_has_waited_for_is_not_killed() {
    let guard = guard();
    let mut command = Command::new("sleep");
    let mut member = command.arg("1000").process_group(guard.pid().cast_signed()).spawn().unwrap();
    kill_process(guard.pid, Signal::KILL).unwrap();
    waitid(WaitId::Pid(guard.pid), WaitIdOptions::EXITED).unwrap();
    guard.kill();
    assert!(guard.reap().is_none());
    // The first of the two signals ends the process.
    kill_process(Pid::from_child(&member), Signal::TERM).unwrap();
    assert_eq!(member.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
}
