//! Creating a runtime that runs nothing.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::peers::{Make, Peer};
use crate::row::{Of, Row};
use crate::rows::yields::Flag;
use crate::run::Run;

/// The row of a runtime that runs nothing.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("make", "make a runtime, run nothing, drop it", runtimes!(and_drop))
            .floor(0.10, Of::BestOf(Peer::TOKIO))
            .limit(limit)
            .python(),
    ]
}

const LAP: usize = 100;

/// Creates a runtime, runs nothing, and drops the runtime.
pub(super) fn and_drop<R: Make>(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    while laps.more() {
        (0..LAP).for_each(|_| R::make_and_drop());
    }
    laps.figure()
}

/// The program of the column `limit`: it creates a queue and a waker, and polls once.
pub(super) fn limit(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    while laps.more() {
        for _ in 0..LAP {
            let queue = black_box(Rc::new(RefCell::new(VecDeque::from([0_usize]))));
            let waker = Waker::from(Arc::new(Flag::default()));
            let main = std::pin::pin!(async {});
            black_box(main.poll(&mut Context::from_waker(&waker)).is_ready());
            black_box(queue.borrow_mut().pop_front());
        }
    }
    laps.figure()
}
