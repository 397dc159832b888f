//! Lanes: limits, priorities, and statistics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use runtime_blocking::{Lane, LaneStats, Pool, Priority, Shutdown};
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;

use crate::{Dice, Gate, HANG, eventually, gate, occupy, wait};

/// Submits to the lane a job that waits at a gate, and returns when the job waits.
#[track_caller]
fn occupy_lane(lane: &Lane) -> (Gate, JoinHandle<()>) {
    let (gate, closed) = gate();
    let (begun, has_begun) = channel();
    let job = lane.submit(move || {
        begun.send(()).expect("the test waits for it");
        let _ = closed.recv();
    });
    has_begun.recv_timeout(HANG).expect("the job begins");
    (gate, job.expect("accepted"))
}

fn stats_of(lane: &Lane) -> (usize, usize, usize) {
    let stats = lane.stats();
    (stats.running, stats.queued, stats.abandoned)
}

/// P55, without abandoned jobs: slow jobs in a lane do not starve the jobs of other lanes.
#[test]
fn a_full_lane_keeps_no_other_from_running() {
    let pool = Pool::builder().threads_max(8).build();
    let dns = pool.lane("dns").running_max(2).build();
    let held = [(); 2].map(|()| occupy_lane(&dns));
    let behind: Vec<_> = (0..100).map(|n| dns.submit(move || n).expect("accepted")).collect();
    assert_eq!(stats_of(&dns), (2, 100, 0));
    assert_eq!(wait(pool.submit(|| "a file").expect("accepted")).expect("it ran"), "a file");
    assert_eq!(stats_of(&dns), (2, 100, 0));
    held.into_iter().for_each(|(gate, job)| {
        gate.open();
        wait(job).expect("it ran");
    });
    for (n, job) in behind.into_iter().enumerate() {
        assert_eq!(wait(job).expect("it ran"), n);
    }
}

/// P55.
#[test]
fn an_abandoned_job_keeps_its_place_until_its_closure_has_ended() {
    let pool = Pool::new();
    let lane = pool.lane("narrow").running_max(1).build();
    let (gate, job) = occupy_lane(&lane);
    job.abort();
    drop(job);
    let (begun, has_begun) = channel();
    let next = lane.submit(move || begun.send(()).is_ok()).expect("accepted");
    assert_eq!(stats_of(&lane), (1, 1, 1));
    assert_eq!(pool.stats().abandoned, 1);
    let [running] = &pool.running()[..] else { panic!("one runs") };
    assert!(running.is_abandoned && running.lane == "narrow");
    assert!(running.to_string().contains("lanes.rs") && running.to_string().contains("asked to"));
    assert!(has_begun.try_recv().is_err(), "its place is taken");
    gate.open();
    assert!(wait(next).expect("it ran"));
    eventually("forgotten", &pool, |stats| stats.abandoned == 0);
}

#[test]
fn no_more_jobs_of_a_lane_run_at_a_time_than_its_limit_whatever_happens() {
    let mut dice = Dice::new(5);
    let pool = Pool::builder().threads_max(16).cores(8).build();
    for limit in [1, 2, 5] {
        let lane = pool.lane("limited").running_max(limit).queue_max(3).build();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut jobs = Vec::new();
        for _ in 0..2000 {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let fate = dice.below(4);
            let job = lane.submit(move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                assert!(fate != 0, "some panic");
            });
            let job = job.expect("accepted");
            match dice.below(3) {
                0 => job.abort(),
                1 => jobs.push(job),
                _ => job.detach(),
            }
        }
        jobs.into_iter().for_each(|job| drop(wait(job)));
        eventually("at rest", &pool, |stats| stats.busy == 0 && stats.queued == 0);
        assert!(most.load(Ordering::SeqCst) <= limit);
    }
}

#[test]
fn interactive_jobs_go_first_and_background_jobs_are_not_starved() {
    let pool = Pool::builder().threads_max(1).build();
    let background = pool.lane("background").priority(Priority::Background).build();
    let (gate, first) = occupy(&pool);
    let order = Arc::new(Mutex::new(Vec::new()));
    let submit = |lane: &Lane, name: &'static str| {
        let order = Arc::clone(&order);
        lane.submit(move || order.lock().push(name)).expect("accepted")
    };
    let mut jobs = vec![submit(&background, "background")];
    jobs.extend((0..1000).map(|_| submit(pool.main_lane(), "interactive")));
    gate.open();
    wait(first).expect("it ran");
    jobs.into_iter().for_each(|job| wait(job).expect("it ran"));
    let order = order.lock();
    let place = order.iter().position(|name| *name == "background").expect("it ran");
    assert_eq!(place, 256, "so many that came later have passed");
}

#[test]
fn lanes_are_distinct_in_the_stats_and_end_with_their_last_handle() {
    let pool = Pool::new();
    let names = |pool: &Pool| -> Vec<_> {
        pool.lanes().into_iter().map(|lane| lane.name.into_owned()).collect()
    };
    let (dns, disk) = (pool.lane("dns").build(), pool.lane(String::from("disk")).build());
    wait(dns.submit(|| ()).expect("accepted")).expect("it ran");
    wait(pool.submit(|| ()).expect("accepted")).expect("it ran");
    eventually("counted", &pool, |stats| stats.completed == 2);
    assert_eq!(names(&pool), ["main", "dns", "disk"]);
    let mut expected = LaneStats::default();
    (expected.name, expected.completed) = ("dns".into(), 1);
    assert_eq!(dns.stats(), expected);
    let (gate, job) = occupy_lane(&disk);
    drop((dns.clone(), dns, disk));
    assert_eq!(names(&pool), ["main", "disk"], "a job is left in one");
    gate.open();
    wait(job).expect("it ran");
    eventually("at rest", &pool, |stats| stats.busy == 0);
    assert_eq!(names(&pool), ["main"]);
}

#[test]
fn a_lane_is_a_handle_of_its_pool() {
    let pool = Pool::new();
    let lane = pool.lane("last").build();
    drop(pool);
    assert_eq!(wait(lane.submit(|| 1).expect("the pool is open")).expect("it ran"), 1);
    let pool = lane.pool();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    assert!(lane.submit(|| 1).expect_err("closed").is_closed());
}

#[test]
fn limits_of_nought_are_refused() {
    let refuses = |build: fn(&Pool)| {
        let pool = Pool::new();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| build(&pool))).is_err()
    };
    assert!(refuses(|pool| drop(pool.lane("").running_max(0))));
    assert!(refuses(|pool| drop(pool.lane("").queue_max(0))));
    assert!(refuses(|_| drop(Pool::builder().queue_max(0))));
}

/// Jobs that note that they have run, in a lane whose jobs must run.
fn must_run(pool: &Pool, jobs: usize) -> (Arc<AtomicUsize>, Vec<JoinHandle<usize>>) {
    let flush = pool.lane("flush").must_run().build();
    let written = Arc::new(AtomicUsize::new(0));
    let job = || {
        let written = Arc::clone(&written);
        flush.submit(move || written.fetch_add(1, Ordering::SeqCst)).expect("accepted")
    };
    let jobs = (0..jobs).map(|_| job()).collect();
    (written, jobs)
}

/// P62: jobs that must run are run by every shutdown. P96: a shutdown with a limit does not wait
/// beyond the limit for them. It reports them, and they are run when it has returned.
#[test]
fn jobs_that_must_run_are_run_by_every_shutdown() {
    for how in [Shutdown::Leave, Shutdown::Wait, Shutdown::WaitAtMost(Duration::ZERO)] {
        let pool = Pool::builder().threads_max(1).build();
        let (gate, first) = occupy(&pool);
        let (written, jobs) = must_run(&pool, 10);
        let other = pool.submit(|| ()).expect("accepted");
        let waits = how == Shutdown::Wait;
        let closing = pool.clone();
        let closer = std::thread::spawn(move || closing.shutdown(how));
        if waits {
            eventually("closed", &pool, |_| pool.submit(|| ()).is_err());
            gate.open();
            let report = closer.join().expect("no panic");
            assert_eq!(written.load(Ordering::SeqCst), 10, "it returned when they had ended");
            assert!(report.is_clean(), "{report}");
        } else {
            let report = closer.join().expect("no panic");
            assert_eq!(written.load(Ordering::SeqCst), 0, "{how:?}");
            let counts = (report.running.len(), report.waiting.len(), report.cancelled.len());
            assert_eq!(counts, (1, 10, 1), "{report}");
            let ids: Vec<_> = jobs.iter().map(JoinHandle::id).collect();
            assert!(report.waiting.iter().map(Metadata::id).eq(ids));
            assert!(wait(other).expect_err("cancelled").is_cancelled());
            gate.open();
        }
        jobs.into_iter().for_each(|job| assert!(wait(job).is_ok()));
        wait(first).expect("it ran");
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
    }
}

/// P96: the job that hangs is itself one that must run.
#[test]
fn a_limit_holds_although_a_job_that_must_run_hangs() {
    let limits = [Duration::ZERO, Duration::from_millis(1)].map(Shutdown::WaitAtMost);
    for how in limits.into_iter().chain([Shutdown::Leave]) {
        let pool = Pool::builder().threads_max(2).build();
        let flush = pool.lane("flush").must_run().running_max(1).build();
        let (gate, hanging) = occupy_lane(&flush);
        let next = flush.submit(|| 1).expect("accepted");
        let report = pool.shutdown(how);
        let [running] = &report.running[..] else { panic!("one runs: {report}") };
        assert_eq!((running.metadata.id(), running.is_abandoned), (hanging.id(), false));
        assert_eq!((report.waiting.len(), report.cancelled.len()), (1, 0), "{report}");
        assert_eq!(report.waiting[0].id(), next.id());
        gate.open();
        assert_eq!(wait(next).expect("it ran"), 1);
        wait(hanging).expect("it ran");
        assert!(pool.shutdown(Shutdown::WaitAtMost(HANG)).is_clean());
    }
}

#[test]
fn on_an_event_loop_a_shutdown_reports_what_must_run_and_does_not_wait() {
    let pool = Pool::builder().threads_max(1).build();
    let flush = pool.lane("flush").must_run().build();
    let (gate, first) = occupy(&pool);
    let job = flush.submit(|| 7).expect("accepted");
    let report = {
        let _turning = runtime_core::context::enter_loop();
        pool.shutdown(Shutdown::Leave)
    };
    assert_eq!((report.running.len(), report.waiting.len()), (1, 1));
    assert!(!report.is_clean() && report.to_string().contains("1 job still waits"));
    gate.open();
    wait(first).expect("it ran");
    assert_eq!(wait(job).expect("it ran"), 7);
}

#[test]
fn a_shutdown_does_not_report_a_job_that_must_run_and_was_aborted() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let (written, jobs) = must_run(&pool, 1);
    assert_eq!(pool.shutdown(Shutdown::Leave).waiting.len(), 1);
    jobs.iter().for_each(JoinHandle::abort);
    let report = pool.shutdown(Shutdown::Leave);
    assert_eq!((report.running.len(), report.waiting.len()), (1, 0));
    gate.open();
    wait(first).expect("it ran");
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    assert_eq!(written.load(Ordering::SeqCst), 0);
}
