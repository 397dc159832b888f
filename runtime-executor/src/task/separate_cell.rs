//! A completion cell in an allocation of its own: for every output, whether or not it is `Send`.

use std::sync::Arc;
use std::task::Waker;

use runtime_core::awaiter::AwaiterCell;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::task::own_wakers::OwnWakers;
use crate::task::task_cell::{IS_ALIVE, TaskCell};
use crate::task::waker::TaskWaker;

/// A task's wakers, and its reference to its completion cell.
pub(crate) struct SeparateCell<T> {
    /// `None` once another task has taken over the wakers of this finished task.
    wakers: Option<OwnWakers>,
    completion: Arc<Completion<T>>,
}

impl<T> SeparateCell<T> {
    /// Makes the cell, and lends a waker to it, for cancellation.
    #[inline]
    pub(crate) fn new(mut wakers: OwnWakers, metadata: Metadata) -> SeparateCell<T> {
        let completion = Arc::new(Completion::new(metadata, Some(wakers.lend())));
        SeparateCell { wakers: Some(wakers), completion }
    }

    /// Adopts a cell that existed before its task, and lends a waker to it.
    pub(crate) fn adopt(mut wakers: OwnWakers, completion: Arc<Completion<T>>) -> SeparateCell<T> {
        completion.set_producer(wakers.lend());
        SeparateCell { wakers: Some(wakers), completion }
    }
}

impl<T> TaskCell<T> for SeparateCell<T> {
    #[inline]
    fn metadata(&self) -> &Metadata {
        self.completion.metadata()
    }

    #[inline]
    fn is_cancel_requested(&self) -> bool {
        self.completion.is_cancel_requested()
    }

    #[inline]
    fn task(&self) -> &TaskWaker {
        &*self.wakers.as_ref().expect(IS_ALIVE).task
    }

    #[inline]
    fn polling(&self) -> &Waker {
        &self.wakers.as_ref().expect(IS_ALIVE).polling
    }

    fn awaiter(&self) -> &dyn AwaiterCell {
        &*self.completion
    }

    #[inline]
    fn complete(&mut self, result: Result<T, JoinError>) {
        let unused = self.completion.complete(result);
        self.wakers.as_mut().expect(IS_ALIVE).take_back(unused);
    }

    #[inline]
    fn handle(&self) -> JoinHandle<T> {
        JoinHandle::new(Arc::clone(&self.completion))
    }

    #[inline]
    fn is_recyclable(&self) -> bool {
        self.wakers.as_ref().is_some_and(|own| own.are_the_last() && !own.task.is_ready())
    }

    #[inline]
    fn renew(&mut self, metadata: &mut Option<Metadata>) -> Option<JoinHandle<T>> {
        let wakers = self.wakers.as_mut().expect(IS_ALIVE);
        let cell = Completion::new(metadata.take()?, Some(wakers.lend()));
        match Arc::get_mut(&mut self.completion) {
            Some(unread) => *unread = cell,
            // A reader of the last result still holds the old cell.
            None => self.completion = Arc::new(cell),
        }
        Some(self.handle())
    }

    fn take_wakers(&mut self) -> Option<OwnWakers> {
        self.wakers.take()
    }
}
