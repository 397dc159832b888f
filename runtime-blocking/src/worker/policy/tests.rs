//! The decisions of the policy, as tables and as short sequences of events.

use super::*;
use crate::worker::growth::{MonitorAction, StartFailure};
use crate::worker::start_backoff::StartBackoff;

mod reference;

/// A policy in the state that the counts describe.
fn policy(threads_max: usize, cores: usize, counts: Counts) -> Policy {
    Policy {
        cores,
        queued: counts.queued,
        arriving: counts.arriving,
        busy: counts.busy,
        idle: counts.idle,
        monitor: counts.monitors > 0,
        ..Policy::new(threads_max)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    queued: usize,
    arriving: usize,
    busy: usize,
    idle: usize,
    monitors: usize,
}

fn counts(queued: usize, arriving: usize, busy: usize, idle: usize, monitors: usize) -> Counts {
    Counts { queued, arriving, busy, idle, monitors }
}

impl Policy {
    fn counts(&self) -> Counts {
        counts(self.queued, self.arriving, self.busy, self.idle, usize::from(self.monitor))
    }
}

#[test]
fn a_submit_dispatches_one_worker_unless_one_is_arriving() {
    use Dispatch::{Nothing, Start, Wake};
    use Role::{Monitor, Worker};
    let max = 4;
    let table = [
        // before: queued, arriving, busy, idle, monitors        call          after
        ("empty", counts(0, 0, 0, 0, 0), Start(Worker), counts(1, 1, 0, 0, 0)),
        ("one idle", counts(0, 0, 0, 1, 0), Wake(Worker), counts(1, 1, 0, 0, 0)),
        ("fewer than cores busy", counts(0, 0, 1, 1, 0), Wake(Worker), counts(1, 1, 1, 0, 0)),
        ("one on the way", counts(1, 1, 0, 2, 0), Nothing, counts(2, 1, 0, 2, 0)),
        ("cores busy, one idle", counts(0, 0, 2, 1, 0), Wake(Monitor), counts(1, 0, 2, 0, 1)),
        ("cores busy, none idle", counts(0, 0, 2, 0, 0), Start(Monitor), counts(1, 0, 2, 0, 1)),
        ("cores busy, a monitor", counts(9, 0, 2, 1, 1), Nothing, counts(10, 0, 2, 1, 1)),
        ("a core free, a monitor", counts(9, 0, 1, 1, 1), Wake(Worker), counts(10, 1, 1, 0, 1)),
        ("all at work", counts(9, 0, 4, 0, 0), Nothing, counts(10, 0, 4, 0, 0)),
    ];
    for (name, before, call, after) in table {
        let mut policy = policy(max, 2, before);
        assert_eq!(policy.submit(2), call, "{name}");
        assert_eq!(policy.counts(), after, "{name}");
    }
}

#[test]
fn a_worker_takes_jobs_and_dispatches_the_next_worker_if_more_are_left() {
    use Arrival::{Dispatched, JobEnded, ManyJobsEnded};
    use Dispatch::{Nothing, Start, Wake};
    use Role::{Monitor, Worker};
    use WorkerAction::{Take, Wait, YieldAndRetry};
    let table = [
        (
            "called, one job",
            Dispatched,
            counts(1, 1, 0, 0, 0),
            Take(Nothing),
            counts(0, 0, 1, 0, 0),
        ),
        (
            "called, two jobs",
            Dispatched,
            counts(2, 1, 0, 0, 0),
            Take(Start(Worker)),
            counts(1, 1, 1, 0, 0),
        ),
        (
            "others come too",
            Dispatched,
            counts(3, 2, 0, 0, 0),
            Take(Nothing),
            counts(2, 1, 1, 0, 0),
        ),
        (
            "cores full",
            Dispatched,
            counts(2, 1, 1, 1, 0),
            Take(Wake(Monitor)),
            counts(1, 0, 2, 0, 1),
        ),
        ("too late", Dispatched, counts(0, 1, 1, 0, 0), Wait, counts(0, 0, 1, 1, 0)),
        ("back, more", JobEnded, counts(2, 0, 2, 0, 1), Take(Nothing), counts(1, 0, 2, 0, 1)),
        ("back, none", JobEnded, counts(0, 0, 2, 0, 1), Wait, counts(0, 0, 1, 1, 1)),
        ("many, none", ManyJobsEnded, counts(0, 0, 2, 0, 1), YieldAndRetry, counts(0, 1, 1, 0, 1)),
        ("many, one comes", ManyJobsEnded, counts(0, 1, 2, 0, 0), Wait, counts(0, 1, 1, 1, 0)),
        (
            "back, all at work",
            JobEnded,
            counts(5, 0, 4, 0, 0),
            Take(Nothing),
            counts(4, 0, 4, 0, 0),
        ),
    ];
    for (name, arrival, before, next, after) in table {
        let mut policy = policy(4, 2, before);
        assert_eq!(policy.next(arrival), next, "{name}");
        assert_eq!(policy.counts(), after, "{name}");
        assert_eq!(policy.ended(), u64::from(arrival != Dispatched), "{name}");
    }
}

#[test]
fn a_job_whose_lane_has_room_again_is_taken_by_the_worker_that_made_it() {
    let mut policy = policy(4, 2, counts(0, 0, 1, 1, 0));
    policy.release();
    assert_eq!(policy.next(Arrival::JobEnded), WorkerAction::Take(Dispatch::Nothing));
    assert_eq!(policy.counts(), counts(0, 0, 1, 1, 0));
}

#[test]
fn the_monitor_waits_while_the_queue_moves_and_grows_twice_as_much_when_it_does_not() {
    let mut policy = policy(512, 2, counts(100, 0, 2, 0, 1));
    assert_eq!(policy.tick(None), MonitorAction::WaitAgain(0));
    assert_eq!(policy.tick(Some(0)), MonitorAction::Grow { by: 2, seen: 0 });
    assert_eq!(policy.tick(Some(0)), MonitorAction::Grow { by: 4, seen: 0 });
    assert_eq!(policy.tick(Some(0)), MonitorAction::Grow { by: 8, seen: 0 });
    assert_eq!(policy.next(Arrival::JobEnded), WorkerAction::Take(Dispatch::Nothing));
    assert_eq!(policy.tick(Some(0)), MonitorAction::WaitAgain(1));
    assert_eq!(
        policy.tick(Some(1)),
        MonitorAction::Grow { by: 2, seen: 1 },
        "the step begins anew"
    );
}

/// Lets `jobs` jobs end that have run for this time each.
fn end_jobs(policy: &mut Policy, jobs: usize, run_time: Duration) {
    for _ in 0..jobs {
        policy.add_run_time(run_time);
        let WorkerAction::Take(_) = policy.next(Arrival::JobEnded) else { panic!("jobs are left") };
    }
}

/// Lets all workers that the monitor adds arrive.
fn add(policy: &mut Policy, by: usize) {
    (0..by).for_each(|_| assert_ne!(policy.grow(), Dispatch::Nothing));
    for _ in 0..by {
        let WorkerAction::Take(_) = policy.next(Arrival::Dispatched) else { panic!("jobs wait") };
    }
}

/// P116.
#[test]
fn the_monitor_grows_although_the_queue_moves_while_each_round_of_jobs_is_slow() {
    let slow = Duration::from_micros(250);
    let mut policy = policy(512, 2, counts(1000, 0, 2, 0, 1));
    assert_eq!(policy.tick(None), MonitorAction::WaitAgain(0));
    end_jobs(&mut policy, 1, slow);
    assert_eq!(policy.tick(Some(0)), MonitorAction::WaitAgain(1), "the round is not over");
    let mut ended = 1;
    for (workers, by) in [(2, 2), (4, 4), (8, 8), (16, 16), (32, 32)] {
        let rest = workers - usize::from(workers == 2);
        end_jobs(&mut policy, rest, slow);
        let seen = ended;
        ended += rest as u64;
        assert_eq!(policy.tick(Some(seen)), MonitorAction::Grow { by, seen: ended });
        add(&mut policy, by);
    }
    end_jobs(&mut policy, 64, slow / 3);
    assert_eq!(policy.tick(Some(ended)), MonitorAction::WaitAgain(ended + 64), "short jobs");
    end_jobs(&mut policy, 64, slow);
    let next = MonitorAction::Grow { by: 64, seen: ended + 128 };
    assert_eq!(policy.tick(Some(ended + 64)), next, "slow again");
}

/// P116: jobs that compute take longer the more workers contend for the cores.
#[test]
fn the_monitor_stops_growing_when_jobs_run_half_as_long_again() {
    let mut policy = policy(512, 2, counts(1000, 0, 2, 0, 1));
    assert_eq!(policy.tick(None), MonitorAction::WaitAgain(0));
    end_jobs(&mut policy, 2, Duration::from_micros(200));
    assert_eq!(policy.tick(Some(0)), MonitorAction::Grow { by: 2, seen: 2 });
    add(&mut policy, 2);
    let mut seen = 2;
    for _ in 0..10 {
        end_jobs(&mut policy, 4, Duration::from_micros(300));
        assert_eq!(policy.tick(Some(seen)), MonitorAction::WaitAgain(seen + 4), "they contend");
        seen += 4;
    }
    assert_eq!(policy.tick(Some(seen)), MonitorAction::Grow { by: 2, seen }, "none has ended");
}

/// P116: a queue that moves needs no monitor that runs a job.
#[test]
fn the_monitor_of_slow_jobs_waits_when_no_worker_can_be_added() {
    let mut policy = policy(3, 1, counts(9, 0, 2, 0, 1));
    assert_eq!(policy.tick(None), MonitorAction::WaitAgain(0));
    end_jobs(&mut policy, 2, Duration::from_millis(1));
    assert_eq!(policy.tick(Some(0)), MonitorAction::WaitAgain(2));
    assert_eq!(policy.tick(Some(2)), MonitorAction::Take);
}

#[test]
fn growth_wakes_first_then_starts_and_dispatches_no_more_than_jobs_wait() {
    let mut policy = policy(6, 1, counts(3, 0, 1, 1, 1));
    assert_eq!(policy.grow(), Dispatch::Wake(Role::Worker));
    assert_eq!(policy.grow(), Dispatch::Start(Role::Worker));
    assert_eq!(policy.grow(), Dispatch::Start(Role::Worker));
    assert_eq!(policy.grow(), Dispatch::Nothing);
    assert_eq!(policy.counts(), counts(3, 3, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), MonitorAction::WaitAgain(0), "those on the way will do");
}

#[test]
fn a_monitor_with_nothing_to_watch_is_an_idle_worker() {
    let mut policy = policy(4, 1, counts(0, 0, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), MonitorAction::StandDown);
    assert_eq!(policy.counts(), counts(0, 0, 1, 1, 0));
}

#[test]
fn a_monitor_takes_the_job_itself_when_no_worker_can_be_dispatched() {
    let mut policy = policy(3, 1, counts(2, 0, 2, 0, 1));
    assert_eq!(policy.tick(Some(0)), MonitorAction::Take);
    assert_eq!(policy.counts(), counts(1, 0, 3, 0, 0));
}

/// P52, tokio#8406: the monitor is a free thread. If no further thread can be started, the monitor
/// must run the job.
#[test]
fn a_monitor_takes_the_job_itself_when_the_system_refuses_a_thread() {
    let mut policy = policy(9, 1, counts(2, 0, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), MonitorAction::Grow { by: 1, seen: 0 });
    assert_eq!(policy.grow(), Dispatch::Start(Role::Worker));
    assert_eq!(policy.could_not_start(Role::Worker), StartFailure::Continue(Dispatch::Nothing));
    assert_eq!(policy.grow(), Dispatch::Nothing, "one refusal ends the step");
    assert_eq!(policy.tick(Some(0)), MonitorAction::Take);
    assert_eq!(policy.counts(), counts(1, 0, 2, 0, 0));
}

#[test]
fn a_refusal_is_forgotten_when_the_queue_has_moved_since() {
    let mut policy = policy(9, 1, counts(5, 0, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), MonitorAction::Grow { by: 1, seen: 0 });
    assert_eq!(policy.grow(), Dispatch::Start(Role::Worker));
    assert_eq!(policy.could_not_start(Role::Worker), StartFailure::Continue(Dispatch::Nothing));
    assert_eq!(policy.next(Arrival::JobEnded), WorkerAction::Take(Dispatch::Nothing));
    assert_eq!(policy.tick(Some(0)), MonitorAction::WaitAgain(1));
    assert_eq!(policy.tick(Some(1)), MonitorAction::Grow { by: 1, seen: 1 }, "it tries again");
    assert_eq!(policy.grow(), Dispatch::Start(Role::Worker));
}

#[test]
fn a_refused_start_fails_jobs_only_when_no_thread_is_left() {
    let table = [
        ("nobody", counts(3, 1, 0, 0, 0), StartFailure::NoThread, counts(0, 0, 0, 0, 0)),
        (
            "one at work",
            counts(3, 1, 1, 0, 0),
            StartFailure::Continue(Dispatch::Nothing),
            counts(3, 0, 1, 0, 0),
        ),
        (
            "two on the way",
            counts(3, 2, 0, 0, 0),
            StartFailure::Continue(Dispatch::Nothing),
            counts(3, 1, 0, 0, 0),
        ),
        (
            "one has become idle",
            counts(3, 1, 0, 1, 0),
            StartFailure::Continue(Dispatch::Wake(Role::Worker)),
            counts(3, 1, 0, 0, 0),
        ),
    ];
    for (name, before, unstarted, after) in table {
        let mut policy = policy(4, 2, before);
        assert_eq!(policy.could_not_start(Role::Worker), unstarted, "{name}");
        assert_eq!(policy.counts(), after, "{name}");
    }
    let mut policy = policy(4, 1, counts(1, 0, 1, 1, 1));
    let unstarted = policy.could_not_start(Role::Monitor);
    assert_eq!(unstarted, StartFailure::Continue(Dispatch::Wake(Role::Monitor)));
}

#[test]
fn after_refusals_ending_jobs_try_again_ever_more_seldom_and_a_success_forgets_it() {
    let mut policy = policy(2, 1, counts(1000, 0, 1, 0, 0));
    let mut tries = Vec::new();
    for job in 1..=200 {
        let WorkerAction::Take(call) = policy.next(Arrival::JobEnded) else {
            panic!("jobs are left")
        };
        if call == Dispatch::Start(Role::Monitor) {
            tries.push(job);
            assert_eq!(
                policy.could_not_start(Role::Monitor),
                StartFailure::Continue(Dispatch::Nothing)
            );
        }
    }
    assert_eq!(tries, [1, 2, 4, 8, 16, 32, 64, 128, 192]);
    assert_eq!(policy.submit(1), Dispatch::Start(Role::Monitor), "a submit tries");
    policy.started();
    assert_eq!(policy.backoff, StartBackoff::default());
}

#[test]
fn a_closed_pool_runs_what_it_has_and_retires() {
    let mut policy = policy(4, 1, counts(1, 0, 1, 1, 1));
    policy.close();
    assert!(policy.is_closed());
    assert_eq!(policy.counts(), counts(1, 1, 1, 0, 1), "the idle are on their way");
    assert_eq!(policy.next(Arrival::Dispatched), WorkerAction::Take(Dispatch::Nothing));
    assert_eq!(policy.next(Arrival::JobEnded), WorkerAction::Retire);
    assert_eq!(policy.next(Arrival::JobEnded), WorkerAction::Retire);
    assert_eq!(policy.tick(None), MonitorAction::Retire);
    assert_eq!(policy.threads(), 0);
}

/// Jobs that are submitted while a worker is arriving dispatch nothing. So the arriving worker must
/// dispatch the next worker, even if thread starts were refused before.
#[test]
fn a_dispatched_worker_dispatches_the_next_whatever_was_refused_before() {
    let mut policy = Policy::new(4);
    assert_eq!(policy.submit(2), Dispatch::Start(Role::Worker));
    policy.started();
    assert_eq!(policy.next(Arrival::Dispatched), WorkerAction::Take(Dispatch::Nothing));
    for _ in 0..5 {
        assert_eq!(policy.submit(2), Dispatch::Start(Role::Worker));
        assert_eq!(policy.could_not_start(Role::Worker), StartFailure::Continue(Dispatch::Nothing));
    }
    for _ in 0..5 {
        assert_eq!(
            policy.next(Arrival::JobEnded),
            WorkerAction::Take(Dispatch::Nothing),
            "it is patient"
        );
    }
    assert_eq!(policy.next(Arrival::ManyJobsEnded), WorkerAction::YieldAndRetry);
    assert_eq!([policy.submit(2), policy.submit(2)], [Dispatch::Nothing; 2]);
    assert_eq!(policy.next(Arrival::Dispatched), WorkerAction::Take(Dispatch::Start(Role::Worker)));
}
