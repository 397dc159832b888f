//! Models of the channel: it keeps its contract. It orders each send before the receive of the same
//! message, and it orders nothing else.

use std::sync::Arc;

use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::channel::unbounded;
use runtime_core::sync::explore::Witness;
use runtime_core::sync::thread;

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

#[path = "../../../runtime-core/tests/channel/contract.rs"]
mod contract;

const HERE: &str = "tests/models/src/channel.rs";
const CHANNEL: &str = "runtime-core/src/sync/loom/channel.rs";
const CONTRACT: &str = "runtime-core/tests/channel/contract.rs";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "channel::each_message_arrives_once_in_the_order_of_its_sender",
        bound: Some(3),
        executions: 4_079,
        witnesses: &["the first sender first", "the second sender first", "mixed"],
        mutants: &[Mutant::lose(CONTRACT, "sender.send(message)")],
        body: |witness| {
            let order = contract::each_message_arrives_once_in_the_order_of_its_sender(2, 1);
            match order[..] {
                [1, 1, 2] => witness.saw("the first sender first"),
                [2, 1, 1] => witness.saw("the second sender first"),
                [..] => witness.saw("mixed"),
            }
        },
    },
    Model {
        name: "channel::disconnected_comes_after_the_last_message",
        bound: None,
        executions: 1,
        witnesses: &[],
        mutants: &[Mutant::lose(CONTRACT, "other.send('b')")],
        body: |_| contract::disconnected_comes_after_the_last_message(),
    },
    Model {
        name: "channel::a_send_without_a_receiver_returns_the_message",
        bound: None,
        executions: 1,
        witnesses: &[],
        mutants: &[Mutant::lose(CHANNEL, "tail.fetch_or(CLOSED, Relaxed)")],
        body: |_| contract::a_send_without_a_receiver_returns_the_message(),
    },
    Model {
        name: "channel::unread_messages_are_dropped_with_the_receiver",
        bound: None,
        executions: 1,
        witnesses: &[],
        mutants: &[Mutant::lose(CONTRACT, "sender.send(Arc::clone(&message)).expect")],
        body: |_| contract::unread_messages_are_dropped_with_the_receiver(),
    },
    Model {
        name: "channel::a_message_sent_while_the_receiver_is_dropped_is_not_lost",
        bound: None,
        executions: 12,
        witnesses: &["returned", "dropped"],
        mutants: &[Mutant::lose(CHANNEL, "tail.fetch_or(CLOSED, Relaxed)")],
        body: |witness| {
            let is_returned = contract::a_message_sent_while_the_receiver_is_dropped_is_not_lost();
            witness.saw(if is_returned { "returned" } else { "dropped" });
        },
    },
    Model {
        name: "channel::a_message_whose_send_happened_before_is_received",
        bound: None,
        executions: 1,
        witnesses: &[],
        mutants: &[Mutant::lose(CONTRACT, "spawn(move || sender.send('a')")],
        body: |_| contract::a_message_whose_send_happened_before_is_received(),
    },
    Model {
        name: "channel::a_send_is_ordered_before_its_own_receive",
        bound: None,
        executions: 6,
        witnesses: &["received", "empty"],
        mutants: &[Mutant::relaxed(CHANNEL, "mutation::here().map_or(Release")],
        body: a_send_is_ordered_before_its_own_receive,
    },
    Model {
        name: "channel::a_send_is_ordered_by_the_notification_that_follows_it",
        bound: None,
        executions: 41,
        witnesses: &["at once", "after a notification", "after a sleep"],
        mutants: &[
            Mutant::relaxed(HERE, "state.swap(NOTIFIED, Ordering::AcqRel)"),
            Mutant::relaxed(HERE, "state.swap(RUNNING, Ordering::AcqRel)"),
            Mutant::body("a handshake of two relaxed flags", a_handshake_of_two_relaxed_flags),
            Mutant::body("sends order each other", sends_order_each_other),
        ],
        body: a_send_is_ordered_by_the_notification_that_follows_it,
    },
];

fn a_send_is_ordered_before_its_own_receive(witness: &'static Witness) {
    let data = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = unbounded();
    let writer = spawn({
        let data = Arc::clone(&data);
        move || {
            data.store(1, Ordering::Relaxed);
            sender.send(()).expect("the receiver lives");
        }
    });
    if receiver.try_recv().is_ok() {
        witness.saw("received");
        assert_eq!(data.load(Ordering::Relaxed), 1);
    } else {
        witness.saw("empty");
    }
    join(writer);
}

const RUNNING: usize = 0;
const NOTIFIED: usize = 1;
const PARKED: usize = 2;

/// The parker's handshake, together with the channel. The receiver sleeps only if no notification
/// has arrived since it found the channel empty. With relaxed swaps, the receiver may take the
/// notification, find the channel empty nevertheless, and sleep for ever. A channel that ordered
/// more than the real one would hide this mistake.
fn a_send_is_ordered_by_the_notification_that_follows_it(witness: &'static Witness) {
    let state = Arc::new(AtomicUsize::new(RUNNING));
    let (sender, receiver) = unbounded();
    let sleeper = thread::current();
    let waker = spawn({
        let state = Arc::clone(&state);
        move || {
            sender.send(()).expect("the receiver lives");
            if state.swap(NOTIFIED, Ordering::AcqRel) == PARKED {
                sleeper.unpark();
            }
        }
    });
    let mut how = "at once";
    while receiver.try_recv().is_err() {
        let sleep =
            state.compare_exchange(RUNNING, PARKED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        how = if sleep { "after a sleep" } else { "after a notification" };
        if sleep {
            thread::park();
        }
        state.swap(RUNNING, Ordering::AcqRel);
    }
    witness.saw(how);
    join(waker);
}

/// Each thread writes its own flag and then reads the flag of the other thread. Both threads may
/// read a flag that is not set yet. A channel that contains a lock would order the two threads and
/// hide this mistake.
fn a_handshake_of_two_relaxed_flags(_: &'static Witness) {
    let asleep = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = unbounded();
    let sleeper = thread::current();
    let waker = spawn({
        let asleep = Arc::clone(&asleep);
        move || {
            sender.send(()).expect("the receiver lives");
            if asleep.load(Ordering::Relaxed) == 1 {
                sleeper.unpark();
            }
        }
    });
    asleep.store(1, Ordering::Relaxed);
    if receiver.try_recv().is_err() {
        thread::park();
    }
    join(waker);
}

/// The second sender sees that the first sender has sent, but not what the first sender wrote
/// before that.
fn sends_order_each_other(_: &'static Witness) {
    let data = Arc::new(AtomicUsize::new(0));
    let sent = Arc::new(AtomicUsize::new(0));
    let (sender, _receiver) = unbounded();
    let first = spawn({
        let (data, sent, sender) = (Arc::clone(&data), Arc::clone(&sent), sender.clone());
        move || {
            data.store(1, Ordering::Relaxed);
            sender.send(1).expect("the receiver lives");
            sent.store(1, Ordering::Relaxed);
        }
    });
    if sent.load(Ordering::Relaxed) == 1 {
        sender.send(2).expect("the receiver lives");
        assert_eq!(data.load(Ordering::Relaxed), 1);
    }
    join(first);
}
