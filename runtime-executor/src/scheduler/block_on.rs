//! The future that `block_on` drives by turns of the loop.
//!
//! The future lies on the caller's stack and may borrow from it, so it is not a task in the slab.
//! The future is queued and polled among the tasks, under the key `MAIN`.

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use runtime_core::context::set_task;
use runtime_core::metadata::Metadata;
use runtime_core::unwinding::poll_or_drop;

use crate::scheduler::core::Core;
use crate::scheduler::idle::SleepLimit;
use crate::scheduler::turn::{MainFuture, Scheduler};
use crate::task::waker::MAIN;

impl Scheduler {
    /// Turns the loop until `future` is ready.
    pub(crate) fn block_on<F: Future>(&mut self, metadata: Metadata, future: F) -> F::Output {
        let core = Rc::clone(&self.core);
        let mut driven = DrivenFuture {
            core: &core,
            waker: self.main.polling.clone(),
            metadata,
            future: pin!(Some(future)),
            output: None,
        };
        core.ready.push(&self.main.task);
        loop {
            let _ = self.turn(&mut driven, SleepLimit::Unlimited);
            if let Some(output) = driven.output.take() {
                return output;
            }
        }
    }
}

struct DrivenFuture<'a, F: Future> {
    core: &'a Core,
    waker: Waker,
    metadata: Metadata,
    future: Pin<&'a mut Option<F>>,
    output: Option<F::Output>,
}

impl<F: Future> MainFuture for DrivenFuture<'_, F> {
    fn poll(&mut self) -> Poll<()> {
        set_task(None);
        self.core.poll_began(MAIN, || &self.metadata);
        let polled = poll_or_drop(self.future.as_mut(), &mut Context::from_waker(&self.waker));
        self.core.poll_ended(MAIN, &polled, || &self.metadata);
        polled.map(|output| self.output = Some(output))
    }
}
