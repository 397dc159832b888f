//! Backpressure: a producer that is faster than its jobs, and a bounded queue.
//!
//! The same producer submits 50 jobs in three ways. `try_submit` returns the closure if the queue
//! is full. `submit_async` waits for a free place, so the producer becomes as slow as its jobs.
//! `submit` never waits, and the jobs collect in an unbounded list before the queue.
//!
//! Run it with `cargo run --example backpressure`. It prints how many jobs are accepted in each
//! way, and how many of them wait.

use std::thread;
use std::time::Duration;

use aside::blocking::{Lane, Pool};
use aside::{JoinHandle, gather};

const JOBS: usize = 50;

fn compress() {
    thread::sleep(Duration::from_millis(2));
}

fn main() {
    let pool = Pool::builder().threads_max(2).build();
    let narrow = || pool.lane("compression").running_max(2).queue_max(8).build();

    aside::run(async {
        let lane = narrow();
        let accepted: Vec<_> = (0..JOBS).filter_map(|_| lane.try_submit(compress).ok()).collect();
        println!(
            "try_submit:   {} are accepted, {} are returned",
            accepted.len(),
            JOBS - accepted.len()
        );
        finish(accepted).await;

        let lane = narrow();
        let mut jobs = Vec::new();
        let mut most = 0;
        for _ in 0..JOBS {
            jobs.push(lane.submit_async(compress).await.expect("the pool is open"));
            most = most.max(waiting(&lane));
        }
        println!("submit_async: all are accepted, and at most {most} wait");
        finish(jobs).await;

        let lane = narrow();
        let submit = |_| lane.submit(compress).expect("the pool is open");
        let jobs: Vec<_> = (0..JOBS).map(submit).collect();
        let stats = lane.stats();
        println!(
            "submit:       {} wait in the queue, {} wait for a place in it",
            stats.queued, stats.wait_list
        );
        finish(jobs).await;
    });
}

fn waiting(lane: &Lane) -> usize {
    let stats = lane.stats();
    stats.queued + stats.wait_list
}

async fn finish(jobs: Vec<JoinHandle<()>>) {
    for job in gather(jobs).await {
        job.expect("the job ran");
    }
}
