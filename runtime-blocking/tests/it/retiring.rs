//! Idle threads are reused, and retire after the keep-alive.

use std::thread::{self, ThreadId};
use std::time::Duration;

use runtime_blocking::Pool;

use crate::{eventually, occupy, wait};

fn run_here(pool: &Pool) -> ThreadId {
    wait(pool.submit(|| thread::current().id()).expect("accepted")).expect("it ran")
}

#[test]
fn the_worker_that_became_idle_last_is_reused_first() {
    let pool = Pool::builder().cores(3).threads_max(3).build();
    let jobs: Vec<_> = (0..3).map(|_| occupy(&pool)).collect();
    for (order, (gate, job)) in jobs.into_iter().enumerate() {
        gate.open();
        wait(job).expect("it ran");
        eventually("idle", &pool, |stats| stats.idle == order + 1);
    }
    let latest = run_here(&pool);
    for _ in 0..20 {
        eventually("idle", &pool, |stats| stats.idle == 3);
        assert_eq!(run_here(&pool), latest);
    }
}

/// Another pool documents this behaviour, but sixty of its threads stay alive.
#[test]
fn idle_threads_leave_when_their_keep_alive_has_passed() {
    let pool = Pool::builder().cores(8).keep_alive(Duration::from_millis(1)).build();
    for _ in 0..3 {
        let jobs: Vec<_> = (0..8).map(|_| occupy(&pool)).collect();
        assert_eq!(pool.stats().busy, 8);
        for (gate, job) in jobs {
            gate.open();
            wait(job).expect("it ran");
        }
        eventually("without threads", &pool, |stats| stats.threads == 0);
    }
    assert_eq!(pool.stats().completed, 24);
}

/// No worker is reused, so starting, retiring and joining race all the time (P57).
#[test]
fn a_keep_alive_of_zero_leaves_no_job_behind() {
    let pool = Pool::builder().keep_alive(Duration::ZERO).threads_max(3).cores(2).build();
    for round in 0..300 {
        let jobs: Vec<_> =
            (0..round % 7).map(|n| pool.submit(move || n).expect("accepted")).collect();
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(wait(job).expect("it ran"), n);
        }
    }
    eventually("without threads", &pool, |stats| stats.threads == 0);
}

#[test]
fn a_keep_alive_beyond_all_time_is_for_ever() {
    let pool = Pool::builder().keep_alive(Duration::MAX).build();
    run_here(&pool);
    eventually("idle", &pool, |stats| stats.idle == 1);
    run_here(&pool);
    assert_eq!(pool.stats().threads, 1);
}

#[test]
fn seats_and_their_names_are_used_again() {
    let pool = Pool::builder().keep_alive(Duration::ZERO).thread_name("seat").build();
    for _ in 0..30 {
        let name = pool.submit(|| thread::current().name().map(str::to_owned)).expect("accepted");
        assert_eq!(wait(name).expect("it ran").as_deref(), Some("seat-1"));
        eventually("without threads", &pool, |stats| stats.threads == 0);
    }
}
