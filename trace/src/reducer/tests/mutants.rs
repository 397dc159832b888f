//! Mutants of legal traces: an event that is dropped or swapped, without a gap in the numbers. The
//! tests list the events whose loss the rules must reveal.

use proptest::prelude::*;
use proptest::test_runner::TestRng;
use runtime_core::record::event::{Event, MAIN_KEY, WakeRoute};
use runtime_core::record::ring::TraceEvent;

use super::cases;
use super::model::{LOOP, Model};
use crate::recording::Recording;
use crate::reducer::Reducer;

/// Long traces of the model, which are the same in each run.
fn traces() -> impl Iterator<Item = Recording> {
    let mut random = TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha);
    (0..cases(120).cases).map(move |_| {
        let choices = (0..1_200).map(|_| random.next_u32() as u8).collect();
        Model::run(choices).recording()
    })
}

fn renumbered(mut recording: Recording) -> Recording {
    for (event, seq) in recording.events.iter_mut().zip(0..) {
        event.seq = seq;
    }
    recording
}

/// A kind of event, and the mutants of that kind: all of them must be reported.
struct Kind {
    name: &'static str,
    is_meant: fn(&[TraceEvent], usize) -> bool,
}

fn later(events: &[TraceEvent], index: usize, is_meant: impl Fn(&Event) -> bool) -> bool {
    events[index + 1..].iter().any(|event| is_meant(&event.event))
}

/// Returns whether the task takes part in the trace after this event.
fn is_polled_later(events: &[TraceEvent], index: usize, key: u64) -> bool {
    later(
        events,
        index,
        |event| matches!(event, Event::PollBegan { key: polled } if *polled == key),
    )
}

fn turn_ends_later(events: &[TraceEvent], index: usize) -> bool {
    later(events, index, |event| matches!(event, Event::TurnEnded { .. }))
}

/// The events whose loss shows, if the trace is long enough for it: the key is polled later, a turn
/// ends, or the job, the timer, the worker is named again.
const DROPPED: &[Kind] = &[
    Kind {
        name: "the spawn of a task that is polled",
        is_meant: |events, index| match events[index].event {
            Event::TaskSpawned { key, .. } => is_polled_later(events, index, key),
            _ => false,
        },
    },
    Kind {
        name: "the begin of main",
        is_meant: |events, index| {
            matches!(events[index].event, Event::MainBegan { .. })
                && is_polled_later(events, index, MAIN_KEY)
        },
    },
    Kind {
        name: "a wake that queues a key, before the end of a turn",
        is_meant: |events, index| {
            matches!(events[index].event, Event::Woken { route: WakeRoute::Queued, .. })
                && turn_ends_later(events, index)
        },
    },
    Kind {
        name: "a message, before the end of a turn",
        is_meant: |events, index| {
            matches!(events[index].event, Event::MessageReceived { .. })
                && turn_ends_later(events, index)
        },
    },
    Kind {
        name: "a wake that posts a message that is received",
        is_meant: |events, index| match events[index].event {
            Event::Woken { key, route: WakeRoute::Posted } => {
                is_last_post_received(events, index, key)
            }
            _ => false,
        },
    },
    Kind {
        name: "the begin of a poll, before the end of a turn",
        is_meant: |events, index| {
            matches!(events[index].event, Event::PollBegan { .. }) && turn_ends_later(events, index)
        },
    },
    Kind {
        name: "a skipped key, before the end of a turn",
        is_meant: |events, index| {
            matches!(events[index].event, Event::KeySkipped { .. })
                && turn_ends_later(events, index)
        },
    },
    Kind {
        name: "the end of a poll, before the end of a turn in which nothing hides it",
        is_meant: |events, index| {
            let is_task = |key| key != MAIN_KEY;
            matches!(events[index].event, Event::PollEnded { key, .. } if is_task(key))
                && later(events, index, |event| matches!(event, Event::PollBegan { .. }))
        },
    },
    Kind {
        name: "the end of a task, before the end of a turn",
        is_meant: |events, index| {
            matches!(events[index].event, Event::TaskEnded { .. }) && turn_ends_later(events, index)
        },
    },
    Kind {
        name: "a batch with keys, before the next poll",
        is_meant: |events, index| {
            matches!(events[index].event, Event::BatchTaken { len } if len > 0)
                && later(events, index, |event| matches!(event, Event::PollBegan { .. }))
        },
    },
    Kind {
        name: "a timer that fires",
        is_meant: |events, index| match events[index].event {
            Event::TimerSet { timer, .. } => later(
                events,
                index,
                |event| matches!(event, Event::TimerFired { timer: fired } if *fired == timer),
            ),
            _ => false,
        },
    },
    Kind {
        name: "the firing of a timer, before the end of a turn",
        is_meant: |events, index| {
            matches!(events[index].event, Event::TimerFired { .. })
                && turn_ends_later(events, index)
        },
    },
    Kind {
        name: "the submit of a job that is taken",
        is_meant: |events, index| match &events[index].event {
            Event::JobQueued { metadata } => later(
                events,
                index,
                |event| matches!(event, Event::JobTaken { job, .. } if *job == metadata.id()),
            ),
            _ => false,
        },
    },
    Kind {
        name: "the taking of a job that ends",
        is_meant: |events, index| match events[index].event {
            Event::JobTaken { job, .. } => later(
                events,
                index,
                |event| matches!(event, Event::JobEnded { job: ended, .. } if *ended == job),
            ),
            _ => false,
        },
    },
    Kind {
        name: "the end of a job, before the worker goes on",
        is_meant: |events, index| match events[index].event {
            Event::JobEnded { worker, .. } => later(
                events,
                index,
                |event| matches!(event, Event::WorkerIdle { worker: next } if *next == worker),
            ),
            _ => false,
        },
    },
    Kind {
        name: "the reservation of a worker that starts",
        is_meant: |events, index| match events[index].event {
            Event::WorkerReserved { worker } => later(
                events,
                index,
                |event| matches!(event, Event::WorkerStarted { worker: row } if *row == worker),
            ),
            _ => false,
        },
    },
    Kind {
        name: "the idleness of a worker, before its pool counts",
        is_meant: |events, index| {
            matches!(events[index].event, Event::WorkerIdle { .. })
                && later(events, index, |event| matches!(event, Event::PoolCounts { .. }))
        },
    },
];

/// Returns whether the message of this wake is received, and no other wake could explain it.
fn is_last_post_received(events: &[TraceEvent], index: usize, key: u64) -> bool {
    let (mut posted, mut received) = (0, 0);
    for event in events {
        match event.event {
            Event::Woken { key: woken, route: WakeRoute::Posted } if woken == key => posted += 1,
            Event::MessageReceived { key: Some(woken) } if woken == key => received += 1,
            _ => {}
        }
    }
    received == posted && index < events.len()
}

#[test]
fn the_loss_of_an_essential_event_is_reported() {
    let mut mutants = vec![0; DROPPED.len()];
    for recording in traces() {
        for (kind, count) in DROPPED.iter().zip(&mut mutants) {
            let meant = |&index: &usize| (kind.is_meant)(&recording.events, index);
            // A few of each kind and trace suffice.
            for index in (0..recording.events.len()).filter(meant).take(3) {
                let mut mutant = recording.clone();
                let dropped = mutant.events.remove(index);
                let violations = Reducer::check(&renumbered(mutant));
                assert!(!violations.is_empty(), "{}: {dropped:?} was dropped", kind.name);
                *count += 1;
            }
        }
    }
    for (kind, count) in DROPPED.iter().zip(mutants) {
        assert!(count > 10, "{}: only {count} mutants", kind.name);
    }
}

/// Pairs of events of one thread that follow each other: each swap of them must be reported.
fn is_essential_pair(first: &Event, second: &Event) -> bool {
    use Event::{BatchTaken, JobEnded, JobTaken, PollBegan, PollEnded, TaskEnded, WorkerIdle};
    match (first, second) {
        (PollBegan { key: first }, PollEnded { key: second, .. })
        | (PollEnded { key: first, .. }, TaskEnded { key: second }) => first == second,
        (BatchTaken { len }, PollBegan { .. }) => *len > 0,
        (PollEnded { .. }, PollBegan { .. }) | (Event::Parked { .. }, Event::Unparked { .. }) => {
            true
        }
        (JobTaken { job: first, .. }, JobEnded { job: second, .. }) => first == second,
        (
            JobEnded { worker: first, .. },
            JobTaken { worker: second, .. } | WorkerIdle { worker: second },
        ) => first == second,
        _ => false,
    }
}

#[test]
fn two_swapped_events_of_one_thread_are_reported() {
    let mut mutants = 0;
    for recording in traces() {
        let events = &recording.events;
        let pairs = (1..events.len()).filter(|&index| {
            let (first, second) = (&events[index - 1], &events[index]);
            first.thread == second.thread && is_essential_pair(&first.event, &second.event)
        });
        for index in pairs.take(10) {
            let mut mutant = recording.clone();
            mutant.events.swap(index - 1, index);
            let violations = Reducer::check(&renumbered(mutant));
            assert!(!violations.is_empty(), "{:?} and its successor", events[index - 1]);
            mutants += 1;
        }
    }
    assert!(mutants > 500, "only {mutants} mutants");
}

#[test]
fn an_event_of_the_loop_on_another_thread_is_reported() {
    for recording in traces().take(20) {
        let is_meant = |event: &TraceEvent| matches!(event.event, Event::PollBegan { .. });
        let Some(index) = recording.events.iter().position(is_meant) else { continue };
        let mut mutant = recording.clone();
        mutant.events[index].thread = LOOP + 77;
        assert!(!Reducer::check(&mutant).is_empty());
    }
}
