//! An independent model of a runtime, which writes the trace of a random run.
//!
//! The threads of the model are state machines: the loop, threads that wake tasks, and workers. A
//! choice picks the thread that makes the next small step. A wake takes three steps: its number,
//! the swap of the flag, and the message. So the traces have every order that threads can cause.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use runtime_core::metadata::{Id, Metadata};
use runtime_core::record::event::{Event, MAIN_KEY, WakeRoute};
use runtime_core::record::ring::TraceEvent;

use super::model_loop::LoopStep;
use super::model_pool::ModelWorker;
use crate::recording::Recording;

pub(super) const LOOP: u64 = 0;
const WAKERS: u64 = 2;

/// A task of the model.
#[derive(Clone, Debug, Default)]
pub(super) struct ModelTask {
    pub(super) is_alive: bool,
    pub(super) ready: bool,
    pub(super) posted: bool,
    pub(super) is_cancelled: bool,
    pub(super) polls: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelMessage {
    Wake(u64),
    Command,
}

/// A step of a thread that is not the loop's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakeStep {
    Nothing,
    Swap { number: usize, key: u64 },
    Send(ModelMessage),
}

#[derive(Clone, Debug)]
pub(super) struct ModelTimer {
    pub(super) deadline: Duration,
    pub(super) order: u64,
    pub(super) task: u64,
}

/// The state of all threads.
pub(super) struct Model {
    choices: VecDeque<u8>,
    origin: Instant,
    pub(super) time: Duration,
    events: Vec<Option<TraceEvent>>,
    pub(super) tasks: BTreeMap<u64, ModelTask>,
    pub(super) ready: VecDeque<u64>,
    pub(super) batch: VecDeque<u64>,
    pub(super) inbox: VecDeque<ModelMessage>,
    pub(super) timers: BTreeMap<u64, ModelTimer>,
    pub(super) sources: BTreeMap<u64, bool>,
    pub(super) next_number: u64,
    pub(super) step: LoopStep,
    pub(super) is_closed: bool,
    wakers: Vec<WakeStep>,
    // ---- the pool ----
    pub(super) queue: VecDeque<(Id, u64)>,
    pub(super) workers: BTreeMap<u32, ModelWorker>,
    pub(super) monitor: bool,
    pub(super) is_pool_closed: bool,
    pub(super) next_thread: u64,
}

impl Model {
    /// Runs until the choices are used up, and each wake has taken effect.
    pub(super) fn run(choices: Vec<u8>) -> Model {
        let mut model = Model {
            choices: choices.into(),
            origin: Instant::now(),
            time: Duration::ZERO,
            events: Vec::new(),
            tasks: BTreeMap::new(),
            ready: VecDeque::new(),
            batch: VecDeque::new(),
            inbox: VecDeque::new(),
            timers: BTreeMap::new(),
            sources: BTreeMap::new(),
            next_number: 1,
            step: LoopStep::Outside,
            is_closed: false,
            wakers: vec![WakeStep::Nothing; WAKERS as usize],
            queue: VecDeque::new(),
            workers: BTreeMap::new(),
            monitor: false,
            is_pool_closed: false,
            next_thread: 100,
        };
        while !model.choices.is_empty() {
            match model.pick(10) {
                0..=4 => model.loop_step(),
                5..=7 => model.worker_step(),
                _ => model.waker_step(),
            }
        }
        model.settle();
        model
    }

    /// The trace.
    pub(super) fn recording(&self) -> Recording {
        let events = self.events.iter().map(|event| event.clone().expect("each is written"));
        Recording { events: events.collect(), origin: Some(self.origin) }
    }

    /// A choice among `count` values, or the first one if the choices are used up.
    pub(super) fn pick(&mut self, count: usize) -> usize {
        self.choices.pop_front().map_or(0, usize::from) % count.max(1)
    }

    pub(super) fn instant(&self, time: Duration) -> Instant {
        self.origin + time
    }

    // ---- events ----

    pub(super) fn reserve(&mut self) -> usize {
        self.time += Duration::from_micros(1);
        self.events.push(None);
        self.events.len() - 1
    }

    pub(super) fn fill(&mut self, number: usize, thread: u64, event: Event) {
        let (seq, time) = (number as u64, self.time);
        self.events[number] = Some(TraceEvent { seq, time, thread, event });
    }

    pub(super) fn record(&mut self, thread: u64, event: Event) {
        let number = self.reserve();
        self.fill(number, thread, event);
    }

    // ---- tasks ----

    /// A key of a task that was spawned, alive or not.
    pub(super) fn any_key(&mut self) -> Option<u64> {
        let keys: Vec<u64> = self.tasks.keys().copied().collect();
        let index = self.pick(keys.len());
        keys.get(index).copied()
    }

    /// Spawns a task, which takes over the key of an ended one if nothing refers to that key.
    pub(super) fn spawn(&mut self) {
        let is_free = |(&key, task): (&u64, &ModelTask)| {
            let is_idle = !task.is_alive && !task.ready && !task.posted && key != MAIN_KEY;
            (is_idle && !self.is_in_a_wake(key)).then_some(key)
        };
        let recycled = self.tasks.iter().find_map(is_free);
        let key = match recycled.filter(|_| self.pick(2) == 0) {
            Some(key) => key,
            None => self.tasks.len() as u64,
        };
        let former = self.tasks.insert(key, ModelTask { is_alive: true, ..Default::default() });
        assert!(former.is_none_or(|former| !former.is_alive), "a key is used once at a time");
        self.push(key);
        self.record(LOOP, Event::TaskSpawned { key, metadata: Metadata::here() });
    }

    fn is_in_a_wake(&self, key: u64) -> bool {
        let workers = self.workers.values().map(|worker| worker.wake);
        self.wakers.iter().copied().chain(workers).any(|step| match step {
            WakeStep::Swap { key: woken, .. } => woken == key,
            WakeStep::Send(message) => message == ModelMessage::Wake(key),
            WakeStep::Nothing => false,
        })
    }

    pub(super) fn task(&mut self, key: u64) -> &mut ModelTask {
        self.tasks.entry(key).or_default()
    }

    /// W1, without its event. Returns whether the key was not queued.
    pub(super) fn push(&mut self, key: u64) -> bool {
        let was_ready = std::mem::replace(&mut self.task(key).ready, true);
        if !was_ready {
            self.ready.push_back(key);
        }
        !was_ready
    }

    pub(super) fn wake_here(&mut self, key: u64) {
        let route = if self.push(key) { WakeRoute::Queued } else { WakeRoute::AlreadyQueued };
        self.record(LOOP, Event::Woken { key, route });
    }

    pub(super) fn alive(&self) -> usize {
        self.tasks.iter().filter(|&(&key, task)| task.is_alive && key != MAIN_KEY).count()
    }

    // ---- wakes by other threads ----

    pub(super) fn begin_wake(&mut self, key: u64) -> WakeStep {
        WakeStep::Swap { number: self.reserve(), key }
    }

    /// The next step of a wake.
    pub(super) fn go_on(&mut self, thread: u64, step: WakeStep) -> WakeStep {
        match step {
            WakeStep::Nothing => WakeStep::Nothing,
            WakeStep::Swap { number, key } => {
                let was_posted = std::mem::replace(&mut self.task(key).posted, true);
                let route = if was_posted { WakeRoute::Elided } else { WakeRoute::Posted };
                self.fill(number, thread, Event::Woken { key, route });
                if was_posted {
                    return WakeStep::Nothing;
                }
                WakeStep::Send(ModelMessage::Wake(key))
            }
            WakeStep::Send(message) => {
                if !self.is_closed {
                    self.inbox.push_back(message);
                }
                WakeStep::Nothing
            }
        }
    }

    fn waker_step(&mut self) {
        let index = self.pick(WAKERS as usize);
        let thread = 1 + index as u64;
        let step = self.wakers[index];
        if step != WakeStep::Nothing {
            self.wakers[index] = self.go_on(thread, step);
        } else if self.pick(6) == 0 {
            self.record(thread, Event::CommandPosted);
            self.wakers[index] = WakeStep::Send(ModelMessage::Command);
        } else if let Some(key) = self.any_key() {
            self.wakers[index] = self.begin_wake(key);
        }
    }

    /// Completes the wakes that have begun.
    fn settle(&mut self) {
        if let LoopStep::ClearPosted(..) = self.step {
            self.loop_step();
        }
        for index in 0..self.wakers.len() {
            while self.wakers[index] != WakeStep::Nothing {
                self.wakers[index] = self.go_on(1 + index as u64, self.wakers[index]);
            }
        }
        for row in self.workers.keys().copied().collect::<Vec<_>>() {
            let mut worker = self.workers[&row].clone();
            while worker.wake != WakeStep::Nothing {
                worker.wake = self.go_on(worker.thread, worker.wake);
            }
            self.workers.insert(row, worker);
        }
    }
}
