//! Traces that no runtime records: (b) of the fuzz. The reducer reports them, and never panics.

use proptest::collection::vec;
use proptest::prelude::*;
use runtime_core::metadata::{Id, Metadata};
use runtime_core::record::event::{Event, IoDirection, MAIN_KEY, WakeRoute};
use runtime_core::record::ring::TraceEvent;

use super::cases;
use super::legal::Rows;
use super::model::Model;
use crate::recording::Recording;
use crate::reducer::{Reducer, State, Violation};

/// Applies all events, and compares the rows that a page would show with the state.
fn reduce(recording: &Recording, compare: impl Fn(&Rows, &State)) -> Vec<Violation> {
    let mut reducer = Reducer::new(recording);
    let mut rows = Rows::default();
    for event in &recording.events {
        assert!(!reducer.sentence(event).is_empty(), "{event:?}");
        for change in reducer.apply(event) {
            rows.apply(change, reducer.state());
        }
    }
    compare(&rows, reducer.state());
    reducer.violations().to_vec()
}

/// An event made of a few numbers. The keys and numbers are small, so they meet each other.
fn event(kind: u8, [a, b, c]: [u8; 3], metadata: &[Metadata], origin: std::time::Instant) -> Event {
    let key = if a % 5 == 4 { MAIN_KEY } else { u64::from(a % 5) };
    let (worker, number, flag) = (u32::from(b % 3), u64::from(b % 4), c % 2 == 0);
    let metadata = metadata[usize::from(c) % metadata.len()].clone();
    let (job, count): (Id, u32) = (metadata.id(), u32::from(b % 3));
    let direction = if flag { IoDirection::Read } else { IoDirection::Write };
    let deadline = origin + std::time::Duration::from_micros(u64::from(c));
    match kind % 42 {
        0 => Event::LoopEntered,
        1 => Event::LoopLeft,
        2 => Event::TurnEnded { received: 0, fired: 0, polled: count, tasks: 1, ready: count },
        3 => Event::BatchTaken { len: count },
        4 => Event::Parked { deadline: flag.then_some(deadline) },
        5 => Event::Unparked { notified: flag },
        6 => Event::LoopClosed,
        7 => Event::MainBegan { metadata },
        8 => Event::MainEnded,
        9 | 10 => Event::TaskSpawned { key: key % 4, metadata },
        11 | 12 => Event::PollBegan { key },
        13 => Event::KeySkipped { key },
        14 | 15 => Event::PollEnded { key, is_ready: flag },
        16 => Event::TaskCancelled { key },
        17 => Event::TaskEnded { key },
        18 => Event::Woken { key, route: WakeRoute::Queued },
        19 => Event::Woken { key, route: WakeRoute::AlreadyQueued },
        20 => Event::Woken { key, route: WakeRoute::Posted },
        21 => Event::Woken { key, route: WakeRoute::Elided },
        22 => Event::MessageReceived { key: flag.then_some(key) },
        23 => Event::CommandPosted,
        24 => Event::TimerSet { timer: number, deadline },
        25 => Event::TimerFired { timer: number },
        26 => Event::TimerDropped { timer: number },
        27 => Event::SourceRegistered { source: number },
        28 => Event::SourceReady { source: number, readable: flag, writable: a % 2 == 0 },
        29 => Event::SourceCleared { source: number, direction, is_still_ready: a % 2 == 0 },
        30 => Event::SourceAwaited { source: number, direction },
        31 => Event::SourceClosed { source: number },
        32 => Event::JobQueued { metadata },
        33 => Event::JobTaken { job, worker },
        34 => Event::JobEnded { job, worker },
        35 if flag => Event::JobDiscarded { job },
        35 => Event::CancelRequested { job },
        36 if flag => Event::WorkerReserved { worker },
        36 => Event::WorkerRefused { worker },
        37 if flag => Event::WorkerStarted { worker },
        37 => Event::WorkerIdle { worker },
        38 if flag => Event::WorkerAssigned { worker },
        38 => Event::WorkerRetired { worker },
        39 if flag => Event::MonitorBegan { worker },
        39 => Event::MonitorEnded { worker },
        40 if flag => Event::PoolGrew { by: count },
        40 => Event::PoolCounts { threads: 1, idle: 1, busy: count, queued: 0 },
        _ if flag => Event::PoolClosed,
        _ if a % 2 == 0 => Event::ShutdownWaits { running: count },
        _ => Event::ShutdownEnded { running: count },
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn garbage_is_reduced_without_a_panic(
        parts in vec((any::<u8>(), any::<[u8; 3]>(), 0_u8..3, 0_u8..40), 0..300),
    ) {
        let origin = std::time::Instant::now();
        let metadata: Vec<Metadata> = (0..4).map(|_| Metadata::here()).collect();
        let mut seq = 0;
        let events = parts.into_iter().map(|(kind, numbers, thread, gap)| {
            seq += if gap == 0 { 5 } else { 1 };
            TraceEvent {
                seq: seq - 1,
                time: std::time::Duration::from_micros(seq),
                thread: thread.into(),
                event: event(kind, numbers, &metadata, origin),
            }
        });
        let recording = Recording { events: events.collect(), origin: Some(origin) };
        reduce(&recording, Rows::compare_items);
    }

    /// The ring has overwritten the beginning.
    #[test]
    fn a_lost_prefix_breaks_no_rule(choices in vec(any::<u8>(), 300..1_000), from in 1_usize..200) {
        let mut recording = Model::run(choices).recording();
        recording.events.drain(..from.min(recording.events.len()));
        assert_eq!(reduce(&recording, Rows::compare), []);
    }

    /// Events in the middle are missing, and their numbers show it.
    #[test]
    fn a_gap_breaks_no_rule(
        choices in vec(any::<u8>(), 300..1_000),
        from in 0_usize..200,
        len in 1_usize..40,
    ) {
        let mut recording = Model::run(choices).recording();
        let from = from.min(recording.events.len());
        let to = (from + len).min(recording.events.len());
        recording.events.drain(from..to);
        assert_eq!(reduce(&recording, Rows::compare), []);
    }

    /// Events are missing, or in another order, and the numbers do not show it.
    #[test]
    fn a_damaged_trace_is_reduced_without_a_panic(
        choices in vec(any::<u8>(), 300..800),
        swaps in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
        drops in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut recording = Model::run(choices).recording();
        let events = &mut recording.events;
        for index in drops {
            if !events.is_empty() {
                events.remove(index.index(events.len()));
            }
        }
        for (first, second) in swaps {
            if !events.is_empty() {
                let len = events.len();
                events.swap(first.index(len), second.index(len));
            }
        }
        for (event, seq) in events.iter_mut().zip(0..) {
            event.seq = seq;
        }
        reduce(&recording, Rows::compare_items);
    }
}
