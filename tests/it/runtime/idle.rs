//! An idle runtime uses no processor time. The test reads the kernel's counters, so it is for Linux
//! only.

use std::sync::mpsc;
use std::time::Duration;

use aside::observe::Counters;
use aside::{Handle, Runtime, sleep, spawn_blocking};

use crate::support::watchdog::watched;

/// The resources that a thread has used up to now, from `/proc`.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    /// Processor time, in hundredths of a second.
    ticks: u64,
    /// The number of voluntary context switches.
    sleeps: u64,
}

/// Reads the resources of a thread from a directory of `/proc`, such as `thread-self`.
fn usage(task: &str) -> Usage {
    let stat = std::fs::read_to_string(format!("/proc/{task}/stat")).unwrap();
    // The name, in parentheses, may contain spaces; utime and stime are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{task}/status")).unwrap();
    let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    Usage { ticks, sleeps: sleeps.unwrap().trim().parse().unwrap() }
}

/// The directory of the current thread, readable by other threads.
fn this_thread() -> String {
    let link = std::fs::read_link("/proc/thread-self").unwrap();
    link.to_str().unwrap().to_owned()
}

/// In two seconds a spinning loop would use 200 ticks, and a loop that wakes up every 10 ms would
/// sleep 200 times.
fn assert_idle(name: &str, before: Usage, after: Usage) {
    let (ticks, sleeps) = (after.ticks - before.ticks, after.sleeps - before.sleeps);
    assert!(ticks <= 20, "{name} used {ticks} hundredths of a second of processor time");
    assert!(sleeps <= 10, "{name} went to sleep {sleeps} times");
}

// Promise 7
#[test]
fn an_idle_loop_sleeps_once_with_idle_workers_or_without() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let without = std::thread::spawn(|| watched(|| idle_for_two_seconds(0, Duration::ZERO)));
    watched(|| idle_for_two_seconds(3, Duration::ZERO));
    without.join().unwrap();
}

// Promise 7: threads that spin before they sleep do not spin without a call.
#[test]
fn an_idle_loop_and_idle_workers_that_may_spin_do_not() {
    if cfg!(target_os = "linux") {
        watched(|| idle_for_two_seconds(3, Duration::from_millis(1)));
    }
}

fn idle_for_two_seconds(workers: usize, spin: Duration) {
    let counters = Counters::default();
    let builder = Runtime::builder().keep_alive(Duration::from_secs(3600)).spin_before_park(spin);
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

/// Starts this many workers, lets them become idle, and returns their directories.
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

// Promise 7: without a job no worker is started.
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
