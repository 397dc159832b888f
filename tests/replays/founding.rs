//! The founding program: four calls of two seconds, in eight, four and two seconds.
//!
//! The calls block under virtual time. A call waits until all calls that can run with it have
//! begun, and then two seconds have passed, so the times are exact.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use aside::time::Clock;
use aside::{Runtime, gather, named, try_gather};
use aside_trace::replay::Document;

use crate::{EventOrder, Replay, count, find, page, record_virtual};

const CALL: Duration = Duration::from_secs(2);

/// A function that blocks its thread for two seconds, together with others.
#[derive(Clone)]
struct SlowCall {
    clock: Clock,
    together: Arc<Barrier>,
}

impl SlowCall {
    fn new(clock: &Clock, together: usize) -> SlowCall {
        SlowCall { clock: clock.clone(), together: Arc::new(Barrier::new(together)) }
    }

    fn block(&self) {
        self.together.wait();
        let end = self.clock.now() + CALL;
        self.together.wait();
        self.clock.advance_to(end);
    }

    async fn on_pool(&self, name: String) {
        let call = self.clone();
        named(name).spawn_blocking(move || call.block()).await.unwrap();
    }
}

/// The calls block the loop.
fn sequential(runtime: &Runtime, clock: &Clock) {
    let slow = SlowCall::new(clock, 1);
    runtime.block_on(async {
        let main_of = |name: &str| {
            let slow = slow.clone();
            named(name.to_string()).spawn(async move {
                slow.block();
                slow.block();
            })
        };
        try_gather((main_of("main 1"), main_of("main 2"))).await.unwrap();
    });
}

/// Two mains are gathered; the two calls of each main follow each other.
fn gathered(runtime: &Runtime, clock: &Clock) {
    let slow = SlowCall::new(clock, 2);
    let main_of = async |name: &str| {
        slow.on_pool(format!("{name}, call 1")).await;
        slow.on_pool(format!("{name}, call 2")).await;
    };
    runtime.block_on(gather((main_of("main 1"), main_of("main 2"))));
}

/// Everything is gathered.
fn all_gathered(runtime: &Runtime, clock: &Clock) {
    let slow = SlowCall::new(clock, 4);
    let main_of = async |name: &str| {
        let call = |number| slow.on_pool(format!("{name}, call {number}"));
        gather((call(1), call(2))).await;
    };
    runtime.block_on(gather((main_of("main 1"), main_of("main 2"))));
}

/// Checks the time of the last call's end, and that each call has run.
fn check(document: &Document, run: usize, seconds: u64, jobs: usize) {
    let run = &document.runs[run];
    assert_eq!(run.frames.last().unwrap().time, seconds * 1_000_000_000, "{}", run.name);
    assert_eq!(count(run, "JobEnded"), jobs, "{}", run.name);
}

pub(crate) fn eight_beside_four() -> Replay {
    let mut document = page(
        "Eight seconds beside four",
        "Four calls block for two seconds each. On the left they block the loop, and everything \
         waits for them. On the right they block workers of the pool, and the loop is parked \
         meanwhile. Both runs show the same time.",
    );
    record_virtual(&mut document, "the calls block the loop: 8 s", |builder| builder, sequential);
    record_virtual(&mut document, "the calls block workers: 4 s", |builder| builder, gathered);
    check(&document, 0, 8, 0);
    check(&document, 1, 4, 4);
    let looks = vec![
        (
            "the poll of the first task begins, and holds the loop for four seconds",
            find(&document, "PollBegan", "main 1"),
        ),
        (
            "the second task was ready all the time, and is polled four seconds late",
            find(&document, "PollBegan", "main 2"),
        ),
    ];
    Replay { file: "eight-four", order: EventOrder::Free, document, looks }
}

pub(crate) fn four_beside_two() -> Replay {
    let mut document = page(
        "Four seconds beside two",
        "On the left a main awaits its first call before it submits the second one. On the right \
         both calls are gathered, so four jobs are submitted in one poll, and the pool adds a \
         worker for each of them because the running ones block.",
    );
    record_virtual(&mut document, "one call after the other: 4 s", |builder| builder, gathered);
    record_virtual(&mut document, "all calls gathered: 2 s", |builder| builder, all_gathered);
    check(&document, 0, 4, 4);
    check(&document, 1, 2, 4);
    let looks = vec![
        ("the main future submits its first job", find(&document, "JobQueued", "call 1")),
        (
            "with both jobs submitted, nothing is ready: the loop parks",
            find(&document, "Parked", ""),
        ),
        ("a worker wakes the main future by a message", find(&document, "Woken", "message")),
    ];
    Replay { file: "four-two", order: EventOrder::Free, document, looks }
}
