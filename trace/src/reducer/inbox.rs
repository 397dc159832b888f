//! The inbox, and the flags `posted` of the wakers.
//!
//! A wake by another thread (W2) is numbered before it swaps the flag, and its message is received
//! after that swap. So the number of a wake may precede the moment at which the wake takes effect,
//! but that moment precedes the next event of the same thread. The rules below hold for each order
//! that this allows:
//!
//! ```text
//! thread A          thread B          loop             event of the trace        posted
//!                   (number 7)                                                   false
//! (number 8)
//! swaps                                                8: A posts a message      true
//!                   swaps                              7: B's wake is elided     true
//! sends
//!                                     receives         9: the message is received
//!                                     swaps                                      false
//! ```
//!
//! - A message is received only if more were posted than were received.
//! - At the next event of a thread that has posted a message for a task, its swap has found the
//!   flag false. So of the messages of one task whose threads have all gone on, all but one have
//!   been received.
//! - An elided wake finds the flag true: a message is in the inbox at the number of the wake, or
//!   another thread posts one before the next event of the waking thread, or the last event of the
//!   loop is the receipt of one, because the loop clears the flag after the receipt.

use std::collections::HashMap;

use runtime_core::record::event::TaskKeyBits;

use crate::reducer::change::{StateItem, StatePart};
use crate::reducer::ordered::OrderedItems;
use crate::reducer::step::Step;

/// The inbox of a loop.
#[derive(Clone, Debug, Default)]
pub(crate) struct InboxState {
    items: OrderedItems<StateItem>,
    next_place: u64,
    messages: HashMap<TaskKeyBits, Messages>,
    commands: OrderedItems<u64>,
    /// The last wake of a thread, until its next event.
    threads: HashMap<u64, RemoteWake>,
    /// The task whose message the loop has received in its last event.
    just_received: Option<TaskKeyBits>,
}

/// The messages of one task.
#[derive(Clone, Debug, Default)]
struct Messages {
    /// The number of wakes that have posted a message.
    posted: u64,
    /// The number of those wakes whose threads have gone on.
    settled: u64,
    received: u64,
    /// The place in the inbox.
    place: u64,
    /// The threads with an elided wake for which no message is known.
    elided: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct RemoteWake {
    seq: u64,
    key: TaskKeyBits,
    effect: RemoteEffect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RemoteEffect {
    Posted,
    /// The wake was elided, and no message is known that explains it.
    Unexplained,
}

impl InboxState {
    pub(crate) fn items(&self) -> impl Iterator<Item = StateItem> {
        self.items.iter().copied()
    }

    /// Returns whether a message of this task is in the inbox, or about to be sent.
    pub(crate) fn is_posted(&self, key: TaskKeyBits) -> bool {
        self.messages.get(&key).is_some_and(|messages| messages.posted > messages.received)
    }

    /// Every event shows that the last wake of its thread has taken effect.
    pub(crate) fn thread_goes_on(
        &mut self,
        is_loop: bool,
        name: impl Fn(TaskKeyBits) -> String,
        step: &mut Step<'_>,
    ) {
        if is_loop {
            self.just_received = None;
        }
        let Some(RemoteWake { seq, key, effect }) = self.threads.remove(&step.thread) else {
            return;
        };
        let Some(messages) = self.messages.get_mut(&key) else { return };
        if effect == RemoteEffect::Unexplained {
            messages.elided.retain(|&thread| thread != step.thread);
            return step.blame(
                seq,
                format!("a wake of {} is elided, but no message is in the inbox", name(key)),
            );
        }
        messages.settled += 1;
        if messages.settled > messages.received + 1 {
            let name = name(key);
            step.blame(seq, format!("a message for {name} is posted while one is in the inbox"));
        }
    }

    /// W2, if the flag was false.
    pub(crate) fn posted(&mut self, key: TaskKeyBits, is_closed: bool, step: &mut Step<'_>) {
        let messages = self.messages.entry(key).or_default();
        messages.posted += 1;
        for thread in messages.elided.drain(..) {
            self.threads.remove(&thread);
        }
        if messages.posted == messages.received + 1 && !is_closed {
            self.next_place += 1;
            messages.place = self.next_place;
            self.items.insert(self.next_place, StateItem::Task(key));
            step.add(StatePart::Inbox, StateItem::Task(key));
        }
        if step.is_whole() {
            let wake = RemoteWake { seq: step.seq, key, effect: RemoteEffect::Posted };
            self.threads.insert(step.thread, wake);
        }
    }

    /// W2, if the flag was true.
    pub(crate) fn elided(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        let is_explained = self.is_posted(key) || self.just_received == Some(key);
        if !is_explained && step.is_whole() {
            let effect = RemoteEffect::Unexplained;
            self.threads.insert(step.thread, RemoteWake { seq: step.seq, key, effect });
            self.messages.entry(key).or_default().elided.push(step.thread);
        }
    }

    /// W3.
    pub(crate) fn received(&mut self, key: TaskKeyBits, name: &str, step: &mut Step<'_>) {
        self.just_received = Some(key);
        let is_posted = self.is_posted(key);
        step.must_if_whole(is_posted, || {
            format!("a message for {name} is received, but none was posted")
        });
        let Some(messages) = self.messages.get_mut(&key).filter(|_| is_posted) else { return };
        messages.received += 1;
        if messages.received == messages.posted && self.items.remove(messages.place).is_some() {
            step.remove(StatePart::Inbox, StateItem::Task(key));
        }
    }

    pub(crate) fn command_posted(&mut self, is_closed: bool, step: &mut Step<'_>) {
        if is_closed {
            return;
        }
        self.next_place += 1;
        let place = self.next_place;
        self.commands.insert(place, place);
        self.items.insert(place, StateItem::Command(place));
        step.add(StatePart::Inbox, StateItem::Command(place));
    }

    pub(crate) fn command_received(&mut self, step: &mut Step<'_>) {
        let first = self.commands.pop_first();
        step.must_if_whole(first.is_some(), || "a command is received, but none was posted".into());
        if let Some(place) = first {
            self.items.remove(place);
            step.remove(StatePart::Inbox, StateItem::Command(place));
        }
    }

    /// The loop has closed and drops its inbox. The flags stay.
    pub(crate) fn clear(&mut self, step: &mut Step<'_>) {
        while let Some(item) = self.items.pop_first() {
            step.remove(StatePart::Inbox, item);
        }
        self.commands = OrderedItems::default();
    }

    pub(crate) fn forget(&mut self, step: &mut Step<'_>) {
        self.clear(step);
        self.messages.clear();
        self.threads.clear();
        self.just_received = None;
    }
}
