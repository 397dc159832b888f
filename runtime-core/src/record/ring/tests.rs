use std::mem::size_of;

use crate::clock::Clock;
use crate::record::event::Event;
use crate::record::ring::{Ring, StoredEvent, TraceEvent};
use crate::sync::Mutex;

fn polled(key: u64) -> Event {
    Event::PollBegan { key }
}

fn keys(ring: &Ring) -> Vec<u64> {
    let events = ring.events().into_iter();
    let keys = events.map(|TraceEvent { event, .. }| match event {
        Event::PollBegan { key } => key,
        other => panic!("no test records {other:?}"),
    });
    keys.collect()
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_slot_takes_as_many_bytes_as_documented() {
    assert_eq!(size_of::<Mutex<Option<StoredEvent>>>(), 72);
}

#[test]
fn the_capacity_is_a_power_of_two() {
    for (capacity, slots) in [(0, 1), (1, 1), (3, 4), (4, 4), (5, 8)] {
        let ring = Ring::new(capacity, Clock::system());
        (0..20).for_each(|key| ring.record(polled(key)));
        assert_eq!(keys(&ring), (20 - slots..20).collect::<Vec<_>>());
    }
}

#[test]
fn an_event_keeps_the_number_that_was_reserved_for_it() {
    let ring = Ring::new(4, Clock::system());
    let first = ring.reserve();
    ring.record(polled(1));
    assert_eq!(keys(&ring), [1]);
    ring.fill(first, polled(0));
    assert_eq!(keys(&ring), [0, 1]);
}

#[test]
fn an_event_that_is_a_round_late_is_lost() {
    let ring = Ring::new(2, Clock::system());
    let late = ring.reserve();
    (1..4).for_each(|key| ring.record(polled(key)));
    ring.fill(late, polled(0));
    assert_eq!(keys(&ring), [2, 3]);
}

#[test]
fn the_time_of_an_event_is_that_of_the_clock() {
    let clock = Clock::virtual_time();
    let ring = Ring::new(2, clock.clone());
    let later = std::time::Duration::from_secs(7);
    clock.advance_to(clock.now() + later);
    ring.record(polled(0));
    assert_eq!(ring.events()[0].time, later);
}
