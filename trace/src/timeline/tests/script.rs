//! Recordings that are written by hand.

use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_core::record::event::{Event, MAIN_KEY, TaskKeyBits, WakeRoute};
use runtime_core::record::ring::TraceEvent;

use crate::recording::Recording;

pub(super) const LOOP: u64 = 0;
pub(super) const MAIN: TaskKeyBits = MAIN_KEY;

/// A recording in the making. Times are in milliseconds.
#[derive(Default)]
pub(super) struct Script {
    events: Vec<TraceEvent>,
}

impl Script {
    pub(super) fn new() -> Script {
        Script::default()
    }

    pub(super) fn at(&mut self, ms: u64, thread: u64, event: Event) -> &mut Script {
        self.at_time(Duration::from_millis(ms), thread, event)
    }

    pub(super) fn at_time(&mut self, time: Duration, thread: u64, event: Event) -> &mut Script {
        let seq = self.events.len() as u64;
        self.events.push(TraceEvent { seq, time, thread, event });
        self
    }

    /// The main future begins, and is polled for the first time.
    pub(super) fn main_begins(&mut self, ms: u64) -> &mut Script {
        self.at(ms, LOOP, Event::LoopEntered)
            .at(ms, LOOP, Event::MainBegan { metadata: Metadata::here() })
            .at(ms, LOOP, Event::PollBegan { key: MAIN })
    }

    pub(super) fn main_ends(&mut self, ms: u64) -> &mut Script {
        self.at(ms, LOOP, Event::PollEnded { key: MAIN, is_ready: true })
            .at(ms, LOOP, Event::MainEnded)
            .at(ms, LOOP, Event::LoopLeft)
    }

    pub(super) fn spawn(&mut self, ms: u64, key: TaskKeyBits, name: &str) -> &mut Script {
        self.at(ms, LOOP, Event::TaskSpawned { key, metadata: Metadata::here().named(name) })
    }

    pub(super) fn poll(&mut self, from_ms: u64, to_ms: u64, key: TaskKeyBits) -> &mut Script {
        self.at(from_ms, LOOP, Event::PollBegan { key }).at(
            to_ms,
            LOOP,
            Event::PollEnded { key, is_ready: false },
        )
    }

    pub(super) fn park(&mut self, from_ms: u64, to_ms: u64) -> &mut Script {
        self.at(from_ms, LOOP, Event::Parked { deadline: None }).at(
            to_ms,
            LOOP,
            Event::Unparked { notified: true },
        )
    }

    pub(super) fn wake(&mut self, ms: u64, thread: u64, key: TaskKeyBits) -> &mut Script {
        self.at(ms, thread, Event::Woken { key, route: WakeRoute::Posted })
    }

    /// Queues a job that a worker then runs. The thread of worker `n` has the number `n + 1`. The
    /// end of the job wakes the main future.
    pub(super) fn job(&mut self, name: &str, worker: u32, (from, to): (u64, u64)) -> &mut Script {
        let metadata = Metadata::here().named(name);
        let (job, thread) = (metadata.id(), u64::from(worker) + 1);
        self.at(from, LOOP, Event::JobQueued { metadata })
            .at(from, thread, Event::JobTaken { job, worker })
            .at(to, thread, Event::Woken { key: MAIN, route: WakeRoute::Posted })
            .at(to, thread, Event::JobEnded { job, worker })
    }

    /// The events in the order of their time.
    pub(super) fn recording(&self) -> Recording {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event.time);
        for (seq, event) in events.iter_mut().enumerate() {
            event.seq = seq as u64;
        }
        Recording { events, ..Recording::default() }
    }
}

/// A recording of a loop and up to four workers, with polls and jobs of all lengths.
pub(super) fn random_recording(seed: u64, steps: u64) -> Recording {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut script = Script::new();
    script.main_begins(0).at(0, LOOP, Event::PollEnded { key: MAIN, is_ready: false });
    for key in 0..5 {
        script.spawn(0, key, &format!("task {key}"));
    }
    let (mut now, mut free_at) = (0, [0; 4]);
    for _ in 0..steps {
        let length = [0, 0, 1, 30, 900][random(5) as usize];
        let worker = random(4) as usize;
        match random(4) {
            0 => script.park(now, now + length),
            1 if free_at[worker] <= now => {
                let span = 1 + random(500);
                free_at[worker] = now + span;
                script.job("job", worker as u32, (now, now + span));
                continue;
            }
            2 => script.poll(now, now + length, MAIN),
            _ => script.poll(now, now + length, random(5)),
        };
        now += length;
    }
    script.main_ends(now.max(free_at.into_iter().max().unwrap_or(0)));
    script.recording()
}
