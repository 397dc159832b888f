//! Spawning tasks that have nothing to do, and awaiting them.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::peers::{Runtime, in_task};
use crate::run::{Laps, Run};

const LAP: usize = 1_000;
const MANY: usize = 100_000;

/// One by one, from a task.
pub(super) fn in_a_task<R: Runtime>(run: &Run) -> f64 {
    in_task::<R, _>(one_by_one::<R>(run.laps(LAP)))
}

/// One by one, from the future given to `block_on`.
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

/// A hundred thousand, then awaits them all.
pub(super) fn many<R: Runtime>(run: &Run) -> f64 {
    let mut laps = run.laps(MANY);
    in_task::<R, _>(async move {
        let mut tasks = Vec::with_capacity(MANY);
        while laps.more() {
            tasks.extend((0..MANY).map(|n| R::spawn(async move { black_box(n) })));
            for task in tasks.drain(..) {
                black_box(R::output::<usize>(task.await));
            }
        }
        laps.figure()
    })
}

type Task = Pin<Box<dyn Future<Output = usize>>>;

fn poll_to_end(mut task: Task) {
    let mut cx = Context::from_waker(Waker::noop());
    if let Poll::Ready(n) = task.as_mut().poll(&mut cx) {
        black_box(n);
    }
}

/// Box a future, poll it, free it.
pub(super) fn one_by_one_limit(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    while laps.more() {
        for n in 0..LAP {
            poll_to_end(black_box(Box::pin(async move { black_box(n) })));
        }
    }
    laps.figure()
}

/// Box a hundred thousand futures; then poll and free each.
pub(super) fn many_limit(run: &Run) -> f64 {
    let mut laps = run.laps(MANY);
    let mut tasks: Vec<Task> = Vec::with_capacity(MANY);
    while laps.more() {
        tasks.extend((0..MANY).map(|n| Box::pin(async move { black_box(n) }) as Task));
        tasks.drain(..).for_each(poll_to_end);
    }
    laps.figure()
}
