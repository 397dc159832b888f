//! A hundred thousand tasks that each sleep for a random time, and read the clock when they wake.
//!
//! A wave starts all tasks and awaits them. The first wave of a process runs in cold memory, which
//! the process has to get from the system. The second wave runs in the memory that the first wave
//! has freed. The tasks of the first wave end in random order, so a runtime that reuses the memory
//! freed last starts the second wave in memory that is in random order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::{Peer, Timers};
use crate::row::{Of, Row};
use crate::run::Run;
use crate::work::random;

/// The rows of timers that fire.
pub(super) fn rows() -> Vec<Row> {
    let cost = |key, name, cells| Row::new(key, name, cells).floor(0.70, Of::BestOf(Peer::TOKIO));
    let late = |key, name, cells| cost(key, name, cells).unit("µs");
    vec![
        cost("sleeps-cold", "100,000 sleeps, first wave", with_timers!(cold))
            .limit(cold_limit)
            .python(),
        late("sleeps-cold-late", "first wave: mean lateness", with_timers!(cold_late))
            .limit(cold_late_limit)
            .python(),
        cost("sleeps-warm", "100,000 sleeps, second wave", with_timers!(warm))
            .limit(warm_limit)
            .python(),
        late("sleeps-warm-late", "second wave: mean lateness", with_timers!(warm_late))
            .limit(warm_late_limit)
            .python(),
    ]
}

const SLEEPERS: usize = 100_000;
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(100);

/// The figures of a wave.
#[derive(Clone, Copy, Debug)]
struct Wave {
    /// Nanoseconds per sleeper.
    cost: f64,
    /// The mean lateness of the sleepers, in microseconds.
    late: f64,
}

/// The time for which a sleeper of a wave sleeps.
fn nap(wave: usize, sleeper: usize) -> Duration {
    let range = (LONGEST - SHORTEST).as_micros() as u64;
    SHORTEST + Duration::from_micros(random((wave * SLEEPERS + sleeper) as u64) % range)
}

/// The cost of the first wave.
pub(super) fn cold<R: Timers>(run: &Run) -> f64 {
    last_of::<R>(run, 1).cost
}

/// The mean lateness in the first wave.
pub(super) fn cold_late<R: Timers>(run: &Run) -> f64 {
    last_of::<R>(run, 1).late
}

/// The cost of the second wave.
pub(super) fn warm<R: Timers>(run: &Run) -> f64 {
    last_of::<R>(run, 2).cost
}

/// The mean lateness in the second wave.
pub(super) fn warm_late<R: Timers>(run: &Run) -> f64 {
    last_of::<R>(run, 2).late
}

fn last_of<R: Timers>(run: &Run, waves: usize) -> Wave {
    let run = *run;
    R::block_on(async move {
        let mut last = Wave { cost: 0.0, late: 0.0 };
        for wave in 0..waves {
            last = sleep_all::<R>(&run, wave).await;
        }
        last
    })
}

async fn sleep_all<R: Timers>(run: &Run, wave: usize) -> Wave {
    let watch = run.start();
    let began = Instant::now();
    let sleep = |sleeper| R::spawn_sleep(nap(wave, sleeper), Instant::now);
    let sleepers: Vec<_> = (0..SLEEPERS).map(sleep).collect();
    let mut wakes = Vec::with_capacity(SLEEPERS);
    for sleeper in sleepers {
        wakes.push(R::output::<Instant>(sleeper.await));
    }
    Wave { cost: watch.read() / SLEEPERS as f64, late: mean_late(began, wave, &wakes) }
}

/// Returns how many microseconds after its deadline a sleeper woke, in the mean. A sleeper's
/// deadline is its time after the beginning of the wave, so a slow start makes a sleeper late, too.
fn mean_late(began: Instant, wave: usize, wakes: &[Instant]) -> f64 {
    let late = |(sleeper, woke): (usize, &Instant)| {
        woke.saturating_duration_since(began + nap(wave, sleeper))
    };
    let sum: Duration = wakes.iter().enumerate().map(late).sum();
    sum.as_secs_f64() * 1e6 / wakes.len() as f64
}

/// The program of the column `limit`: the cost of the first wave.
pub(super) fn cold_limit(run: &Run) -> f64 {
    last_of_limit(run, 1).cost
}

/// The program of the column `limit`: the mean lateness in the first wave.
pub(super) fn cold_late_limit(run: &Run) -> f64 {
    last_of_limit(run, 1).late
}

/// The program of the column `limit`: the cost of the second wave.
pub(super) fn warm_limit(run: &Run) -> f64 {
    last_of_limit(run, 2).cost
}

/// The program of the column `limit`: the mean lateness in the second wave.
pub(super) fn warm_late_limit(run: &Run) -> f64 {
    last_of_limit(run, 2).late
}

type Sleeper = Pin<Box<dyn Future<Output = Instant>>>;

/// A heap of deadlines. The thread sleeps until the earliest deadline, and polls the boxed future
/// that belongs to it.
fn last_of_limit(run: &Run, waves: usize) -> Wave {
    let mut last = Wave { cost: 0.0, late: 0.0 };
    for wave in 0..waves {
        last = sleep_in_a_heap(run, wave);
    }
    last
}

fn sleep_in_a_heap(run: &Run, wave: usize) -> Wave {
    let watch = run.start();
    let began = Instant::now();
    let mut heap = BinaryHeap::new();
    let mut sleepers: Vec<Sleeper> = Vec::new();
    for sleeper in 0..SLEEPERS {
        sleepers.push(Box::pin(async move { black_box(Instant::now()) }));
        heap.push(Reverse((Instant::now() + nap(wave, sleeper), sleeper)));
    }
    let mut wakes = vec![began; SLEEPERS];
    let mut cx = Context::from_waker(Waker::noop());
    while let Some(Reverse((deadline, sleeper))) = heap.pop() {
        let left = deadline.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            thread::sleep(left);
        }
        if let Poll::Ready(woke) = sleepers[sleeper].as_mut().poll(&mut cx) {
            wakes[sleeper] = woke;
        }
    }
    drop(sleepers);
    Wave { cost: watch.read() / SLEEPERS as f64, late: mean_late(began, wave, &wakes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naps_are_random_and_repeatable() {
        let naps: Vec<_> = (0..1_000).map(|sleeper| nap(0, sleeper)).collect();
        assert!(naps.iter().all(|nap| (SHORTEST..LONGEST).contains(nap)));
        let mean = naps.iter().sum::<Duration>() / 1_000;
        assert!(mean > Duration::from_millis(45) && mean < Duration::from_millis(56), "{mean:?}");
        assert_eq!(naps[7], nap(0, 7));
        assert_ne!(naps[7], nap(1, 7));
    }

    #[test]
    fn lateness_is_the_mean_time_after_the_deadlines() {
        let began = Instant::now();
        let wakes = [3_000, 0, 1_000].map(Duration::from_micros);
        let wakes: Vec<_> =
            (0..3).map(|sleeper| began + nap(1, sleeper) + wakes[sleeper]).collect();
        assert!((mean_late(began, 1, &wakes) - 4_000.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_sleeper_that_wakes_early_is_not_late() {
        let began = Instant::now();
        assert_eq!(mean_late(began, 0, &[began]), 0.0);
    }
}
