//! Timers that never fire, and a ticker beside a busy task.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::peers::Timers;
use crate::row::{Of, Row};
use crate::run::Run;
use crate::work::{poll_once, yield_now};

/// The rows of timers that do not fire, and of a ticker.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("timers", "timer set, polled, dropped; 10,000 alive", with_timers!(set_and_drop))
            .floor(0.80, Of::Best)
            .limit(set_and_drop_limit)
            .python(),
        Row::new(
            "lateness",
            "longest delay of a 5 ms ticker beside results that are there",
            with_timers!(lateness),
        )
        .unit("µs"),
    ]
}

const ALIVE: usize = 10_000;
const LAP: usize = 1_000;

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
