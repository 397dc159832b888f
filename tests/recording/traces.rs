//! The trace itself: its size, its switch, and its runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aside::Runtime;
use aside::observe::{Event, Recording, Trace};

/// The names of the spawned tasks.
fn spawned(recording: &Recording) -> Vec<&str> {
    let events = recording.events.iter();
    let names = events.filter_map(|recorded| match &recorded.event {
        Event::TaskSpawned { metadata, .. } => metadata.name(),
        _ => None,
    });
    names.collect()
}

fn run_named(runtime: &Runtime, name: &str) {
    runtime.block_on(async { aside::named(name).spawn(async {}).await.unwrap() });
}

#[test]
fn two_runtimes_have_two_traces() {
    let (first, second) = (Trace::new(), Trace::new());
    let outer = Runtime::builder().record(&first).build();
    let inner = Runtime::builder().record(&second).build();
    run_named(&outer, "outer");
    run_named(&inner, "inner");
    assert_eq!(spawned(&first.recording()), ["outer"]);
    assert_eq!(spawned(&second.recording()), ["inner"]);
}

#[test]
fn a_second_runtime_with_the_same_trace_panics() {
    let trace = Trace::new();
    let builder = || Runtime::builder().record(&trace);
    let runtime = builder().build();
    let second = catch_unwind(AssertUnwindSafe(|| drop(builder().build())));
    assert!(second.is_err());
    run_named(&runtime, "first");
    assert_eq!(spawned(&trace.recording()), ["first"]);
}

#[test]
fn a_full_trace_keeps_the_last_events_and_counts_the_lost_ones() {
    let whole = Trace::new();
    let small = Trace::with_capacity(8);
    for trace in [&whole, &small] {
        let runtime = Runtime::builder().record(trace).build();
        run_named(&runtime, "task");
    }
    let (whole, small) = (whole.recording(), small.recording());
    assert!(whole.is_whole());
    assert_eq!(small.events.len(), 8);
    assert_eq!(small.lost(), whole.events.len() as u64 - 8);
    let sequence = |recording: &Recording| {
        let last = recording.events.iter().rev().take(8);
        let kinds = last.map(|recorded| (recorded.seq, std::mem::discriminant(&recorded.event)));
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(sequence(&small), sequence(&whole));
}

#[test]
fn a_stopped_trace_records_nothing_until_it_is_started() {
    let trace = Trace::new();
    trace.stop();
    let runtime = Runtime::builder().record(&trace).build();
    run_named(&runtime, "before");
    assert!(!trace.is_on());
    assert!(trace.recording().events.is_empty());
    trace.start();
    run_named(&runtime, "during");
    trace.stop();
    run_named(&runtime, "after");
    assert_eq!(spawned(&trace.recording()), ["during"]);
}

#[test]
fn a_trace_that_no_runtime_uses_is_empty() {
    let trace = Trace::default();
    assert!(trace.is_on());
    assert!(trace.recording().events.is_empty());
    assert!(trace.recording().is_whole());
}

#[test]
fn a_trace_can_be_read_while_its_runtime_runs() {
    let trace = Trace::new();
    let own = trace.clone();
    let runtime = Runtime::builder().record(&trace).build();
    let seen = runtime.block_on(async move {
        aside::named("task").spawn(async {}).await.unwrap();
        aside::spawn_blocking(move || spawned(&own.recording()).len()).await.unwrap()
    });
    assert_eq!(seen, 1);
}
