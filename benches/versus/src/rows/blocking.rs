//! Blocking calls on the pool.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use runtime_core::sync::Mutex;

use crate::peers::{Aside, Blocking, Peer, Runtime, Submit, in_task_with_pool};
use crate::row::{Of, Rounds, Row, Work};
use crate::rows::remote::round_trip_limit;
use crate::run::Run;
use crate::work::{Helper, Latch};

/// The pools that have a fixed number of threads.
const FIXED: &[Peer] = &[Peer::Monoio, Peer::MonoioUring, Peer::Futures, Peer::Safina];

/// The rows of blocking calls.
pub(super) fn rows() -> Vec<Row> {
    let with_spin = vec![(Peer::Aside, Work::Call(call_with_spin))];
    vec![
        Row::new("blocking-one", "blocking call, round trip, one core", pools!(call))
            .on_one_core()
            .floor(1.0, Of::Best)
            .limit(round_trip_limit)
            .python(),
        Row::new("blocking-two", "blocking call, round trip, two cores", pools!(call))
            .wall()
            .rounds(Rounds::Twenty)
            .limit(round_trip_limit)
            .python(),
        Row::new("blocking-two-cpu", "the same, in processor time", pools!(call))
            .limit(round_trip_limit),
        Row::new("call-spin", "the same by the wall clock, with a spin of 50 µs", with_spin).wall(),
        Row::new("burst", "100,000 empty jobs", pools!(burst))
            .floor(1.2, Of::BestOf(FIXED))
            .limit(burst_limit),
        Row::new("sleepers", "256 jobs that sleep 10 ms", pools!(sleepers))
            .wall()
            .limit(sleepers_limit),
        Row::new(
            "submitters",
            "8 threads submit 10,000 jobs each",
            each!(submitters: Aside, Tokio, Smol, Futures, Safina),
        )
        .floor(1.0, Of::Best)
        .limit(submitters_limit),
    ]
}

const LAP: usize = 100;
const SPIN: Duration = Duration::from_micros(50);
const BURST: usize = 100_000;
const SLEEPERS: usize = 256;
const SLEEP: Duration = Duration::from_millis(10);
const SUBMITTERS: usize = 8;
const SUBMITTED_EACH: usize = 10_000;

/// Makes one call at a time.
pub(super) fn call<R: Blocking>(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    in_task_with_pool::<R, _>(async move {
        while laps.more() {
            for n in 0..LAP {
                let job = R::spawn_blocking(move || black_box(n));
                black_box(R::job_output::<usize>(job.await));
            }
        }
        laps.figure()
    })
}

/// Makes one call at a time, on a runtime whose threads spin before they park.
pub(super) fn call_with_spin(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    let runtime = aside::Runtime::builder().spin_before_park(SPIN).build();
    runtime.block_on(async {
        let calls = aside::spawn(async move {
            while laps.more() {
                for n in 0..LAP {
                    let job = Aside::spawn_blocking(move || black_box(n));
                    black_box(Aside::job_output::<usize>(job.await));
                }
            }
            laps.figure()
        });
        Aside::output::<f64>(calls.await)
    })
}

/// Submits a hundred thousand jobs, then awaits them all.
pub(super) fn burst<R: Blocking>(run: &Run) -> f64 {
    let run = *run;
    in_task_with_pool::<R, _>(async move {
        await_jobs::<R>((0..1).map(|n| R::spawn_blocking(move || black_box(n)))).await;
        let watch = run.start();
        await_jobs::<R>((0..BURST).map(|n| R::spawn_blocking(move || black_box(n)))).await;
        watch.read() / BURST as f64
    })
}

/// Jobs that sleep. The figure is the nanoseconds until all have slept.
pub(super) fn sleepers<R: Blocking>(run: &Run) -> f64 {
    let run = *run;
    in_task_with_pool::<R, _>(async move {
        await_jobs::<R>((0..1).map(|n| R::spawn_blocking(move || black_box(n)))).await;
        let watch = run.start();
        let sleep = |n| {
            R::spawn_blocking(move || {
                thread::sleep(SLEEP);
                black_box(n)
            })
        };
        await_jobs::<R>((0..SLEEPERS).map(sleep)).await;
        watch.read()
    })
}

async fn await_jobs<R: Blocking>(jobs: impl Iterator<Item = R::Job<usize>>) {
    let jobs: Vec<_> = jobs.collect();
    for job in jobs {
        black_box(R::job_output::<usize>(job.await));
    }
}

/// Eight threads submit ten thousand jobs each. Each job counts down a latch.
pub(super) fn submitters<R: Submit>(run: &Run) -> f64 {
    let run = *run;
    in_task_with_pool::<R, _>(async move {
        await_jobs::<R>((0..1).map(|n| R::spawn_blocking(move || black_box(n)))).await;
        let watch = run.start();
        let latch = Latch::new(SUBMITTERS * SUBMITTED_EACH);
        for _ in 0..SUBMITTERS {
            let (submitter, latch) = (R::submitter(), Arc::clone(&latch));
            thread::spawn(move || {
                for _ in 0..SUBMITTED_EACH {
                    let latch = Arc::clone(&latch);
                    R::submit(&submitter, move || latch.count_down());
                }
            });
        }
        latch.opened().await;
        watch.read() / (SUBMITTERS * SUBMITTED_EACH) as f64
    })
}

/// The program of the column `limit`: one thread takes boxed closures out of a locked queue.
pub(super) fn burst_limit(run: &Run) -> f64 {
    let helper = Helper::start();
    let results = Arc::new(Mutex::new(VecDeque::with_capacity(BURST)));
    let caller = thread::current();
    let watch = run.start();
    for n in 0..BURST {
        let (results, caller) = (Arc::clone(&results), caller.clone());
        helper.send(move || {
            results.lock().push_back(black_box(n));
            if n + 1 == BURST {
                caller.unpark();
            }
        });
    }
    while results.lock().len() < BURST {
        thread::park();
    }
    watch.read() / BURST as f64
}

/// The program of the column `limit`: one thread for each sleeper.
pub(super) fn sleepers_limit(run: &Run) -> f64 {
    let watch = run.start();
    let threads: Vec<_> = (0..SLEEPERS).map(|_| thread::spawn(|| thread::sleep(SLEEP))).collect();
    for thread in threads {
        let _ = thread.join();
    }
    watch.read()
}

/// The program of the column `limit`: eight threads send boxed closures to one thread.
pub(super) fn submitters_limit(run: &Run) -> f64 {
    let helper = Arc::new(Helper::start());
    let watch = run.start();
    let threads = (0..SUBMITTERS).map(|_| {
        let helper = Arc::clone(&helper);
        thread::spawn(move || {
            for n in 0..SUBMITTED_EACH {
                helper.send(move || _ = black_box(n));
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        let _ = thread.join();
    }
    let caller = thread::current();
    helper.send(move || caller.unpark());
    thread::park();
    watch.read() / (SUBMITTERS * SUBMITTED_EACH) as f64
}
