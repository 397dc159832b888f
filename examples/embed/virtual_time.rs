//! A program of a thousand hours, at once.
//!
//! With a virtual clock, time stands still while anything can run, and jumps to the next deadline
//! when nothing can. Jobs on the pool take real time and no virtual time.

use std::thread;
use std::time::{Duration, Instant};

use aside::time::{Clock, now};
use aside::{JoinError, Runtime, interval, sleep, spawn, spawn_blocking};

const HOUR: Duration = Duration::from_secs(3600);

/// A watchman who looks round every hour; the first look is at once.
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
        let watchman = spawn(watch(1001));
        sleep(HOUR * 24).await;
        println!("after {:6.1} hours: a day has passed", hours());
        let archive = spawn_blocking(|| thread::sleep(Duration::from_millis(50)));
        archive.await?;
        println!("after {:6.1} hours: a job of 50 real milliseconds has taken none", hours());
        let looks = watchman.await?;
        println!("after {:6.1} hours: the watchman has looked round {looks} times", hours());
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
