//! Tests that crossbeam-channel keeps the contract of the facade's channel.

mod contract;

/// The number of repetitions of a test with several threads, because each run shows only one
/// interleaving.
const TIMES: usize = 200;

#[test]
fn each_message_arrives_once_in_the_order_of_its_sender() {
    for _ in 0..TIMES {
        let order = contract::each_message_arrives_once_in_the_order_of_its_sender(50, 40);
        assert_eq!(order.len(), 90);
    }
}

#[test]
fn disconnected_comes_after_the_last_message() {
    contract::disconnected_comes_after_the_last_message();
}

#[test]
fn a_send_without_a_receiver_returns_the_message() {
    contract::a_send_without_a_receiver_returns_the_message();
}

#[test]
fn unread_messages_are_dropped_with_the_receiver() {
    contract::unread_messages_are_dropped_with_the_receiver();
}

#[test]
fn a_message_sent_while_the_receiver_is_dropped_is_not_lost() {
    for _ in 0..TIMES {
        contract::a_message_sent_while_the_receiver_is_dropped_is_not_lost();
    }
}

#[test]
fn a_message_whose_send_happened_before_is_received() {
    for _ in 0..TIMES {
        contract::a_message_whose_send_happened_before_is_received();
    }
}
