//! The channel of the models, as weak as the channel that ships.
//!
//! crossbeam-channel keeps messages in slots. A Release store publishes each slot, and an Acquire
//! load takes it. A send is therefore ordered before *its own* receive, and before nothing else. It
//! is not ordered before the receive of another message, nor before a receive that finds the
//! channel empty. A lock around a queue would order all of these, so a program that lacks a
//! necessary ordering would pass.
//!
//! - `send` takes the next slot by a Relaxed read-modify-write of the tail, then marks the slot
//!   FULL by a Release store.
//! - `try_recv` loads the mark of the slot at the head with Acquire, and may read an old mark. If a
//!   sender is between its two steps, the real receiver waits for it. This receiver finds the
//!   channel empty, so the model allows more executions.
//! - Dropping the last sender marks the next slot LAST. A receive that finds this mark returns
//!   `Disconnected`.
//! - Dropping the receiver closes the tail, waits until the slots taken before that are full, and
//!   drops their messages. A later `send` returns its message.
//!
//! The messages themselves are in cells that loom does not see.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};

pub use std::sync::mpsc::{SendError, TryRecvError};

use super::atomic;
use super::film;
use super::filmed::Filmed;
use super::mutation::{self, Mutation};

/// The number of slots of a channel: for at most eleven messages in its life, and for the mark
/// LAST. The slots are made with the channel, because loom requires that an atomic is made before
/// the threads that use it run.
const SLOTS: usize = 12;

const EMPTY: usize = 0;
const FULL: usize = 1;
const LAST: usize = 2;

/// The highest bit of the tail.
const CLOSED: usize = 1 << (usize::BITS - 1);

struct Channel<T> {
    tail: atomic::AtomicUsize,
    /// Only the receiver loads slots, and it stores to none, so the problem that the module
    /// `atomic` describes does not arise.
    slots: [AtomicUsize; SLOTS],
    /// Not seen by loom.
    cells: Mutex<Cells<T>>,
    filmed: Filmed,
}

struct Cells<T> {
    /// The messages by slot; `None` once received.
    messages: Vec<Option<T>>,
    /// The slot that the receiver loads next.
    head: usize,
    senders: usize,
}

impl<T> Channel<T> {
    /// Locks the cells. They must not be locked during an operation that loom sees, nor while a
    /// message is dropped.
    fn cells(&self) -> MutexGuard<'_, Cells<T>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, index: usize) -> &AtomicUsize {
        self.slots.get(index).expect("a model's channel carries eleven messages at most")
    }

    fn publish(&self, index: usize) {
        let order = mutation::here().map_or(Release, |_relaxed| Relaxed);
        // ORDERING: Release, paired with the Acquire of `try_recv`; relaxed in a mutant only.
        self.slot(index).store(FULL, order);
    }
}

/// Makes an unbounded channel for many senders and one receiver.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel {
        tail: atomic::AtomicUsize::inner(0),
        slots: std::array::from_fn(|_| AtomicUsize::new(EMPTY)),
        cells: Mutex::new(Cells { messages: Vec::new(), head: 0, senders: 1 }),
        filmed: Filmed::default(),
    });
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

/// The sending end.
pub struct Sender<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    /// Sends a message.
    ///
    /// # Errors
    /// Returns the message, if the receiver was dropped.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        if mutation::here() == Some(Mutation::Lose) {
            film::note_lost("send", None);
            return Ok(());
        }
        // ORDERING: Relaxed. The tail orders neither senders with each other nor with the receiver.
        if self.0.tail.fetch_add(1, Relaxed) & CLOSED != 0 {
            self.0.filmed.note_at(Location::caller(), "send_refused", None);
            return Err(SendError(message));
        }
        let index = {
            let mut cells = self.0.cells();
            cells.messages.push(Some(message));
            cells.messages.len() - 1
        };
        self.0.publish(index);
        self.0.filmed.note_at(Location::caller(), "send", Some(index as u64 + 1));
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.0.cells().senders += 1;
        Sender(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let next = {
            let mut cells = self.0.cells();
            cells.senders -= 1;
            (cells.senders == 0).then_some(cells.messages.len())
        };
        if let Some(index) = next {
            // ORDERING: Relaxed. The end of the senders orders nothing.
            self.0.slot(index).store(LAST, Relaxed);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sender { .. }")
    }
}

/// The receiving end, which cannot be cloned.
pub struct Receiver<T>(Arc<Channel<T>>);

impl<T> Receiver<T> {
    /// Takes the next message.
    ///
    /// # Errors
    /// Returns `Empty` if there is no message, or if the send of the next message is not ordered
    /// before this call. Returns `Disconnected` if there is no message and all senders were
    /// dropped.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let (head, site, filmed) = (self.0.cells().head, Location::caller(), &self.0.filmed);
        // ORDERING: Acquire, paired with the Release of `publish`.
        match self.0.slot(head).load(Acquire) {
            EMPTY => {
                // The number of messages that the receiver does not see yet.
                let unseen = self.0.cells().messages.len() - head;
                filmed.note_at(site, "empty", Some(unseen as u64));
                Err(TryRecvError::Empty)
            }
            LAST => {
                filmed.note_at(site, "disconnected", None);
                Err(TryRecvError::Disconnected)
            }
            _full => {
                filmed.note_at(site, "receive", Some(head as u64 + 1));
                let mut cells = self.0.cells();
                cells.head += 1;
                Ok(cells.messages[head].take().expect("a full slot is received once"))
            }
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // ORDERING: Relaxed, as in `send`: only the order of this one word matters.
        self.0.tail.fetch_or(CLOSED, Relaxed);
        let (head, end) = {
            let cells = self.0.cells();
            (cells.head, cells.messages.len())
        };
        for index in head..end {
            // ORDERING: Acquire, paired with the Release of `publish`. The real receiver spins too.
            while self.0.slot(index).load(Acquire) == EMPTY {
                loom::thread::yield_now();
            }
        }
        let unread: Vec<T> = self.0.cells().messages.iter_mut().filter_map(Option::take).collect();
        drop(unread);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
