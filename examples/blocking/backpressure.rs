//! Backpressure: a producer that is faster than its jobs, with a queue that has a bound.
//!
//! The same producer three times. `try_submit` gives the closures back that find no room;
//! `submit_async` waits for room, so that the producer goes as fast as the jobs do; `submit` never
//! waits, and the jobs stand in line.

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
        let taken: Vec<_> = (0..JOBS).filter_map(|_| lane.try_submit(compress).ok()).collect();
        println!("try_submit:   {} were taken, {} came back", taken.len(), JOBS - taken.len());
        finish(taken).await;

        let lane = narrow();
        let mut jobs = Vec::new();
        let mut longest = 0;
        for _ in 0..JOBS {
            jobs.push(lane.submit_async(compress).await.expect("the pool is open"));
            longest = longest.max(waiting(&lane));
        }
        println!("submit_async: all were taken, never did more than {longest} wait");
        finish(jobs).await;

        let lane = narrow();
        let submit = |_| lane.submit(compress).expect("the pool is open");
        let jobs: Vec<_> = (0..JOBS).map(submit).collect();
        let stats = lane.stats();
        println!("submit:       {} wait, {} stand in line for that", stats.queued, stats.in_line);
        finish(jobs).await;
    });
}

fn waiting(lane: &Lane) -> usize {
    let stats = lane.stats();
    stats.queued + stats.in_line
}

async fn finish(jobs: Vec<JoinHandle<()>>) {
    for job in gather(jobs).await {
        job.expect("it ran");
    }
}
