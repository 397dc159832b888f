//! The end of a call, whatever comes first, and the time during which an abort kills the process.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use super::*;

fn control(limit: Option<Duration>) -> CallControl<u32> {
    CallControl::new(limit, Arc::new(Parker::new()))
}

fn guard() -> Arc<ChildGuard> {
    let sleep = Command::new("sleep").arg("1000").process_group(0).spawn();
    Arc::new(ChildGuard::new(sleep.expect("there is a `sleep`"), Arc::default()))
}

fn is_killed(guard: &ChildGuard) -> bool {
    // `reap` kills a process that was not killed, so the check is made before.
    while !guard.has_exited() {
        std::thread::yield_now();
    }
    guard.reap().and_then(|status| status.signal()) == Some(9)
}

#[test]
fn aborting_a_call_late_does_not_kill_the_worker_of_the_next_call() {
    let guard = guard();
    let (first, second) = (control(None), control(None));
    first.attach(&guard).unwrap();
    first.detach().unwrap();
    first.finish(1);
    second.attach(&guard).unwrap();
    first.abort();
    assert!(!guard.has_exited());
    assert_eq!(first.wait().unwrap(), 1);
    first.abort();
    assert!(!guard.has_exited());
    second.abort();
    assert_eq!(second.detach(), Err(CallEnded));
    assert_eq!(second.wait().unwrap_err().killed.unwrap().pid(), guard.pid());
    assert!(is_killed(&guard));
}

// The driver thread may fail to detach, when decoding panics.
#[test]
fn an_outcome_detaches_the_process() {
    let guard = guard();
    let call = control(None);
    call.attach(&guard).unwrap();
    call.finish(1);
    call.abort();
    assert!(!guard.has_exited());
    assert_eq!(call.wait().unwrap(), 1);
    guard.kill();
    assert!(is_killed(&guard));
}

#[test]
fn the_first_of_outcome_and_verdict_is_the_end() {
    let aborted = control(None);
    aborted.abort();
    aborted.finish(1);
    let ended = aborted.wait().unwrap_err();
    assert_eq!((ended.verdict, ended.phase), (Verdict::Aborted, CallPhase::Codec));
    let finished = control(Some(Duration::ZERO));
    finished.finish(2);
    finished.abort();
    assert_eq!(finished.wait().unwrap(), 2);
    let late = control(Some(Duration::ZERO));
    assert_eq!(late.enter_exchange(), Ok(()));
    let ended = late.wait().unwrap_err();
    assert_eq!((ended.verdict, ended.phase), (Verdict::TimedOut, CallPhase::Exchange));
    assert_eq!(late.enter_codec(), Err(CallEnded));
}

#[test]
fn a_process_is_killed_if_the_call_ended_while_it_started() {
    let guard = guard();
    let call = control(None);
    call.abort();
    assert_eq!(call.attach(&guard), Err(CallEnded));
    assert!(is_killed(&guard));
}

#[test]
fn the_start_of_a_process_takes_no_time_of_the_call() {
    let call = control(Some(Duration::from_secs(1000)));
    let left = call.stop_clock();
    assert!(left.is_some_and(|left| left > Duration::from_secs(900)));
    assert_eq!(call.state.lock().deadline.instant(), None);
    call.start_clock(Some(Duration::ZERO));
    assert_eq!(call.wait().unwrap_err().verdict, Verdict::TimedOut);
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        std::panic::resume_unwind(Box::new(()));
    }
}

#[test]
fn a_late_outcome_whose_destructor_panics_ends_no_driver_thread() {
    let call = CallControl::new(None, Arc::new(Parker::new()));
    call.abort();
    call.finish(PanicsWhenDropped);
    assert_eq!(call.wait().map(|_| ()).unwrap_err().verdict, Verdict::Aborted);
}
