//! Items of an iterator, pulled ahead.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use runtime_core::budget;

use super::adapter::{Reply, Unblock};
use super::client::StreamFailure;
use super::command_queue::{CommandKind, NextCommands, QueueEvent, StreamCommand};

/// The maximum number of items that are requested, or have arrived and are not taken.
const ITEMS_MAX: usize = 32;

fn pull<T: Iterator<Item: Send + 'static>>() -> StreamCommand<T, Reply> {
    Box::new(|iterator| match iterator.next() {
        Some(item) => (Reply::Pulled(Some(Box::new(item))), NextCommands::Run),
        None => (Reply::Pulled(None), NextCommands::DropAhead),
    })
}

impl<T: Iterator<Item: Send + 'static> + Send + 'static> Unblock<T> {
    /// Requests items when at most half of the maximum are left, so that task and job seldom
    /// contend.
    fn pull_ahead(&mut self) {
        let under_way = self.items.pushed + self.items.arrived.len();
        if under_way > ITEMS_MAX / 2 || self.items.arrived.back().is_some_and(Option::is_none) {
            return;
        }
        for _ in under_way..ITEMS_MAX {
            if self.client.push(CommandKind::Ahead, pull()).is_err() {
                return;
            }
            self.items.pushed += 1;
        }
    }
}

/// An iterator whose `next` blocks, as a stream. The stream pulls up to 32 items ahead.
///
/// # Panics
/// If the iterator panics, the stream first yields the earlier items, then panics with the same
/// payload, and then ends. The stream also panics if its job is refused or cancelled, because an
/// item cannot carry an error. After such a panic the stream may be polled again.
///
/// # Cancel safety
/// Safe: no item is lost.
impl<T: Iterator<Item: Send + 'static> + Send + 'static> Stream for Unblock<T> {
    type Item = T::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T::Item>> {
        budget::poll_operation(cx, |cx| {
            loop {
                self.pull_ahead();
                if let Some(pulled) = self.items.arrived.pop_front() {
                    let item = pulled.map(|item| item.downcast::<T::Item>());
                    let item = item.map(|item| *item.expect("an iterator yields its item type"));
                    return Poll::Ready(item);
                }
                match ready!(self.poll_event(cx)) {
                    Ok(
                        QueueEvent::Replies
                        | QueueEvent::Idle
                        | QueueEvent::JobDropped
                        | QueueEvent::Lost,
                    ) => {}
                    Err(StreamFailure::Job(error)) => error.resume(),
                    Err(StreamFailure::Lost | StreamFailure::Closed) => return Poll::Ready(None),
                }
            }
        })
    }
}
