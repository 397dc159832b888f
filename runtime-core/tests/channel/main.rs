//! crossbeam-channel keeps the contract of the waker channel.

mod contract;

/// How often a test with several threads is repeated: real threads take one interleaving a time.
const TIMES: usize = 200;

#[test]
fn each_message_arrives_once_in_the_order_of_its_sender() {
    for _ in 0..TIMES {
        let order = contract::each_message_arrives_once_in_the_order_of_its_sender(50, 40);
        assert_eq!(order.len(), 90);
    }
}

#[test]
fn the_end_comes_after_the_last_message() {
    contract::the_end_comes_after_the_last_message();
}

#[test]
fn a_message_to_nobody_comes_back() {
    contract::a_message_to_nobody_comes_back();
}

#[test]
fn unread_messages_are_dropped_with_the_receiver() {
    contract::unread_messages_are_dropped_with_the_receiver();
}

#[test]
fn a_message_sent_to_a_leaving_receiver_is_not_lost() {
    for _ in 0..TIMES {
        contract::a_message_sent_to_a_leaving_receiver_is_not_lost();
    }
}

#[test]
fn a_message_known_to_be_sent_is_there() {
    for _ in 0..TIMES {
        contract::a_message_known_to_be_sent_is_there();
    }
}
