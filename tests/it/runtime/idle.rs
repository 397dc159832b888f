//! Who has nothing to do costs nothing. The system's own counts are read, so on Linux alone.

use std::sync::mpsc;
use std::time::Duration;

use aside::observe::Counters;
use aside::{Handle, Runtime, sleep, spawn_blocking};

use crate::support::watchdog::watched;

/// What the system says that a thread has used up to now.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    /// Processor time, in hundredths of a second.
    ticks: u64,
    /// How often it went to sleep.
    sleeps: u64,
}

/// `task` is a directory of `/proc`, such as `thread-self`.
fn usage(task: &str) -> Usage {
    let stat = std::fs::read_to_string(format!("/proc/{task}/stat")).unwrap();
    // The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{task}/status")).unwrap();
    let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    Usage { ticks, sleeps: sleeps.unwrap().trim().parse().unwrap() }
}

/// The current thread's directory, for others to read.
fn this_thread() -> String {
    let link = std::fs::read_link("/proc/thread-self").unwrap();
    link.to_str().unwrap().to_owned()
}

/// Of two seconds a loop that spins would use 200 ticks, one that wakes up every 10 ms would sleep
/// 200 times.
fn assert_idle(who: &str, before: Usage, after: Usage) {
    let (ticks, sleeps) = (after.ticks - before.ticks, after.sleeps - before.sleeps);
    assert!(ticks <= 20, "{who} used {ticks} hundredths of a second of processor time");
    assert!(sleeps <= 10, "{who} went to sleep {sleeps} times");
}

// Promise 7
#[test]
fn an_idle_loop_sleeps_once_with_idle_workers_or_without() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let without = std::thread::spawn(|| watched(|| idle_for_two_seconds(0)));
    watched(|| idle_for_two_seconds(3));
    without.join().unwrap();
}

fn idle_for_two_seconds(workers: usize) {
    let counters = Counters::default();
    let builder = Runtime::builder().keep_alive(Duration::from_secs(3600));
    let runtime = builder.observer(counters.clone()).build();
    runtime.block_on(async {
        let threads = start_workers(workers).await;
        sleep(Duration::from_millis(20)).await;
        let parks = counters.parks();
        let workers_before: Vec<Usage> = threads.iter().map(|thread| usage(thread)).collect();
        let before = usage("thread-self");
        sleep(Duration::from_secs(2)).await;
        assert_idle("the loop", before, usage("thread-self"));
        assert_eq!(counters.parks() - parks, 1);
        for (thread, before) in threads.iter().zip(workers_before) {
            assert_idle("an idle worker", before, usage(thread));
        }
    });
}

/// Has so many workers started, and left without work; says where they are found.
async fn start_workers(workers: usize) -> Vec<String> {
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(workers.max(1)));
    let (sender, threads) = mpsc::channel();
    let mut jobs = Vec::new();
    for _ in 0..workers {
        let (barrier, sender) = (std::sync::Arc::clone(&barrier), sender.clone());
        jobs.push(spawn_blocking(move || {
            barrier.wait();
            sender.send(this_thread()).unwrap();
        }));
    }
    for job in jobs {
        job.await.unwrap();
    }
    assert!(Handle::current().pool().stats().threads >= workers);
    threads.try_iter().collect()
}

// Promise 7: nor is there a first thread before there is a first job.
#[test]
fn a_runtime_without_jobs_starts_no_thread() {
    watched(|| {
        let runtime = Runtime::new();
        runtime.block_on(sleep(Duration::from_millis(1)));
        let pool = runtime.handle().pool().clone();
        assert_eq!(pool.stats().threads, 0);
        drop(runtime);
        assert_eq!(pool.stats().threads, 0);
    });
}
