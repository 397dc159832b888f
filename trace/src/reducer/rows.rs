//! The rows of the state.

use crate::reducer::change::{LoopWord, PoolWord, StateItem, StatePart, StateRow};
use crate::reducer::descriptors::{TracedReadiness, TracedSource};
use crate::reducer::event_loop::LoopPhase;
use crate::reducer::state::{State, short_time};
use crate::reducer::tasks::TaskPhase;
use crate::reducer::workers::{ShutdownPhase, WorkerRole};

use runtime_core::metadata::Metadata;
use runtime_core::record::event::{IoDirection, TaskKeyBits};

impl State {
    /// All rows of a part, in the order in which changes have added them.
    pub fn rows(&self, part: StatePart) -> Vec<StateRow> {
        let items: Vec<StateItem> = match part {
            StatePart::Loop => {
                vec![StateItem::Loop(LoopWord::Phase), StateItem::Loop(LoopWord::Turns)]
            }
            StatePart::Batch => self.batch().map(StateItem::Task).collect(),
            StatePart::Ready => self.ready().map(StateItem::Task).collect(),
            StatePart::Inbox => self.inbox.items().collect(),
            StatePart::Tasks => self.tasks().map(StateItem::Task).collect(),
            StatePart::Timers => self.timers.iter().map(StateItem::Timer).collect(),
            StatePart::Sources => self.sources.iter().map(StateItem::Source).collect(),
            StatePart::Jobs => self.queued_jobs().map(StateItem::Job).collect(),
            StatePart::Workers => self.workers.iter().into_iter().map(StateItem::Worker).collect(),
            StatePart::Pool => vec![
                StateItem::Pool(PoolWord::Threads),
                StateItem::Pool(PoolWord::Running),
                StateItem::Pool(PoolWord::Shutdown),
            ],
        };
        items.into_iter().filter_map(|item| self.row(part, item)).collect()
    }

    /// A row of a part, if it exists.
    pub fn row(&self, part: StatePart, item: StateItem) -> Option<StateRow> {
        let (cells, subject) = match item {
            StateItem::Loop(word) => (vec![self.loop_word(word)], None),
            StateItem::Pool(word) => (vec![self.pool_word(word)], None),
            StateItem::Task(key) if part == StatePart::Tasks => (self.task_cells(key)?, Some(item)),
            StateItem::Task(key) => (vec![self.key_note(part, key)], Some(item)),
            StateItem::Command(_) => (vec!["command".into()], None),
            StateItem::Timer(timer) => {
                let timer = self.timer(timer)?;
                let (key, name) = timer.task.clone().unzip();
                let deadline = timer.deadline.as_nanos().to_string();
                (vec![deadline, name.unwrap_or_default()], key.map(StateItem::Task))
            }
            StateItem::Source(source) => (self.source_cells(self.source(source)?), None),
            StateItem::Job(job) => {
                let is_requested = self.job(job)?.is_stop_requested;
                let note = if is_requested { "cancelled" } else { "" };
                (vec![note.into()], Some(item))
            }
            StateItem::Worker(worker) => match self.worker(worker)?.role {
                WorkerRole::Busy(job) => {
                    (vec!["runs a job".into(), self.job_name(job)], Some(StateItem::Job(job)))
                }
                role => (vec![role.in_words().into(), String::new()], None),
            },
        };
        Some(StateRow { item, name: self.item_name(item), cells, subject })
    }

    /// The name of an item.
    pub fn item_name(&self, item: StateItem) -> String {
        match item {
            StateItem::Loop(LoopWord::Phase) => "loop".into(),
            StateItem::Loop(LoopWord::Turns) => "turns".into(),
            StateItem::Task(key) => self.unique_task_name(key),
            StateItem::Command(number) => format!("command {number}"),
            StateItem::Timer(timer) => format!("timer {}", timer as u32),
            StateItem::Source(source) => format!("socket {}", source as u32),
            StateItem::Job(job) => match self.job(job).and_then(|job| job.metadata.as_ref()) {
                Some(metadata) => numbered_name(metadata),
                None => format!("{job}"),
            },
            StateItem::Worker(worker) => format!("{worker}"),
            StateItem::Pool(PoolWord::Threads) => "threads".into(),
            StateItem::Pool(PoolWord::Running) => "running jobs".into(),
            StateItem::Pool(PoolWord::Shutdown) => "shutdown".into(),
        }
    }

    fn unique_task_name(&self, key: TaskKeyBits) -> String {
        match self.task(key).and_then(|task| task.metadata.as_ref()) {
            Some(metadata) if self.task_name(key) != "main" => numbered_name(metadata),
            _ => self.task_name(key),
        }
    }

    fn loop_word(&self, word: LoopWord) -> String {
        match (word, self.phase()) {
            (LoopWord::Turns, _) => self.turns().to_string(),
            (LoopWord::Phase, _) if self.is_closed() => "closed".into(),
            (LoopWord::Phase, LoopPhase::Outside) => "not turned".into(),
            (LoopWord::Phase, LoopPhase::Turning) => "turning".into(),
            (LoopWord::Phase, LoopPhase::Parked { deadline: None }) => "parked".into(),
            (LoopWord::Phase, LoopPhase::Parked { deadline: Some(deadline) }) => {
                format!("parked until {}", short_time(deadline))
            }
        }
    }

    fn pool_word(&self, word: PoolWord) -> String {
        match (word, self.shutdown()) {
            (PoolWord::Threads, _) => self.threads().to_string(),
            (PoolWord::Running, _) => self.running_jobs().to_string(),
            (PoolWord::Shutdown, ShutdownPhase::Open) => "open".into(),
            (PoolWord::Shutdown, ShutdownPhase::Closed) => "closed".into(),
            (PoolWord::Shutdown, ShutdownPhase::Waits) => "waits".into(),
            (PoolWord::Shutdown, ShutdownPhase::Ended { running: 0 }) => "ended".into(),
            (PoolWord::Shutdown, ShutdownPhase::Ended { running }) => {
                format!("ended, {running} jobs still run")
            }
        }
    }

    fn task_cells(&self, key: TaskKeyBits) -> Option<Vec<String>> {
        let task = self.task(key).filter(|task| task.phase != TaskPhase::Ended)?;
        let phase = match task.phase {
            TaskPhase::Queued => "queued",
            TaskPhase::Polling => "polling",
            TaskPhase::Waiting => "waiting",
            TaskPhase::Ending | TaskPhase::Ended => "ready",
        };
        let phase = if task.is_cancelled { "cancelled" } else { phase };
        let location = task.metadata.as_ref().map(|metadata| metadata.location().to_string());
        Some(vec![phase.into(), task.polls.to_string(), location.unwrap_or_default()])
    }

    /// The note beside a key in a queue or in the inbox.
    fn key_note(&self, part: StatePart, key: TaskKeyBits) -> String {
        match part {
            StatePart::Inbox => "posted".into(),
            _ if self.tasks.is_alive(key) => String::new(),
            _ => "ended".into(),
        }
    }

    fn source_cells(&self, source: &TracedSource) -> Vec<String> {
        let word = |readiness| match readiness {
            TracedReadiness::Assumed => "assumed",
            TracedReadiness::Ready => "ready",
            TracedReadiness::Cleared => "cleared",
        };
        let waiting = source.waiting.iter().map(|&(direction, task)| {
            let act = match direction {
                IoDirection::Read => "reads",
                IoDirection::Write => "writes",
            };
            format!("{} {act}", self.task_name(task))
        });
        let waiting = waiting.collect::<Vec<_>>().join(", ");
        vec![word(source.read).into(), word(source.write).into(), waiting]
    }
}

/// A name that no other task or job has.
fn numbered_name(metadata: &Metadata) -> String {
    match metadata.name() {
        Some(name) => format!("{name} #{}", metadata.id()),
        None => format!("#{}", metadata.id()),
    }
}
