//! Who is in the room, and what waits for them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;

use async_channel::{Receiver, Sender};
use async_tungstenite::tungstenite::Message;
use futures_channel::oneshot;

/// How many messages may wait for a client.
const WAITING_MAX: usize = 128;

/// A room. It belongs to one thread, so cells will do.
pub(crate) struct Room {
    /// `None` when it is closed.
    members: RefCell<Option<HashMap<u64, Member>>>,
    came: Cell<u64>,
    said: Cell<u64>,
    too_slow: Cell<u64>,
}

/// The room's end of a client. When it is dropped, the client hears the rest, and is closed.
struct Member {
    queue: Sender<Message>,
    /// Tells the client that there is no use in sending it the rest.
    dismissal: oneshot::Sender<()>,
}

/// The client's end.
pub(crate) struct Place {
    pub(crate) number: u64,
    /// What is to be sent to the client; closed when the room is.
    pub(crate) queue: Receiver<Message>,
    /// Comes when the client is too slow; an error when it is no member any more.
    pub(crate) dismissal: oneshot::Receiver<()>,
}

impl Default for Room {
    fn default() -> Room {
        let members = RefCell::new(Some(HashMap::new()));
        Room { members, came: Cell::new(0), said: Cell::new(0), too_slow: Cell::new(0) }
    }
}

impl Room {
    /// A place in the room; `None` if it is closed.
    pub(crate) fn enter(&self) -> Option<Place> {
        let (sender, queue) = async_channel::bounded(WAITING_MAX);
        let (dismiss, dismissal) = oneshot::channel();
        let number = self.came.get() + 1;
        let member = Member { queue: sender, dismissal: dismiss };
        self.members.borrow_mut().as_mut()?.insert(number, member);
        self.came.set(number);
        self.announce(format!("* guest {number} has come"));
        Some(Place { number, queue, dismissal })
    }

    /// Has all hear what a member says.
    pub(crate) fn say(&self, number: u64, text: &str) {
        self.said.set(self.said.get() + 1);
        self.announce(format!("guest {number}: {text}"));
    }

    /// Asks a member whether it is there.
    pub(crate) fn ping(&self, number: u64) {
        let members = self.members.borrow();
        if let Some(member) = members.as_ref().and_then(|members| members.get(&number)) {
            // If there is no room for it, there is enough to come that will show it.
            let _full = member.queue.try_send(Message::Ping(Vec::new().into()));
        }
    }

    /// A member is gone, or is to go.
    pub(crate) fn leave(&self, number: u64) {
        let member = self.members.borrow_mut().as_mut().and_then(|all| all.remove(&number));
        drop(member);
        self.announce(format!("* guest {number} has left"));
    }

    /// Lets nobody in any more, and has everybody leave who has heard what was said.
    pub(crate) fn close(&self) {
        let members = self.members.take();
        drop(members);
    }

    fn announce(&self, text: String) {
        // The text is there once: a clone is one more that refers to it.
        let message = Message::text(text);
        let has_no_room = |member: &Member| member.queue.try_send(message.clone()).is_err();
        let mut members = self.members.borrow_mut();
        let slow = members.as_mut().map(|members| {
            members.extract_if(|_number, member| has_no_room(member)).collect::<Vec<_>>()
        });
        drop(members);
        for (_number, member) in slow.into_iter().flatten() {
            self.too_slow.set(self.too_slow.get() + 1);
            // Its task may be ending already.
            let _over = member.dismissal.send(());
        }
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (came, said, slow) = (self.came.get(), self.said.get(), self.too_slow.get());
        write!(f, "{came} clients, {said} messages, {slow} too slow")
    }
}
