//! The text is JSON, and follows the trace event format.

use std::collections::BTreeMap;
use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_core::record::event::{Event, MAIN_KEY, WakeRoute};
use runtime_core::record::ring::TraceEvent;
use serde_json::Value;

use crate::recording::Recording;

/// A recording of events on threads, one microsecond apart.
fn recording(events: Vec<(u64, Event)>) -> Recording {
    let events = events.into_iter().zip(0..).map(|((thread, event), seq)| TraceEvent {
        seq,
        time: Duration::from_nanos(1_500 * seq),
        thread,
        event,
    });
    Recording { events: events.collect(), ..Recording::default() }
}

/// Main submits a job, which wakes it.
fn one_job(name: &str) -> Recording {
    let metadata = Metadata::here().named(name);
    let job = metadata.id();
    let route = WakeRoute::Posted;
    recording(vec![
        (0, Event::LoopEntered),
        (0, Event::MainBegan { metadata: Metadata::here() }),
        (0, Event::BatchTaken { len: 1 }),
        (0, Event::PollBegan { key: MAIN_KEY }),
        (0, Event::JobQueued { metadata }),
        (0, Event::WorkerReserved { worker: 0 }),
        (0, Event::PollEnded { key: MAIN_KEY, is_ready: false }),
        (0, Event::TurnEnded { received: 0, fired: 0, polled: 1, tasks: 0, ready: 0 }),
        (0, Event::Parked { deadline: None }),
        (7, Event::WorkerStarted { worker: 0 }),
        (7, Event::JobTaken { job, worker: 0 }),
        (7, Event::Woken { key: MAIN_KEY, route }),
        (7, Event::JobEnded { job, worker: 0 }),
        (0, Event::Unparked { notified: true }),
        (0, Event::MessageReceived { key: Some(MAIN_KEY) }),
        (0, Event::BatchTaken { len: 1 }),
        (0, Event::PollBegan { key: MAIN_KEY }),
    ])
}

fn events(recording: &Recording) -> Vec<Value> {
    let json: Value = serde_json::from_str(&recording.to_chrome_json()).expect("it is JSON");
    json["traceEvents"].as_array().expect("a list of events").clone()
}

fn of_phase<'a>(events: &'a [Value], phase: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["ph"] == phase).collect()
}

/// The members that the format requires, and the pairs.
fn check(events: &[Value]) {
    let mut flows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut waits: BTreeMap<&str, i32> = BTreeMap::new();
    for event in events {
        assert!(event["pid"].is_u64() && event["tid"].is_u64(), "{event}");
        assert!(event["name"].is_string(), "{event}");
        let phase = event["ph"].as_str().expect("a phase");
        if phase == "M" {
            assert!(event["args"]["name"].is_string(), "{event}");
            continue;
        }
        assert!(event["ts"].as_f64().is_some_and(|time| time >= 0.0), "{event}");
        let id = event["id"].as_str();
        match phase {
            "X" => assert!(event["dur"].as_f64().is_some_and(|time| time >= 0.0), "{event}"),
            "C" => assert!(event["args"]["count"].is_u64(), "{event}"),
            "s" | "f" => flows.entry(id.expect("an id")).or_default().push(phase),
            "b" => *waits.entry(id.expect("an id")).or_default() += 1,
            "e" => *waits.entry(id.expect("an id")).or_default() -= 1,
            other => panic!("the phase {other}"),
        }
    }
    assert!(flows.values().all(|phases| phases == &["s", "f"]), "{flows:?}");
    assert!(waits.values().all(|&open| open == 0), "{waits:?}");
}

#[test]
fn a_job_and_its_task_are_slices_with_flows_between_them() {
    let events = events(&one_job("copy"));
    check(&events);
    let slices = of_phase(&events, "X");
    let slices: Vec<_> = slices
        .iter()
        .map(|event| (event["name"].as_str().unwrap_or_default(), event["tid"].as_u64()))
        .collect();
    let expected = [("main", 1), ("job `copy`", 8), ("parked", 1), ("main", 1)];
    assert_eq!(slices, expected.map(|(name, thread)| (name, Some(thread))));
    let flows: Vec<_> = of_phase(&events, "f").iter().map(|event| &event["name"]).collect();
    assert_eq!(flows, ["submit", "wake"]);
    let poll = of_phase(&events, "X")[0];
    assert_eq!((poll["ts"].as_f64(), poll["dur"].as_f64()), (Some(4.5), Some(4.5)));
    let names: Vec<_> = of_phase(&events, "M").iter().map(|event| &event["args"]["name"]).collect();
    assert_eq!(names, ["aside", "loop", "worker 0"]);
}

#[test]
fn waits_and_counts_follow_the_state() {
    let events = events(&one_job("copy"));
    let waits: Vec<_> = of_phase(&events, "b").iter().map(|event| &event["name"]).collect();
    assert_eq!(waits, ["job `copy` queued", "main waits", "main is queued"]);
    let count = |name: &str| -> Vec<u64> {
        let counts = of_phase(&events, "C").into_iter().filter(|event| event["name"] == name);
        counts.filter_map(|event| event["args"]["count"].as_u64()).collect()
    };
    assert_eq!(count("ready queue"), [0, 1, 0, 1, 0]);
    assert_eq!(count("inbox"), [0, 1, 0]);
    assert_eq!(count("queued jobs"), [0, 1, 0]);
    assert_eq!(count("workers"), [0, 1]);
}

#[test]
fn a_name_cannot_break_the_text() {
    let name = "\"},]\\ </script>\n\u{1}\u{2028}";
    let recording = one_job(name);
    let events = events(&recording);
    check(&events);
    assert!(!recording.to_chrome_json().contains("</script>"));
    assert!(of_phase(&events, "X").iter().any(|event| event["name"] == format!("job `{name}`")));
}

#[test]
fn a_recording_that_lost_its_beginning_is_complete_json() {
    let mut recording = one_job("copy");
    for _ in 0..16 {
        recording.events.remove(0);
        check(&events(&recording));
    }
}
