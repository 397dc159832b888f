//! Models of the ring that keeps the events of a runtime: numbers, order, and whole events.

use std::sync::Arc;

use runtime_core::clock::Clock;
use runtime_core::record::Recorder;
use runtime_core::record::event::{Event, TaskKeyBits, WakeRoute};
use runtime_core::record::ring::{Ring, TraceEvent};
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use runtime_core::sync::explore::Witness;

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const RING: &str = "runtime-core/src/record/ring.rs";
const NUMBER: &str = "number: self.next.fetch_add(1";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "recording::each_event_is_whole_and_numbers_are_unique_and_in_program_order",
        bound: Some(3),
        executions: 618,
        witnesses: &["read early", "read late", "one thread first", "mixed"],
        mutants: &[Mutant::split(RING, NUMBER)],
        body: two_threads_record_and_a_third_reads,
    },
    Model {
        name: "recording::the_event_of_a_wake_precedes_the_event_of_the_poll_that_it_causes",
        bound: None,
        executions: 4,
        witnesses: &["polled", "not polled"],
        mutants: &[Mutant::body("the wake precedes its event", |witness| {
            a_wake_causes_a_poll(witness, |recorder, wake| {
                let was_posted = wake();
                recorder.record(|| woken(was_posted));
            });
        })],
        body: |witness| {
            a_wake_causes_a_poll(witness, |recorder, wake| {
                recorder.record_around(wake, |&was_posted| woken(was_posted));
            });
        },
    },
    Model {
        name: "recording::a_delayed_thread_does_not_overwrite_a_newer_event",
        bound: None,
        executions: 40,
        witnesses: &["the newer event last", "the older event last"],
        mutants: &[Mutant::body("no comparison", the_last_writer_wins)],
        body: the_newest_event_stays,
    },
];

fn woken(was_posted: bool) -> Event {
    Event::Woken { key: 0, route: if was_posted { WakeRoute::Elided } else { WakeRoute::Posted } }
}

fn polled(key: TaskKeyBits) -> Event {
    Event::PollEnded { key, is_ready: key.is_multiple_of(2) }
}

/// The key of an event that [`polled`] made.
fn key_of(recorded: &TraceEvent) -> TaskKeyBits {
    match recorded.event {
        Event::PollEnded { key, is_ready } if is_ready == key.is_multiple_of(2) => key,
        _ => panic!("an event is not whole: {recorded:?}"),
    }
}

/// Two threads record the keys 10, 11 and 20, and the first thread copies the ring meanwhile.
fn two_threads_record_and_a_third_reads(witness: &'static Witness) {
    let ring = Arc::new(Ring::new(4, Clock::system()));
    let recorders = [&[10, 11][..], &[20]].map(|keys| {
        let recorder = Recorder::to(Arc::clone(&ring));
        spawn(move || keys.iter().for_each(|&key| recorder.record(|| polled(key))))
    });
    let early = ring.events();
    recorders.into_iter().for_each(join);
    let late = ring.events();
    witness.saw(if early.len() < late.len() { "read early" } else { "read late" });

    let numbers: Vec<u64> = late.iter().map(|recorded| recorded.seq).collect();
    assert_eq!(numbers, [0, 1, 2], "the numbers are unique");
    let keys: Vec<_> = late.iter().map(key_of).collect();
    match keys[..] {
        [10, 11, 20] | [20, 10, 11] => witness.saw("one thread first"),
        [10, 20, 11] => witness.saw("mixed"),
        _ => panic!("the events of a thread are in its order: {keys:?}"),
    }
    for recorded in &early {
        assert_eq!(key_of(recorded), keys[recorded.seq as usize], "an event does not change");
    }
}

/// A thread wakes a task by a swap, and the loop polls the task if it sees the wake.
fn a_wake_causes_a_poll(witness: &'static Witness, record: fn(&Recorder, &dyn Fn() -> bool)) {
    let ring = Arc::new(Ring::new(2, Clock::system()));
    let posted = Arc::new(AtomicBool::new(false));
    let (recorder, own) = (Recorder::to(Arc::clone(&ring)), Arc::clone(&posted));
    let waker = spawn(move || record(&recorder, &|| own.swap(true, Ordering::AcqRel)));
    let is_woken = posted.swap(false, Ordering::AcqRel);
    if is_woken {
        ring.record(polled(0));
    }
    join(waker);
    witness.saw(if is_woken { "polled" } else { "not polled" });
    let events = ring.events();
    assert!(matches!(events[0].event, Event::Woken { route: WakeRoute::Posted, .. }));
    assert_eq!(events.len(), 1 + usize::from(is_woken));
}

/// In a ring of one slot, the event with the higher number stays.
fn the_newest_event_stays(witness: &'static Witness) {
    let ring = Arc::new(Ring::new(1, Clock::system()));
    let filled = Arc::new(AtomicUsize::new(0));
    let record = |ring: &Ring, filled: &AtomicUsize, key| {
        let place = ring.reserve();
        ring.fill(place, polled(key));
        filled.fetch_add(1, Ordering::AcqRel)
    };
    let (own, own_filled) = (Arc::clone(&ring), Arc::clone(&filled));
    let other = spawn(move || {
        record(&own, &own_filled, 10);
    });
    let place = ring.reserve();
    ring.fill(place, polled(20));
    let before = filled.fetch_add(1, Ordering::AcqRel);
    join(other);
    let events = ring.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].seq, 1, "the newer event stays");
    let is_own = key_of(&events[0]) == 20;
    let is_own_last = before == 1;
    witness.saw(if is_own == is_own_last {
        "the newer event last"
    } else {
        "the older event last"
    });
}

/// The ring of one slot without the comparison of the numbers.
fn the_last_writer_wins(_: &'static Witness) {
    let next = Arc::new(AtomicUsize::new(0));
    let slot = Arc::new(Mutex::new(0));
    let record = |next: &AtomicUsize, slot: &Mutex<usize>| {
        let number = next.fetch_add(1, Ordering::AcqRel);
        *slot.lock() = number;
    };
    let (own_next, own_slot) = (Arc::clone(&next), Arc::clone(&slot));
    let other = spawn(move || record(&own_next, &own_slot));
    record(&next, &slot);
    join(other);
    assert_eq!(*slot.lock(), 1, "the newer event stays");
}
