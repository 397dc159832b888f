//! What the waker channel promises. Written once, and kept by two: by crossbeam-channel in the
//! tests beside this file, and by the model's channel in the models (`tests/models/src/facade.rs`).
//! The model's channel may do more than crossbeam's does, never less.

use std::sync::Arc;

use runtime_core::sync::channel::{Receiver, Sender, TryRecvError, unbounded};
use runtime_core::sync::thread::{self, JoinHandle};

fn spawn(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn("sender".to_owned(), None, body).expect("the system has a thread to spare")
}

/// Receives until all senders have gone, asleep while there is nothing. Whoever lets go of the
/// last sender unparks the caller afterwards.
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

/// Sends what `messages` yields from a thread of its own, then lets go and wakes the caller.
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

/// Two senders, `first` and `second` messages: each arrives once, in the order of its sender.
/// Returns the order in which they came: the sender of each.
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
    let numbers_of = |who| received.iter().filter(move |(from, _)| *from == who).map(|(_, n)| *n);
    assert!(numbers_of(1).eq(0..first), "{received:?}");
    assert!(numbers_of(2).eq(0..second), "{received:?}");
    received.iter().map(|(from, _)| *from).collect()
}

/// What came before the senders went is received first, then that they have gone, again and again.
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

/// Without a receiver a message comes back.
pub(crate) fn a_send_without_a_receiver_returns_the_message() {
    let (sender, receiver) = unbounded();
    drop(receiver);
    assert_eq!(sender.send('a').map_err(|error| error.0), Err('a'));
    assert_eq!(sender.clone().send('b').map_err(|error| error.0), Err('b'));
}

/// Messages nobody will read are dropped when the receiver is, not later.
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

/// A message sent while the receiver goes comes back or is dropped, once. Returns whether it came
/// back.
pub(crate) fn a_message_sent_while_the_receiver_is_dropped_is_not_lost() -> bool {
    let message = Arc::new(());
    let (sender, receiver) = unbounded();
    let leaving = spawn(move || drop(receiver));
    let returned = sender.send(Arc::clone(&message)).map_err(|error| error.0);
    leaving.join().expect("a receiver leaves without panic");
    let kept = usize::from(returned.is_err());
    assert_eq!(Arc::strong_count(&message), 1 + kept, "kept by no one but the error");
    returned.is_err()
}

/// Who knows that a message was sent receives it: "empty" is never said to him.
pub(crate) fn a_message_whose_send_happened_before_is_received() {
    let (sender, receiver) = unbounded();
    let sending = spawn(move || sender.send('a').expect("the receiver lives"));
    sending.join().expect("a sender does not panic");
    assert_eq!(receiver.try_recv(), Ok('a'));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}
