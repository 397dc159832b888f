//! Spawning tasks that have nothing to do, and awaiting them.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::peers::{Runtime, in_task};
use crate::row::{Of, Row};
use crate::run::{Laps, Run};

/// The rows of spawned tasks that have nothing to do.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("spawn-task", "spawn and await, one by one, in a task", runtimes!(in_a_task))
            .floor(0.45, Of::Best)
            .limit(one_by_one_limit)
            .python(),
        Row::new(
            "spawn-main",
            "spawn and await, one by one, in the main future",
            runtimes!(in_main),
        )
        .floor(0.45, Of::Best)
        .limit(one_by_one_limit),
        Row::new("spawn-many", "spawn 100,000, then await all", runtimes!(many))
            .floor(0.70, Of::Best)
            .limit(many_limit)
            .python(),
        Row::new(
            "spawn-again",
            "spawn 100,000, then await all, in warm memory",
            runtimes!(many_again),
        )
        .limit(many_again_limit),
    ]
}

const LAP: usize = 1_000;
const MANY: usize = 100_000;

/// Spawns and awaits tasks one by one, from a task.
pub(super) fn in_a_task<R: Runtime>(run: &Run) -> f64 {
    in_task::<R, _>(one_by_one::<R>(run.laps(LAP)))
}

/// Spawns and awaits tasks one by one, from the future given to `block_on`.
pub(super) fn in_main<R: Runtime>(run: &Run) -> f64 {
    R::block_on(one_by_one::<R>(run.laps(LAP)))
}

async fn one_by_one<R: Runtime>(mut laps: Laps) -> f64 {
    while laps.more() {
        for n in 0..LAP {
            let task = R::spawn(async move { black_box(n) });
            black_box(R::output::<usize>(task.await));
        }
    }
    laps.figure()
}

/// Spawns a hundred thousand tasks, then awaits them all. This is repeated, so the memory is
/// already allocated.
pub(super) fn many_again<R: Runtime>(run: &Run) -> f64 {
    let mut laps = run.laps(MANY);
    in_task::<R, _>(async move {
        let mut tasks = Vec::with_capacity(MANY);
        while laps.more() {
            spawn_and_await::<R>(&mut tasks, MANY).await;
        }
        laps.figure()
    })
}

/// Spawns a hundred thousand tasks, then awaits them all, once. The process has to get the memory
/// from the system.
pub(super) fn many<R: Runtime>(run: &Run) -> f64 {
    let run = *run;
    in_task::<R, _>(async move {
        let mut tasks = Vec::with_capacity(MANY);
        spawn_and_await::<R>(&mut tasks, MANY / 100).await;
        let watch = run.start();
        spawn_and_await::<R>(&mut tasks, MANY).await;
        watch.read() / MANY as f64
    })
}

async fn spawn_and_await<R: Runtime>(tasks: &mut Vec<R::Handle<usize>>, count: usize) {
    tasks.extend((0..count).map(|n| R::spawn(async move { black_box(n) })));
    for task in tasks.drain(..) {
        black_box(R::output::<usize>(task.await));
    }
}

type Task = Pin<Box<dyn Future<Output = usize>>>;

fn poll_to_end(mut task: Task) {
    let mut cx = Context::from_waker(Waker::noop());
    if let Poll::Ready(n) = task.as_mut().poll(&mut cx) {
        black_box(n);
    }
}

/// The program of the column `limit`: it boxes a future, polls it, and frees it.
pub(super) fn one_by_one_limit(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    while laps.more() {
        for n in 0..LAP {
            poll_to_end(black_box(Box::pin(async move { black_box(n) })));
        }
    }
    laps.figure()
}

/// The program of the column `limit`: it boxes a hundred thousand futures, then polls and frees
/// each. This is repeated.
pub(super) fn many_again_limit(run: &Run) -> f64 {
    let mut laps = run.laps(MANY);
    let mut tasks = Vec::with_capacity(MANY);
    while laps.more() {
        box_and_poll(&mut tasks, MANY);
    }
    laps.figure()
}

/// The program of the column `limit`: it boxes a hundred thousand futures, then polls and frees
/// each of them. The program does this only once.
pub(super) fn many_limit(run: &Run) -> f64 {
    let mut tasks = Vec::with_capacity(MANY);
    box_and_poll(&mut tasks, MANY / 100);
    let watch = run.start();
    box_and_poll(&mut tasks, MANY);
    watch.read() / MANY as f64
}

fn box_and_poll(tasks: &mut Vec<Task>, count: usize) {
    tasks.extend((0..count).map(|n| Box::pin(async move { black_box(n) }) as Task));
    tasks.drain(..).for_each(poll_to_end);
}
