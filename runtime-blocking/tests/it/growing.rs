//! The number of threads: when a pool adds threads, and when it does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use runtime_blocking::Pool;

use crate::{eventually, occupy, wait};

/// No job passes the barrier before all jobs have a thread. So the queue does not move, which the
/// monitor must notice without another submit.
#[test]
fn jobs_that_block_all_get_a_thread() {
    for cores in [1, 4] {
        let pool = Pool::builder().cores(cores).build();
        for jobs in [2, 17, 64] {
            let barrier = Arc::new(Barrier::new(jobs));
            let handles: Vec<_> = (0..jobs)
                .map(|_| {
                    let barrier = Arc::clone(&barrier);
                    pool.submit(move || barrier.wait().is_leader()).expect("accepted")
                })
                .collect();
            let leaders =
                handles.into_iter().filter_map(|job| wait(job).ok()).filter(|leads| *leads);
            assert_eq!(leaders.count(), 1);
        }
        assert!(pool.stats().threads <= 65, "one for each job, and the monitor: {pool:?}");
    }
}

/// The queue does not move, and the last thread that can be started is the monitor. It must run a
/// job.
#[test]
fn the_last_thread_does_not_stay_the_monitor() {
    for threads in 1..6 {
        let pool = Pool::builder().cores(1).threads_max(threads).build();
        let barrier = Arc::new(Barrier::new(threads));
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                pool.submit(move || barrier.wait()).expect("accepted")
            })
            .collect();
        for job in handles {
            wait(job).expect("it ran");
        }
        assert_eq!(pool.stats().threads, threads);
    }
}

/// P55: dropping a handle frees no thread.
#[test]
fn the_limit_holds_when_the_jobs_are_not_awaited() {
    static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let pool = Pool::builder().threads_max(3).cores(1).build();
    for _ in 0..300 {
        let job = pool.submit(|| {
            MOST.fetch_max(AT_ONCE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            AT_ONCE.fetch_sub(1, Ordering::SeqCst);
        });
        drop(job.expect("accepted"));
        assert!(pool.stats().threads <= 3);
    }
    eventually("through", &pool, |stats| stats.completed == 300);
    assert!((1..=3).contains(&MOST.load(Ordering::SeqCst)));
}

#[test]
fn while_fewer_jobs_run_than_there_are_cores_no_job_waits_for_a_monitor() {
    let pool = Pool::builder().cores(4).threads_max(4).build();
    let jobs: Vec<_> = (0..4).map(|_| occupy(&pool)).collect();
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.busy, stats.idle), (4, 4, 0));
    for (gate, job) in jobs {
        gate.open();
        wait(job).expect("it ran");
    }
}

/// All jobs are short, so a worker that ends a job takes the next job, and few workers run the
/// burst.
#[test]
fn a_burst_is_run_to_its_end() {
    let pool = Pool::new();
    let sum = Arc::new(AtomicUsize::new(0));
    let handles: Vec<_> = (0..20_000)
        .map(|number| {
            let sum = Arc::clone(&sum);
            pool.submit(move || sum.fetch_add(number, Ordering::Relaxed)).expect("accepted")
        })
        .collect();
    for job in handles {
        wait(job).expect("it ran");
    }
    assert_eq!(sum.load(Ordering::Relaxed), 20_000 * 19_999 / 2);
    eventually("at rest", &pool, |stats| stats.busy == 0);
    assert_eq!((pool.stats().queued, pool.stats().completed), (0, 20_000));
}
