//! Items of an iterator, pulled ahead.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::adapter::{Reply, Unblock};
use super::client::Failure;
use super::command_queue::{Heard, Order, Then, Urgency};

/// How many items are pulled ahead at most.
const ITEMS_MAX: usize = 32;

fn pull<T: Iterator<Item: Send + 'static>>() -> Order<T, Reply> {
    Box::new(|iterator| match iterator.next() {
        Some(item) => (Reply::Pulled(Some(Box::new(item))), Then::GoOn),
        None => (Reply::Pulled(None), Then::DropAhead),
    })
}

impl<T: Iterator<Item: Send + 'static> + Send + 'static> Unblock<T> {
    /// Half of what may be, at a time, so that the two sides meet seldom.
    fn pull_ahead(&mut self) {
        let under_way = self.pulling.orders + self.pulling.items.len();
        if under_way > ITEMS_MAX / 2 || self.pulling.items.back().is_some_and(Option::is_none) {
            return;
        }
        for _ in under_way..ITEMS_MAX {
            if self.line.order(Urgency::Ahead, pull()).is_err() {
                return;
            }
            self.pulling.orders += 1;
        }
    }
}

/// An iterator whose `next` blocks, as a stream. It pulls 32 items ahead.
///
/// # Panics
/// If the iterator panics, the stream panics likewise, when the items before are taken; then it has
/// ended. It also panics if its job is refused or cancelled, since an item has no place for an
/// error; it can then be polled again.
///
/// # Cancel safety
/// Safe: no item is lost.
impl<T: Iterator<Item: Send + 'static> + Send + 'static> Stream for Unblock<T> {
    type Item = T::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T::Item>> {
        loop {
            self.pull_ahead();
            if let Some(pulled) = self.pulling.items.pop_front() {
                let item = pulled.map(|item| item.downcast::<T::Item>());
                let item = item.map(|item| *item.expect("what an iterator yields is its item"));
                return Poll::Ready(item);
            }
            match ready!(self.poll_hear(cx)) {
                Ok(Heard::Replies | Heard::Idle | Heard::Stranded | Heard::Lost) => {}
                Err(Failure::Job(error)) => error.resume(),
                Err(Failure::Gone | Failure::Closed) => return Poll::Ready(None),
            }
        }
    }
}
