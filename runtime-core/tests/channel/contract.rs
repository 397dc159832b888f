//! The contract of the facade's channel.
//!
//! `main.rs` checks that crossbeam-channel keeps the contract, and `tests/models/src/channel.rs`
//! checks that the models' channel keeps it. The models' channel may show more executions than
//! crossbeam's, never fewer.

use std::sync::Arc;

use runtime_core::sync::channel::{Receiver, Sender, TryRecvError, unbounded};
use runtime_core::sync::thread::{self, JoinHandle};

fn spawn(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn("sender".to_owned(), None, body).expect("the system has a thread to spare")
}

/// Receives until all senders are dropped, and parks while the channel is empty. The thread that
/// drops the last sender must unpark the caller afterwards.
fn receive_to_the_end<T>(receiver: &Receiver<T>) -> Vec<T> {
    let mut received = Vec::new();
    loop {
        match receiver.try_recv() {
            Ok(message) => received.push(message),
            Err(TryRecvError::Empty) => thread::park(),
            Err(TryRecvError::Disconnected) => return received,
        }
    }
}

/// Sends the messages from a thread of its own, then drops the sender and unparks the caller.
fn send_from_a_thread<T: Send + 'static>(
    sender: Sender<T>,
    messages: impl IntoIterator<Item = T> + Send + 'static,
) -> JoinHandle<()> {
    let receiver = thread::current();
    spawn(move || {
        for message in messages {
            assert!(sender.send(message).is_ok(), "the receiver lives");
        }
        drop(sender);
        receiver.unpark();
    })
}

/// One thread sends `first` messages, and another thread sends `second`. Each message arrives once,
/// and those of one sender arrive in the order in which they were sent. Returns the sender of each
/// message, in the order of arrival.
pub(crate) fn each_message_arrives_once_in_the_order_of_its_sender(
    first: usize,
    second: usize,
) -> Vec<usize> {
    let (sender, receiver) = unbounded();
    let other = send_from_a_thread(sender.clone(), (0..first).map(|number| (1, number)));
    let another = send_from_a_thread(sender, (0..second).map(|number| (2, number)));
    let received = receive_to_the_end(&receiver);
    other.join().expect("a sender does not panic");
    another.join().expect("a sender does not panic");
    let numbers_of =
        |sender| received.iter().filter(move |(from, _)| *from == sender).map(|(_, n)| *n);
    assert!(numbers_of(1).eq(0..first), "{received:?}");
    assert!(numbers_of(2).eq(0..second), "{received:?}");
    received.iter().map(|(from, _)| *from).collect()
}

/// `try_recv` returns `Disconnected` after the last message, and at every later call.
pub(crate) fn disconnected_comes_after_the_last_message() {
    let (sender, receiver) = unbounded();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let other = sender.clone();
    sender.send('a').expect("the receiver lives");
    drop(sender);
    other.send('b').expect("the receiver lives");
    assert_eq!(receiver.try_recv(), Ok('a'));
    assert_eq!(receiver.try_recv(), Ok('b'));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(other);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

/// `send` returns the message if the receiver was dropped.
pub(crate) fn a_send_without_a_receiver_returns_the_message() {
    let (sender, receiver) = unbounded();
    drop(receiver);
    assert_eq!(sender.send('a').map_err(|error| error.0), Err('a'));
    assert_eq!(sender.clone().send('b').map_err(|error| error.0), Err('b'));
}

/// Unread messages are dropped together with the receiver, not later.
pub(crate) fn unread_messages_are_dropped_with_the_receiver() {
    let message = Arc::new(());
    let (sender, receiver) = unbounded();
    for _ in 0..3 {
        sender.send(Arc::clone(&message)).expect("the receiver lives");
    }
    drop(receiver.try_recv());
    assert_eq!(Arc::strong_count(&message), 3);
    drop(receiver);
    assert_eq!(Arc::strong_count(&message), 1);
    drop(sender);
}

/// A message that is sent while the receiver is dropped is either returned or dropped, exactly
/// once. Returns whether it was returned.
pub(crate) fn a_message_sent_while_the_receiver_is_dropped_is_not_lost() -> bool {
    let message = Arc::new(());
    let (sender, receiver) = unbounded();
    let dropping = spawn(move || drop(receiver));
    let returned = sender.send(Arc::clone(&message)).map_err(|error| error.0);
    dropping.join().expect("dropping a receiver does not panic");
    let kept = usize::from(returned.is_err());
    assert_eq!(Arc::strong_count(&message), 1 + kept, "only the error holds the message");
    returned.is_err()
}

/// A receive that happens after a send returns the message, and never `Empty`.
pub(crate) fn a_message_whose_send_happened_before_is_received() {
    let (sender, receiver) = unbounded();
    let sending = spawn(move || sender.send('a').expect("the receiver lives"));
    sending.join().expect("a sender does not panic");
    assert_eq!(receiver.try_recv(), Ok('a'));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}
