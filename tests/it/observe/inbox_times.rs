//! The time of messages in the inbox, from recordings.

use std::time::Duration;

use aside::observe::{Event, Recording, Trace, TraceEvent, WakeRoute, inbox_time};
use aside::{Runtime, spawn_blocking};

use crate::support::watchdog::watched;

fn recording(first: u64, events: impl IntoIterator<Item = Event>) -> Recording {
    let events = events.into_iter().zip(first..);
    let events = events.map(|(event, seq)| TraceEvent {
        seq,
        time: Duration::from_millis(seq),
        thread: 0,
        event,
    });
    Recording { events: events.collect(), origin: None }
}

fn events() -> [Event; 7] {
    let woken = |key, route| Event::Woken { key, route };
    [
        woken(7, WakeRoute::Posted),
        Event::CommandPosted,
        woken(7, WakeRoute::Elided),
        woken(8, WakeRoute::Queued),
        Event::MessageReceived { key: Some(7) },
        Event::MessageReceived { key: None },
        Event::MessageReceived { key: Some(8) },
    ]
}

#[test]
fn a_message_counts_from_its_post_to_its_receipt() {
    watched(|| {
        let times = inbox_time(&recording(0, events()));
        assert_eq!((times.count(), times.sum()), (2, Duration::from_millis(8)));
        assert_eq!(times.max(), Duration::from_millis(4));
    });
}

#[test]
fn commands_of_a_recording_without_its_begin_are_not_counted() {
    watched(|| {
        let times = inbox_time(&recording(100, events()));
        assert_eq!((times.count(), times.sum()), (1, Duration::from_millis(4)));
    });
}

#[test]
fn each_message_of_a_program_is_counted_once() {
    watched(|| {
        let trace = Trace::new();
        let runtime = Runtime::builder().record(&trace).build();
        runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
        let recording = trace.recording();
        let is_receipt = |event: &&TraceEvent| matches!(event.event, Event::MessageReceived { .. });
        let received = recording.events.iter().filter(is_receipt).count();
        assert_eq!(inbox_time(&recording).count(), received as u64);
    });
}
