//! Each rule, by a small trace that breaks it, and the sentences about wakes.

use std::time::{Duration, Instant};

use runtime_core::metadata::Metadata;
use runtime_core::record::event::{Event, MAIN_KEY, WakeRoute};
use runtime_core::record::ring::TraceEvent;

use crate::recording::Recording;
use crate::reducer::Reducer;

/// The key of the only task.
const KEY: u64 = 0;
const LOOP: u64 = 0;

/// A recording of events on threads, one millisecond apart.
fn recording(events: &[(u64, Event)]) -> Recording {
    let events = events.iter().cloned().zip(0..).map(|((thread, event), seq)| TraceEvent {
        seq,
        time: Duration::from_millis(seq),
        thread,
        event,
    });
    Recording { events: events.collect(), origin: Some(Instant::now()) }
}

/// The loop begins to turn, with one task in the batch.
fn one_task() -> Vec<(u64, Event)> {
    let metadata = Metadata::here().named("resize");
    let events = [
        Event::LoopEntered,
        Event::TaskSpawned { key: KEY, metadata },
        Event::BatchTaken { len: 1 },
    ];
    events.map(|event| (LOOP, event)).into()
}

/// The task has been polled, and waits.
fn one_waiting_task() -> Vec<(u64, Event)> {
    let mut events = one_task();
    events.push((LOOP, Event::PollBegan { key: KEY }));
    events.push((LOOP, Event::PollEnded { key: KEY, is_ready: false }));
    events
}

/// Asserts that the events break one rule after `before`.
#[track_caller]
fn breaks(before: Vec<(u64, Event)>, events: &[(u64, Event)], sentence: &str) {
    assert_eq!(Reducer::check(&recording(&before)), []);
    let all = [&before[..], events].concat();
    let violations = Reducer::check(&recording(&all));
    let sentences: Vec<&str> = violations.iter().map(|found| &*found.sentence).collect();
    assert_eq!(sentences, [sentence]);
}

#[test]
fn a_task_is_polled_only_between_its_spawn_and_its_end() {
    let mut ended = one_task();
    ended.push((LOOP, Event::PollBegan { key: KEY }));
    ended.push((LOOP, Event::PollEnded { key: KEY, is_ready: true }));
    ended.push((LOOP, Event::TaskEnded { key: KEY }));
    ended.push((LOOP, Event::Woken { key: KEY, route: WakeRoute::Queued }));
    ended.push((LOOP, Event::BatchTaken { len: 1 }));
    let poll = [(LOOP, Event::PollBegan { key: KEY })];
    breaks(ended, &poll, "task `resize` is polled after its end");
    let unknown = [(LOOP, Event::Woken { key: 9, route: WakeRoute::Queued })];
    let sentence = "the unknown task of slot 9 is woken without having been spawned";
    breaks(one_task(), &unknown, sentence);
}

#[test]
fn a_key_is_queued_once_and_polled_from_the_batch() {
    let queued = |route| (LOOP, Event::Woken { key: KEY, route });
    breaks(one_task(), &[queued(WakeRoute::Queued)], "task `resize` is queued a second time");
    let already = [queued(WakeRoute::AlreadyQueued)];
    let sentence = "task `resize` is woken as if it were queued already, but it is in no queue";
    breaks(one_waiting_task(), &already, sentence);
    let poll = [queued(WakeRoute::Queued), (LOOP, Event::PollBegan { key: KEY })];
    let sentence =
        "task `resize` is polled, but its key is in the ready queue and not in the batch";
    breaks(one_waiting_task(), &poll, sentence);
    let skip = [(LOOP, Event::KeySkipped { key: KEY })];
    breaks(one_task(), &skip, "the loop skips task `resize`, which has not ended");
}

#[test]
fn an_elided_wake_has_a_message() {
    let wake = |thread, route| (thread, Event::Woken { key: KEY, route });
    let elided = [wake(5, WakeRoute::Elided), (5, Event::CommandPosted)];
    let sentence = "a wake of task `resize` is elided, but no message is in the inbox";
    breaks(one_waiting_task(), &elided, sentence);
    // The other thread may have been first, and was only numbered later.
    let mut explained = one_waiting_task();
    explained.extend([wake(5, WakeRoute::Elided), wake(6, WakeRoute::Posted)]);
    explained.extend([(5, Event::CommandPosted), (6, Event::CommandPosted)]);
    assert_eq!(Reducer::check(&recording(&explained)), []);
    let twice = [wake(5, WakeRoute::Posted), (5, Event::CommandPosted)];
    let sentence = "a message for task `resize` is posted while one is in the inbox";
    breaks(explained, &twice, sentence);
    let receipt = [(LOOP, Event::MessageReceived { key: Some(KEY) })];
    let sentence = "a message for task `resize` is received, but none was posted";
    breaks(one_waiting_task(), &receipt, sentence);
}

#[test]
fn the_loop_does_not_park_while_a_key_is_queued_or_past_a_deadline() {
    let park = [(LOOP, Event::Parked { deadline: None })];
    breaks(one_task(), &park, "the loop parks while the number of queued keys is 1");
    let mut events = one_waiting_task();
    let recording = recording(&events);
    let deadline = Instant::now() + Duration::from_secs(100);
    events.push((LOOP, Event::TimerSet { timer: 1, deadline }));
    events.push((LOOP, Event::Parked { deadline: None }));
    let violations = Reducer::check(&Recording { events: numbered(&events), ..recording });
    assert_eq!(violations.len(), 1);
    assert!(violations[0].sentence.starts_with("the loop parks past the deadline of a timer"));
}

fn numbered(events: &[(u64, Event)]) -> Vec<TraceEvent> {
    recording(events).events
}

#[test]
fn a_timer_fires_once_and_not_early() {
    let origin = Instant::now();
    let mut events = one_waiting_task();
    let deadline = origin + Duration::from_millis(6);
    events.push((LOOP, Event::TimerSet { timer: 1, deadline }));
    events.push((LOOP, Event::TimerFired { timer: 1 }));
    let check = |events: &[(u64, Event)]| {
        let events = numbered(events);
        let violations = Reducer::check(&Recording { events, origin: Some(origin) });
        violations.into_iter().map(|found| found.sentence).collect::<Vec<_>>()
    };
    assert_eq!(check(&events), [""; 0]);
    events.push((LOOP, Event::TimerFired { timer: 1 }));
    assert_eq!(check(&events), ["timer 1 fires, but it is not set"]);
    events.truncate(5);
    let deadline = origin + Duration::from_millis(10);
    events.push((LOOP, Event::TimerSet { timer: 1, deadline }));
    events.push((LOOP, Event::TimerFired { timer: 1 }));
    assert_eq!(check(&events), ["timer 1 fires 4ms before its deadline"]);
}

#[test]
fn a_worker_runs_one_job_and_a_job_has_one_worker() {
    let [first, second] = ["a", "b"].map(|name| Metadata::here().named(name));
    let [a, b] = [first.id(), second.id()];
    let events: Vec<(u64, Event)> = [
        (LOOP, Event::JobQueued { metadata: first }),
        (LOOP, Event::JobQueued { metadata: second }),
        (LOOP, Event::WorkerReserved { worker: 0 }),
        (9, Event::WorkerStarted { worker: 0 }),
        (9, Event::JobTaken { job: a, worker: 0 }),
    ]
    .into();
    let taken = [(9, Event::JobTaken { job: b, worker: 0 })];
    breaks(events.clone(), &taken, "worker 0 takes a job, but it runs a job");
    let ended = [(9, Event::JobEnded { job: a, worker: 0 })];
    let again = [&ended[..], &[(LOOP, Event::JobDiscarded { job: a })]].concat();
    breaks(events.clone(), &again, "job `a` is discarded, but it has ended");
    let counts = Event::PoolCounts { threads: 1, idle: 0, busy: 0, queued: 1 };
    let sentence = "the pool counts 0 running jobs, but the trace has 1";
    breaks(events.clone(), &[(9, counts)], sentence);
    let idle = [(LOOP, Event::WorkerAssigned { worker: 0 })];
    breaks(events, &idle, "worker 0 is woken, but it runs a job");
}

#[test]
fn the_counts_of_a_turn_agree() {
    let counts = |polled, tasks, ready| {
        [(LOOP, Event::TurnEnded { received: 0, fired: 0, polled, tasks, ready })]
    };
    let sentence = "the turn has taken up 2 keys, but the trace has 1";
    breaks(one_waiting_task(), &counts(2, 1, 0), sentence);
    let sentence = "the loop counts 2 tasks, but the trace has 1";
    breaks(one_waiting_task(), &counts(1, 2, 0), sentence);
    let sentence = "the loop counts 3 keys in its queues, but the trace has 0";
    breaks(one_waiting_task(), &counts(1, 1, 3), sentence);
}

#[test]
fn a_sentence_says_why() {
    let mut events = one_waiting_task();
    let wake = |thread, key, route| (thread, Event::Woken { key, route });
    events.push((9, Event::WorkerStarted { worker: 2 }));
    events.push(wake(9, KEY, WakeRoute::Posted));
    events.push(wake(9, KEY, WakeRoute::Elided));
    events.push((LOOP, Event::MessageReceived { key: Some(KEY) }));
    events.push(wake(LOOP, KEY, WakeRoute::AlreadyQueued));
    events.push((7, Event::CommandPosted));
    events.push(wake(LOOP, MAIN_KEY, WakeRoute::Queued));
    let recording = recording(&events);
    let mut reducer = Reducer::new(&recording);
    let sentences = recording.events.iter().map(|event| {
        let sentence = reducer.sentence(event);
        reducer.apply(event);
        sentence
    });
    let sentences: Vec<String> = sentences.skip(5).collect();
    let expected = [
        "the thread of worker 2 runs",
        "worker 2 wakes task `resize`: it is not on the loop's thread, so it posts a message",
        "worker 2 wakes task `resize`: a message is in the inbox already, so it posts none",
        "the loop receives the message for task `resize`: the key goes to the ready queue",
        "the loop wakes task `resize`: the key is queued already",
        "thread 7 sends a command to the loop",
        "the loop wakes main: it is on the loop's thread, so the key goes to the ready queue",
    ];
    assert_eq!(sentences, expected);
}
