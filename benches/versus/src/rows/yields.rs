//! Yielding, and the order of polls.

use std::cell::Cell;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::peers::{Peer, Runtime, in_task};
use crate::row::{Of, Row};
use crate::run::{Laps, Run};
use crate::work::yield_now;

/// The rows of tasks that yield.
pub(super) fn rows() -> Vec<Row> {
    const UNFAIR: &[Peer] = &[Peer::Monoio, Peer::MonoioUring];
    vec![
        Row::new("yield-task", "yield: one task", runtimes!(one_task))
            .floor(0.65, Of::Best)
            .limit(one_limit)
            .python(),
        Row::new("yield-main", "yield: main future", runtimes!(main))
            .floor(0.65, Of::BestBut(&[Peer::Futures]))
            .limit(one_limit),
        Row::new("yield-thousand", "yield: 1,000 tasks", runtimes!(thousand))
            .floor(0.75, Of::BestBut(UNFAIR))
            .limit(thousand_limit)
            .python(),
        Row::new("fairness", "polls of one of 1,000 in a row", runtimes!(polls_in_a_row))
            .unit("polls")
            .floor(1.0, Of::Unit),
    ]
}

const LAP: usize = 10_000;
const TASKS: usize = 1_000;
const YIELDS_EACH: usize = 500;

/// One task yields, and no other task runs.
pub(super) fn one_task<R: Runtime>(run: &Run) -> f64 {
    in_task::<R, _>(again_and_again(run.laps(LAP)))
}

/// The future given to `block_on` yields.
pub(super) fn main<R: Runtime>(run: &Run) -> f64 {
    R::block_on(again_and_again(run.laps(LAP)))
}

async fn again_and_again(mut laps: Laps) -> f64 {
    while laps.more() {
        for _ in 0..LAP {
            yield_now().await;
        }
    }
    laps.figure()
}

/// A thousand tasks yield.
pub(super) fn thousand<R: Runtime>(run: &Run) -> f64 {
    let mut laps = run.laps(TASKS * YIELDS_EACH);
    in_task::<R, _>(async move {
        while laps.more() {
            let tasks: Vec<_> = (0..TASKS).map(|_| R::spawn(yield_often(YIELDS_EACH))).collect();
            for task in tasks {
                R::output::<()>(task.await);
            }
        }
        laps.figure()
    })
}

async fn yield_often(times: usize) {
    for turn in 0..times {
        black_box(turn);
        yield_now().await;
    }
}

thread_local! {
    /// Three numbers: the task polled last, the number of its polls in a row, and the maximum
    /// number of polls in a row of any task.
    static IN_A_ROW: Cell<(usize, usize, usize)> = const { Cell::new((usize::MAX, 0, 0)) };
    /// True once a task has ended. After that, polls are not counted, because the last task has no
    /// others with which it could take turns.
    static OVER: Cell<bool> = const { Cell::new(false) };
}

/// The maximum number of polls of one task in a row while a thousand tasks are ready.
pub(super) fn polls_in_a_row<R: Runtime>(_run: &Run) -> f64 {
    in_task::<R, _>(async move {
        let tasks: Vec<_> = (0..TASKS).map(|id| R::spawn(note_polls(id))).collect();
        for task in tasks {
            R::output::<()>(task.await);
        }
        IN_A_ROW.get().2 as f64
    })
}

async fn note_polls(id: usize) {
    for _ in 0..1_000 {
        if !OVER.get() {
            let (last, count, most) = IN_A_ROW.get();
            let count = if last == id { count + 1 } else { 1 };
            IN_A_ROW.set((id, count, most.max(count)));
        }
        yield_now().await;
    }
    OVER.set(true);
}

/// A waker that sets a flag.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    /// Returns true if the waker was woken since the last call.
    pub(super) fn take(&self) -> bool {
        // ORDERING: Relaxed. One thread sets and reads the flag.
        let woken = self.0.load(Ordering::Relaxed);
        self.0.store(false, Ordering::Relaxed);
        woken
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // ORDERING: Relaxed, as in `take`.
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The program of the column `limit`: a loop that polls one future as long as the future sets its
/// flag.
pub(super) fn one_limit(run: &Run) -> f64 {
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    let mut cx = Context::from_waker(&waker);
    let mut future: Pin<Box<dyn Future<Output = f64>>> = Box::pin(again_and_again(run.laps(LAP)));
    loop {
        if let Poll::Ready(figure) = black_box(&mut future).as_mut().poll(&mut cx) {
            return figure;
        }
        assert!(flag.take(), "who yields is woken");
    }
}

/// The program of the column `limit`: a loop over a thousand boxed futures, each with a flag.
pub(super) fn thousand_limit(run: &Run) -> f64 {
    let mut laps = run.laps(TASKS * YIELDS_EACH);
    let flags: Vec<_> = (0..TASKS).map(|_| Arc::new(Flag::default())).collect();
    let wakers: Vec<_> = flags.iter().map(|flag| Waker::from(Arc::clone(flag))).collect();
    while laps.more() {
        let mut tasks: Vec<_> = (0..TASKS).map(|_| Box::pin(yield_often(YIELDS_EACH))).collect();
        for _ in 0..=YIELDS_EACH {
            for (task, (waker, flag)) in tasks.iter_mut().zip(wakers.iter().zip(&flags)) {
                let task: Pin<&mut dyn Future<Output = ()>> = black_box(task.as_mut());
                if pin!(task).poll(&mut Context::from_waker(waker)).is_pending() {
                    assert!(flag.take(), "who yields is woken");
                }
            }
        }
    }
    laps.figure()
}
