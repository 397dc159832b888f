//! The cost of a task, a timer, a queued job and a connection, depending on how many there are.
//!
//! In cold memory a process has one wave of units. In warm memory, waves follow one another.

use std::hint::black_box;
use std::time::Duration;

use crate::peers::{Narrow, Runtime, Timers, in_task};
use crate::row::{Rounds, Row};
use crate::rows::pool::occupy;
use crate::rows::sockets::{connect, tcp};
use crate::run::Run;
use crate::scale::{Kind, Memory, Scale};
use crate::work::{random, yield_now};

/// Lists a row for each size.
macro_rules! sizes {
    ($kind:ident, $memory:ident, $key:literal, $work:ident, $sizes:tt, $peers:tt) => {
        sizes!(@ $kind, $memory, $key, $work, $peers, $sizes)
    };
    (@ $kind:ident, $memory:ident, $key:literal, $work:ident, $peers:tt, [$($size:literal),+]) => {
        [$(
            Row::new(
                concat!("scale-", $key, "-", $size),
                concat!($key, ", ", $size),
                each!($work, $size: $peers),
            )
            .rounds(Rounds::FirstThree)
            .scale(Scale { kind: Kind::$kind, memory: Memory::$memory, size: $size })
        ),+]
    };
}

/// The rows of scale.
pub(super) fn rows() -> Vec<Row> {
    [
        sizes!(
            Tasks,
            Cold,
            "tasks-cold",
            cold_tasks,
            [1_000, 10_000, 100_000, 1_000_000],
            (Aside, Tokio, Smol, Monoio, Futures)
        ),
        sizes!(
            Tasks,
            Warm,
            "tasks-warm",
            warm_tasks,
            [1_000, 10_000, 100_000, 1_000_000],
            (Aside, Tokio, Smol, Monoio, Futures)
        ),
        sizes!(
            Timers,
            Cold,
            "timers-cold",
            cold_timers,
            [1_000, 10_000, 100_000, 1_000_000],
            (Aside, Tokio, Smol, Monoio)
        ),
        sizes!(
            Timers,
            Warm,
            "timers-warm",
            warm_timers,
            [1_000, 10_000, 100_000, 1_000_000],
            (Aside, Tokio, Smol, Monoio)
        ),
        sizes!(
            Jobs,
            Cold,
            "jobs-cold",
            cold_jobs,
            [1_000, 10_000, 100_000, 1_000_000],
            (Aside, Tokio, Smol, Monoio, Futures)
        ),
        sizes!(
            Jobs,
            Warm,
            "jobs-warm",
            warm_jobs,
            [1_000, 10_000, 100_000, 1_000_000],
            (Aside, Tokio, Smol, Monoio, Futures)
        ),
        // Many systems permit 20,000 descriptors, and a process needs a few for other purposes.
        sizes!(
            Sockets,
            Cold,
            "sockets-cold",
            connect,
            [100, 1_000, 10_000, 19_900],
            (Aside, Tokio, Smol, Monoio)
        ),
        sizes!(
            Sockets,
            Warm,
            "sockets-warm",
            tcp,
            [100, 1_000, 10_000, 19_900],
            (Aside, Tokio, Smol, Monoio)
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Tasks that are spawned together and yield once, in the first wave of the process.
fn cold_tasks<R: Runtime, const SIZE: usize>(run: &Run) -> f64 {
    let run = *run;
    in_task::<R, _>(async move {
        let watch = run.start();
        run_tasks::<R>(SIZE).await;
        watch.read() / SIZE as f64
    })
}

/// Tasks that are spawned together and yield once, in one wave after another.
fn warm_tasks<R: Runtime, const SIZE: usize>(run: &Run) -> f64 {
    let mut laps = run.laps(SIZE);
    in_task::<R, _>(async move {
        while laps.more() {
            run_tasks::<R>(SIZE).await;
        }
        laps.figure()
    })
}

async fn run_tasks<R: Runtime>(size: usize) {
    let spawn = |n| {
        R::spawn(async move {
            yield_now().await;
            black_box(n)
        })
    };
    let tasks: Vec<_> = (0..size).map(spawn).collect();
    for task in tasks {
        black_box(R::output::<usize>(task.await));
    }
}

/// Timers that are set together and all fire, in the first wave of the process.
fn cold_timers<R: Timers, const SIZE: usize>(run: &Run) -> f64 {
    let run = *run;
    R::block_on(async move {
        let watch = run.start();
        run_timers::<R>(0, SIZE).await;
        watch.read() / SIZE as f64
    })
}

/// Timers that are set together and all fire, in one wave after another.
fn warm_timers<R: Timers, const SIZE: usize>(run: &Run) -> f64 {
    let mut laps = run.laps(SIZE);
    R::block_on(async move {
        let mut wave = 0;
        while laps.more() {
            run_timers::<R>(wave, SIZE).await;
            wave += 1;
        }
        laps.figure()
    })
}

/// One timer expires in each microsecond, in the mean, at all sizes.
async fn run_timers<R: Timers>(wave: usize, size: usize) {
    let duration = |timer: usize| {
        let place = random((wave * size + timer) as u64) % size as u64;
        Duration::from_millis(1) + Duration::from_micros(place)
    };
    let sleep = |timer| R::spawn_sleep(duration(timer), move || black_box(timer));
    let timers: Vec<_> = (0..size).map(sleep).collect();
    for timer in timers {
        black_box(R::output::<usize>(timer.await));
    }
}

/// Jobs that are all queued before the first of them runs, in the first wave of the process.
fn cold_jobs<R: Narrow, const SIZE: usize>(run: &Run) -> f64 {
    let run = *run;
    R::block_on_narrow(async move {
        let watch = run.start();
        run_jobs::<R>(SIZE).await;
        watch.read() / SIZE as f64
    })
}

/// Jobs that are all queued before the first of them runs, in one wave after another.
fn warm_jobs<R: Narrow, const SIZE: usize>(run: &Run) -> f64 {
    let mut laps = run.laps(SIZE);
    R::block_on_narrow(async move {
        while laps.more() {
            run_jobs::<R>(SIZE).await;
        }
        laps.figure()
    })
}

async fn run_jobs<R: Narrow>(size: usize) {
    let (gates, blockers) = occupy::<R>().await;
    let jobs: Vec<_> = (0..size).map(|n| R::spawn_blocking(move || black_box(n))).collect();
    drop(gates);
    for blocker in blockers {
        R::job_output::<()>(blocker.await);
    }
    for job in jobs {
        black_box(R::job_output::<usize>(job.await));
    }
}
