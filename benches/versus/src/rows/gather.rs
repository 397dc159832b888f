//! Many futures in one task. All combinators run in the same bare loop, so that the figure is the
//! cost of the combinator.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use futures_concurrency::future::Join;

use crate::peers::Peer;
use crate::row::{Of, Row, Work};
use crate::rows::yields::Flag;
use crate::run::Run;
use crate::work::yield_now;

/// Lists a function for all combinators.
macro_rules! gatherers {
    ($work:ident) => {
        vec![
            (Peer::Aside, Work::Call($work::<Ours>)),
            (Peer::JoinAll, Work::Call($work::<JoinAll>)),
            (Peer::Futures, Work::Call($work::<Unordered>)),
            (Peer::FuturesConcurrency, Work::Call($work::<Concurrency>)),
        ]
    };
}

/// The rows of many futures in one task.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("gather-yields", "gather 10,000 of 10 yields", gatherers!(yields))
            .floor(0.95, Of::Best)
            .limit(yields_limit)
            .python(),
        Row::new("gather-one", "gather 10,000, one woken at a time", gatherers!(one_woken))
            .floor(0.95, Of::Best)
            .limit(one_woken_limit),
        Row::new("gather-growth", "gather 10,000 over gather 100, one woken", gatherers!(growth))
            .unit("times")
            .floor(3.0, Of::Unit),
    ]
}

const CHILDREN: usize = 10_000;
const YIELDS_EACH: usize = 10;
const WAKES: usize = 1_000;

/// Implemented by each combinator: a way to await many futures at once.
pub(super) trait Gatherer {
    /// Awaits all futures.
    fn all<F: Future>(children: Vec<F>) -> impl Future<Output = usize>;
}

/// aside's `gather`.
#[derive(Debug)]
pub(super) struct Ours;

/// `join_all` of `futures`.
#[derive(Debug)]
pub(super) struct JoinAll;

/// `FuturesUnordered` of `futures`, drained.
#[derive(Debug)]
pub(super) struct Unordered;

/// `Vec::join` of `futures-concurrency`.
#[derive(Debug)]
pub(super) struct Concurrency;

impl Gatherer for Ours {
    async fn all<F: Future>(children: Vec<F>) -> usize {
        aside::gather(children).await.len()
    }
}

impl Gatherer for JoinAll {
    async fn all<F: Future>(children: Vec<F>) -> usize {
        futures::future::join_all(children).await.len()
    }
}

impl Gatherer for Unordered {
    async fn all<F: Future>(children: Vec<F>) -> usize {
        let mut children: FuturesUnordered<F> = children.into_iter().collect();
        let mut ended = 0;
        while children.next().await.is_some() {
            ended += 1;
        }
        ended
    }
}

impl Gatherer for Concurrency {
    async fn all<F: Future>(children: Vec<F>) -> usize {
        children.join().await.len()
    }
}

/// Polls `future` whenever it is woken. While it is not woken, calls `idle`, which wakes a child.
fn drive(future: impl Future<Output = usize>, mut idle: impl FnMut() -> ControlFlow<()>) {
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(count) = future.as_mut().poll(&mut cx) {
            black_box(count);
            return;
        }
        while !flag.take() {
            if idle().is_break() {
                return;
            }
        }
    }
}

/// Ten thousand children that yield ten times each.
pub(super) fn yields<G: Gatherer>(run: &Run) -> f64 {
    let mut laps = run.laps(CHILDREN * YIELDS_EACH);
    while laps.more() {
        let children = (0..CHILDREN).map(yield_ten_times).collect();
        drive(G::all(children), || unreachable!("who yields is woken"));
    }
    laps.figure()
}

async fn yield_ten_times(child: usize) -> usize {
    for _ in 0..YIELDS_EACH {
        yield_now().await;
    }
    child
}

/// The program of the column `limit`, for the row of `yields`: the same futures in a vector, polled
/// in turn.
pub(super) fn yields_limit(run: &Run) -> f64 {
    let mut laps = run.laps(CHILDREN * YIELDS_EACH);
    let waker = Waker::from(Arc::new(Flag::default()));
    let mut cx = Context::from_waker(&waker);
    while laps.more() {
        let mut children: Vec<_> =
            (0..CHILDREN).map(|child| Box::pin(yield_ten_times(child))).collect();
        for _ in 0..=YIELDS_EACH {
            for child in &mut children {
                black_box(child.as_mut().poll(&mut cx).is_ready());
            }
        }
    }
    laps.figure()
}

/// The future that a child awaits again and again.
#[derive(Default)]
struct Gate {
    open: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.open.set(true);
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for &Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.open.replace(false) {
            return Poll::Ready(());
        }
        *self.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

async fn pass_for_ever(gate: Rc<Gate>) {
    loop {
        (&*gate).await;
        black_box(&gate);
    }
}

/// Returns the gate that opens next. A round opens each gate once, and consecutive gates are far
/// apart.
fn next_gate(gate: usize, gates: usize) -> usize {
    (gate + 7_919) % gates
}

/// Ten thousand children, of which one at a time is woken.
pub(super) fn one_woken<G: Gatherer>(run: &Run) -> f64 {
    one_woken_of::<G>(run, CHILDREN)
}

/// The cost of a wake among ten thousand children, as a multiple of the cost among a hundred.
pub(super) fn growth<G: Gatherer>(run: &Run) -> f64 {
    let half = Run { budget: run.budget.div_f64(2.0).max(Duration::from_millis(1)), ..*run };
    let among_few = one_woken_of::<G>(&half, CHILDREN / 100);
    one_woken_of::<G>(&half, CHILDREN) / among_few
}

fn one_woken_of<G: Gatherer>(run: &Run, children: usize) -> f64 {
    let gates: Vec<Rc<Gate>> = (0..children).map(|_| Rc::default()).collect();
    let group = G::all(gates.iter().map(Rc::clone).map(pass_for_ever).collect());
    let mut laps = run.laps(WAKES);
    let (mut gate, mut left) = (0, 0);
    drive(group, || {
        if left == 0 {
            if !laps.more() {
                return ControlFlow::Break(());
            }
            left = WAKES;
        }
        left -= 1;
        gate = next_gate(gate, children);
        gates[gate].open();
        ControlFlow::Continue(())
    });
    laps.figure()
}

/// The program of the column `limit`, for the row of `one_woken`: it polls the woken child
/// directly.
pub(super) fn one_woken_limit(run: &Run) -> f64 {
    let gates: Vec<Rc<Gate>> = (0..CHILDREN).map(|_| Rc::default()).collect();
    let mut children: Vec<_> =
        gates.iter().map(Rc::clone).map(pass_for_ever).map(Box::pin).collect();
    let waker = Waker::from(Arc::new(Flag::default()));
    let mut cx = Context::from_waker(&waker);
    let mut laps = run.laps(WAKES);
    let mut gate = 0;
    while laps.more() {
        for _ in 0..WAKES {
            gate = next_gate(gate, CHILDREN);
            gates[gate].open();
            black_box(children[gate].as_mut().poll(&mut cx).is_pending());
        }
    }
    laps.figure()
}
