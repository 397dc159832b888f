//! Virtual time: a program that sleeps for a thousand hours ends at once.
//!
//! A virtual clock does not advance while any task can run, and jumps to the next deadline when no
//! task can. Jobs on the pool take real time and no virtual time.
//!
//! Run it with `cargo run --example virtual_time`. It prints the virtual hours after each step, and
//! the real time of the whole program.

use std::thread;
use std::time::{Duration, Instant};

use aside::time::{Clock, now};
use aside::{JoinError, Runtime, interval, sleep, spawn, spawn_blocking};

const HOUR: Duration = Duration::from_secs(3600);

/// Ticks once per hour. The first tick is immediate.
async fn watch(hours: u32) -> u32 {
    let mut clock = interval(HOUR);
    for _ in 0..hours {
        clock.tick().await;
    }
    hours
}

fn main() -> Result<(), JoinError> {
    let clock = Clock::virtual_time();
    let runtime = Runtime::builder().clock(clock.clone()).build();
    let (real, begun) = (Instant::now(), clock.now());
    let hours = move || now().duration_since(begun).as_secs_f64() / 3600.0;

    runtime.block_on(async {
        let watcher = spawn(watch(1001));
        sleep(HOUR * 24).await;
        println!("after {:6.1} hours: one day has passed", hours());
        let archive = spawn_blocking(|| thread::sleep(Duration::from_millis(50)));
        archive.await?;
        println!("after {:6.1} hours: a job of 50 ms real time has taken no virtual time", hours());
        let ticks = watcher.await?;
        println!("after {:6.1} hours: the watcher has ticked {ticks} times", hours());
        Ok(())
    })?;

    let elapsed = clock.now().duration_since(begun);
    assert_eq!(elapsed, HOUR * 1000, "virtual time is exact");
    println!("{:.1} hours passed in {:.0?} of real time", hours_of(elapsed), real.elapsed());
    Ok(())
}

fn hours_of(duration: Duration) -> f64 {
    duration.as_secs_f64() / 3600.0
}
