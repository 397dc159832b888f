//! The members of the room, and the queues of their messages.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;

use async_channel::{Receiver, Sender};
use async_tungstenite::tungstenite::Message;
use futures_channel::oneshot;

/// The capacity of a client's queue.
const WAITING_MAX: usize = 128;

/// A room. It stays on one thread, so it consists of cells.
pub(crate) struct Room {
    /// `None` after the room is closed.
    members: RefCell<Option<HashMap<u64, Member>>>,
    joined: Cell<u64>,
    said: Cell<u64>,
    too_slow: Cell<u64>,
}

/// The room's side of a membership. Dropping it closes the connection after the queued messages are
/// sent.
struct Member {
    queue: Sender<Message>,
    /// Disconnects the client at once, without the queued messages.
    dismissal: oneshot::Sender<()>,
}

/// The client's side of a membership.
pub(crate) struct Membership {
    pub(crate) number: u64,
    /// The messages for the client. The queue closes when the room is closed.
    pub(crate) queue: Receiver<Message>,
    /// Resolves when the client is too slow, or with an error when the membership has ended.
    pub(crate) dismissal: oneshot::Receiver<()>,
}

impl Default for Room {
    fn default() -> Room {
        let members = RefCell::new(Some(HashMap::new()));
        Room { members, joined: Cell::new(0), said: Cell::new(0), too_slow: Cell::new(0) }
    }
}

impl Room {
    /// Adds a member. Returns `None` if the room is closed.
    pub(crate) fn enter(&self) -> Option<Membership> {
        let (sender, queue) = async_channel::bounded(WAITING_MAX);
        let (dismiss, dismissal) = oneshot::channel();
        let number = self.joined.get() + 1;
        let member = Member { queue: sender, dismissal: dismiss };
        self.members.borrow_mut().as_mut()?.insert(number, member);
        self.joined.set(number);
        self.announce(format!("* guest {number} has joined"));
        Some(Membership { number, queue, dismissal })
    }

    /// Sends a message of a member to all members.
    pub(crate) fn say(&self, number: u64, text: &str) {
        self.said.set(self.said.get() + 1);
        self.announce(format!("guest {number}: {text}"));
    }

    /// Sends a ping to a member.
    pub(crate) fn ping(&self, number: u64) {
        let members = self.members.borrow();
        if let Some(member) = members.as_ref().and_then(|members| members.get(&number)) {
            // If the queue is full, the ping is not needed: the queued messages serve the same
            // purpose.
            let _full = member.queue.try_send(Message::Ping(Vec::new().into()));
        }
    }

    /// Removes a member.
    pub(crate) fn leave(&self, number: u64) {
        let member = self.members.borrow_mut().as_mut().and_then(|all| all.remove(&number));
        drop(member);
        self.announce(format!("* guest {number} has left"));
    }

    /// Closes the room: members leave when they have received all messages, and no new ones enter.
    pub(crate) fn close(&self) {
        let members = self.members.take();
        drop(members);
    }

    fn announce(&self, text: String) {
        // All clones of a message share one text.
        let message = Message::text(text);
        let has_no_room = |member: &Member| member.queue.try_send(message.clone()).is_err();
        let mut members = self.members.borrow_mut();
        let slow = members.as_mut().map(|members| {
            members.extract_if(|_number, member| has_no_room(member)).collect::<Vec<_>>()
        });
        drop(members);
        for (_number, member) in slow.into_iter().flatten() {
            self.too_slow.set(self.too_slow.get() + 1);
            // An error means that the task of this client is already ending.
            let _over = member.dismissal.send(());
        }
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (joined, said, slow) = (self.joined.get(), self.said.get(), self.too_slow.get());
        write!(f, "{joined} clients, {said} messages, {slow} too slow")
    }
}
