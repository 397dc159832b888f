//! Driving one future to its end by turns of the loop.
//!
//! It sits on the caller's stack and may borrow, so it is no task in the slab; but it has a place
//! in the same ready queue, is polled in its turn among the tasks, and costs what a task costs.

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use runtime_core::metadata::Metadata;

use crate::scheduler::core::Local;
use crate::scheduler::turn::{Main, Wait, Wheel};
use crate::task::waker::TaskWaker;

impl Wheel {
    /// Drives `future` by turns until it is ready.
    pub(crate) fn block_on<F: Future>(&mut self, metadata: Metadata, future: F) -> F::Output {
        let local = Rc::clone(&self.local);
        let mut driven = Driven {
            waker: self.main.waker.clone(),
            shared: Arc::clone(&self.main.shared),
            local: &local,
            metadata,
            future: pin!(future),
            output: None,
        };
        local.make_ready(&driven.shared);
        loop {
            let _ = self.turn(&mut driven, Wait::Forever);
            if let Some(output) = driven.output.take() {
                return output;
            }
        }
    }
}

/// The future given to `block_on`, with what it is woken by.
struct Driven<'a, F: Future> {
    waker: Waker,
    shared: Arc<TaskWaker>,
    local: &'a Local,
    metadata: Metadata,
    future: Pin<&'a mut F>,
    output: Option<F::Output>,
}

impl<F: Future> Main for Driven<'_, F> {
    fn poll(&mut self) -> Poll<()> {
        self.shared.clear_ready();
        self.local.observe(|observer| observer.poll_started(&self.metadata));
        let polled = self.future.as_mut().poll(&mut Context::from_waker(&self.waker));
        self.local.observe(|observer| observer.poll_ended(&self.metadata));
        polled.map(|output| self.output = Some(output))
    }
}
