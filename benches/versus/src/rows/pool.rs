//! The pool under load: jobs that compute, a bounded queue, and the memory of queued jobs.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use crate::peers::{Blocking, Bounded, Narrow, in_task_with_pool};
use crate::row::{Of, Program, Row};
use crate::run::Run;
use crate::work::Latch;

/// The rows of the pool under load.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("computing", "10,000 jobs that compute for 10 µs", pools!(computing))
            .floor(1.0, Of::Best)
            .limit(computing_limit),
        Row::new("pressure", "10,000 empty jobs, 64 at most in the queue", pools!(pressure))
            .floor(1.0, Of::Best)
            .limit(pressure_limit)
            .python(),
        Row::new("queued", "memory of a queued job", pools!(queued))
            .unit("bytes")
            .by(Program::Bytes)
            .only_floor(120.0, Of::Unit)
            .limit(queued_limit),
        Row::new("threads", "threads for 1,000 jobs in a row", pools!(threads))
            .unit("threads")
            .floor(1.0, Of::Best)
            .python(),
    ]
}

const COMPUTING: usize = 10_000;
/// The number of steps of a computation that takes about ten microseconds.
const STEPS: usize = 6000;
const PRESSED: usize = 10_000;
const BOUND: usize = 64;
/// The number of queued jobs, chosen so that every table of a pool is full.
const QUEUED: usize = 1 << 14;
const IN_A_ROW: usize = 1000;

/// Computes in steps. Each step depends on the step before, so that a compiler cannot merge steps.
fn compute(seed: usize) -> usize {
    (0..STEPS).fold(black_box(seed), |state, _| {
        (state ^ state >> 17).wrapping_mul(6_364_136_223_846_793_005)
    })
}

/// Jobs that compute for ten microseconds each. The figure is their cost, including the
/// computation.
pub(super) fn computing<R: Blocking>(run: &Run) -> f64 {
    let run = *run;
    in_task_with_pool::<R, _>(async move {
        black_box(R::job_output::<usize>(R::spawn_blocking(move || compute(1)).await));
        let watch = run.start();
        let jobs: Vec<_> = (0..COMPUTING).map(|n| R::spawn_blocking(move || compute(n))).collect();
        for job in jobs {
            black_box(R::job_output::<usize>(job.await));
        }
        watch.read() / COMPUTING as f64
    })
}

/// The program of the column `limit`: one thread per core. The work is divided among the threads in
/// advance.
pub(super) fn computing_limit(run: &Run) -> f64 {
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get());
    let watch = run.start();
    let shares = (0..threads).map(|first| {
        thread::spawn(move || {
            for n in (first..COMPUTING).step_by(threads) {
                black_box(compute(n));
            }
        })
    });
    for share in shares.collect::<Vec<_>>() {
        let _ = share.join();
    }
    watch.read() / COMPUTING as f64
}

/// One producer that waits for room in a queue, again and again.
pub(super) fn pressure<R: Bounded>(run: &Run) -> f64 {
    let mut laps = run.laps(PRESSED);
    in_task_with_pool::<R, _>(async move {
        let queue = R::queue(BOUND);
        let mut jobs = Vec::with_capacity(PRESSED);
        while laps.more() {
            for n in 0..PRESSED {
                jobs.push(R::submit_when_room(&queue, move || black_box(n)).await);
            }
            for job in jobs.drain(..) {
                black_box(R::job_output::<usize>(job.await));
            }
        }
        laps.figure()
    })
}

/// The program of the column `limit`: two threads and a channel with the same bound.
pub(super) fn pressure_limit(run: &Run) -> f64 {
    type Order = Box<dyn FnOnce() + Send>;
    let mut laps = run.laps(PRESSED);
    let (sender, orders) = mpsc::sync_channel::<Order>(BOUND);
    let worker = thread::spawn(move || orders.iter().for_each(|order| order()));
    while laps.more() {
        for n in 0..PRESSED {
            let _ = sender.send(Box::new(move || _ = black_box(n)));
        }
    }
    drop(sender);
    let _ = worker.join();
    laps.figure()
}

/// Bytes per job that waits because every worker is busy. The job's handle does not count.
pub(super) fn queued<R: Narrow>(run: &Run) -> f64 {
    let live_bytes = run.live_bytes;
    R::block_on_narrow(async move {
        let (gates, blockers) = occupy::<R>().await;
        let mut jobs = Vec::with_capacity(QUEUED);
        let before = live_bytes();
        jobs.extend((0..QUEUED).map(|n| R::spawn_blocking(move || black_box(n))));
        let after = live_bytes();
        drop(gates);
        for job in blockers {
            R::job_output::<()>(job.await);
        }
        for job in jobs {
            black_box(R::job_output::<usize>(job.await));
        }
        (after - before) as f64 / QUEUED as f64
    })
}

/// Blocks every worker at a gate. A gate opens when it is dropped.
pub(super) async fn occupy<R: Narrow>() -> (Vec<mpsc::Sender<()>>, Vec<R::Job<()>>) {
    let begun = Latch::new(R::WORKERS);
    let mut occupied = (Vec::new(), Vec::new());
    for _ in 0..R::WORKERS {
        let (gate, closed) = mpsc::channel::<()>();
        let begun = Arc::clone(&begun);
        occupied.0.push(gate);
        occupied.1.push(R::spawn_blocking(move || {
            begun.count_down();
            let _ = closed.recv();
        }));
    }
    begun.opened().await;
    occupied
}

/// The program of the column `limit`: a boxed closure in a list.
pub(super) fn queued_limit(run: &Run) -> f64 {
    type Order = Box<dyn FnOnce() -> usize + Send>;
    let before = (run.live_bytes)();
    let orders: Vec<Order> = (0..QUEUED).map(|n| Box::new(move || n) as Order).collect();
    let after = (run.live_bytes)();
    black_box(&orders);
    (after - before) as f64 / QUEUED as f64
}

/// The maximum number of threads beside the first one, while jobs are submitted and awaited one at
/// a time. No pool here ends a thread within that time, so every thread is counted.
pub(super) fn threads<R: Blocking>(_run: &Run) -> f64 {
    in_task_with_pool::<R, _>(async move {
        let mut most = 0;
        for n in 0..IN_A_ROW {
            black_box(R::job_output::<usize>(R::spawn_blocking(move || black_box(n)).await));
            most = most.max(threads_now());
        }
        most as f64
    })
}

fn threads_now() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux lists a process's threads");
    threads.count() - 1
}
