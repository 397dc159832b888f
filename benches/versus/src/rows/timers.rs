//! Sleeping, and setting timers that never fire.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::Timers;
use crate::run::Run;
use crate::work::{poll_once, yield_now};

const SLEEPERS: usize = 100_000;
const ALIVE: usize = 10_000;
const LAP: usize = 1_000;

fn nap(sleeper: usize) -> Duration {
    Duration::from_millis((sleeper * 7_919 % 100 + 1) as u64)
}

/// A hundred thousand tasks that sleep for 1 to 100 ms.
pub(super) fn sleeps<R: Timers>(run: &Run) -> f64 {
    let run = *run;
    R::block_on(async move {
        sleep_all::<R>(SLEEPERS / 100).await;
        let watch = run.start();
        sleep_all::<R>(SLEEPERS).await;
        watch.read() / SLEEPERS as f64
    })
}

async fn sleep_all<R: Timers>(count: usize) {
    let sleepers: Vec<_> = (0..count).map(|sleeper| R::spawn_sleep(nap(sleeper))).collect();
    for sleeper in sleepers {
        R::output::<()>(sleeper.await);
    }
}

/// The program of the column `limit`: a heap of deadlines. The thread sleeps until the earliest
/// deadline, and polls the boxed future that belongs to it.
pub(super) fn sleeps_limit(run: &Run) -> f64 {
    let mut heap = BinaryHeap::new();
    let mut tasks: Vec<Pin<Box<dyn Future<Output = usize>>>> = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    let watch = run.start();
    for sleeper in 0..SLEEPERS {
        tasks.push(Box::pin(async move { black_box(sleeper) }));
        heap.push(Reverse((Instant::now() + nap(sleeper), sleeper)));
    }
    while let Some(Reverse((deadline, sleeper))) = heap.pop() {
        let left = deadline.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            thread::sleep(left);
        }
        black_box(tasks[sleeper].as_mut().poll(&mut cx).is_ready());
    }
    drop(tasks);
    watch.read() / SLEEPERS as f64
}

/// The duration of a timer that never fires, such as the timeout of a call that succeeds.
fn far(timer: usize) -> Duration {
    Duration::from_millis(60_000 + (timer * 7_919 % ALIVE) as u64)
}

/// Timers that are set, polled once and dropped, while ten thousand others are alive.
pub(super) fn set_and_drop<R: Timers>(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    R::block_on(async move {
        let mut alive: Vec<_> = (0..ALIVE).map(|timer| Box::pin(R::sleep(far(timer)))).collect();
        for sleep in &mut alive {
            assert!(poll_once(sleep.as_mut()).await.is_none());
        }
        while laps.more() {
            for timer in 0..LAP {
                black_box(poll_once(R::sleep(far(timer * 31))).await.is_none());
            }
        }
        laps.figure()
    })
}

/// The program of the column `limit`: a timing wheel, which has a list for each millisecond. A
/// timer is pushed to its list and popped.
pub(super) fn set_and_drop_limit(run: &Run) -> f64 {
    let mut wheel: Vec<Vec<(Instant, Waker)>> = (0..ALIVE).map(|_| Vec::new()).collect();
    let began = Instant::now();
    let set = |timer: usize, wheel: &mut Vec<Vec<(Instant, Waker)>>| {
        let deadline = Instant::now() + far(timer);
        let bucket = (deadline - began).as_millis() as usize % ALIVE;
        wheel[bucket].push((deadline, Waker::noop().clone()));
        bucket
    };
    for timer in 0..ALIVE {
        set(timer, &mut wheel);
    }
    let mut laps = run.laps(LAP);
    while laps.more() {
        for timer in 0..LAP {
            let bucket = set(timer * 31, &mut wheel);
            black_box(wheel[bucket].pop());
        }
    }
    laps.figure()
}

const TICKS: usize = 50;
const PERIOD: Duration = Duration::from_millis(5);
const RESULTS: usize = 10_000;

/// The longest time for which a ticker is late, beside a task that awaits results that are there.
pub(super) fn lateness<R: Timers>(_run: &Run) -> f64 {
    let over = Arc::new(AtomicBool::new(false));
    R::block_on(async move {
        let end = Arc::clone(&over);
        let busy = R::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let results: Vec<_> = (0..RESULTS).map(|_| R::spawn(async {})).collect();
                yield_now().await;
                for result in results {
                    R::output::<()>(result.await);
                }
            }
        });
        let mut longest = Duration::ZERO;
        for _ in 0..TICKS {
            let due = Instant::now() + PERIOD;
            R::sleep(PERIOD).await;
            longest = longest.max(Instant::now().saturating_duration_since(due));
        }
        end.store(true, Ordering::Relaxed);
        R::output::<()>(busy.await);
        longest.as_secs_f64() * 1e6
    })
}
