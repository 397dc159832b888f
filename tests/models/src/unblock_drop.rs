//! Models of a blocking stream that is dropped while a job may use its object. `unblock.rs` has the
//! models of its command queue.

use std::sync::Arc;

use runtime_core::sync::explore::{Record, Witness};

use crate::drop_probe::{DropProbe, drop_probe};
use crate::model::{Model, Mutant};
use crate::threads::join;
use crate::unblock::command_queue::{
    CommandKind, CommandQueue, DropPolicy, NextCommands, StreamCommand,
};
use crate::unblock::worker_job::WorkerJob;
use crate::unblock::{saw, work};

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "unblock::an_object_that_no_command_needs_is_dropped_by_the_task_or_the_job",
        bound: None,
        executions: 6,
        witnesses: &["by the job", "by the task"],
        mutants: &[Mutant::body("the task does not abandon the queue", |_| {
            dropped_with_ahead_commands(Abandons::Never, None);
        })],
        body: |witness| dropped_with_ahead_commands(Abandons::BeforeItsDrop, Some(witness)),
    },
    Model {
        name: "unblock::a_finished_queue_has_run_its_commands_and_dropped_its_object",
        bound: None,
        executions: 369,
        witnesses: &["by the job", "by the thread that finishes", "nothing was pending"],
        mutants: &[Mutant::body("it does not wait for a job that runs", |_| {
            finished(Finishes::RunsOnly, None);
        })],
        body: |witness| finished(Finishes::RunsAndWaits, Some(witness)),
    },
];

/// Says what a task does before it drops its stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Abandons {
    BeforeItsDrop,
    Never,
}

/// begin‖abandon. A stream without required commands is dropped while its job begins. If the job
/// has not begun, the task drops the object, and the job finds nothing. Otherwise the job drops it
/// as soon as its command has run, although the queue lives on.
fn dropped_with_ahead_commands(abandons: Abandons, witness: Option<&'static Witness>) {
    let (object, drops) = drop_probe();
    let queue = Arc::new(CommandQueue::<DropProbe, ()>::new(object, DropPolicy::Discard));
    let read: StreamCommand<DropProbe, ()> = Box::new(|_| ((), NextCommands::Run));
    let _ = queue.push(CommandKind::Ahead, read).expect("no reply stops the stream");
    let job = work(&queue);
    if abandons == Abandons::BeforeItsDrop {
        drop(queue.abandon());
    }
    join(job);
    drops.assert_one();
    saw(witness, if drops.were_here() { "by the task" } else { "by the job" });
    drop(queue);
    drops.assert_one();
}

/// Says what a thread does with the queue that it finishes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finishes {
    RunsAndWaits,
    RunsOnly,
}

/// begin‖abandon, finish. The required command of a dropped stream is run once, by the job or by
/// the thread that finishes the queue. When that thread continues, the object was dropped.
fn finished(finishes: Finishes, witness: Option<&'static Witness>) {
    let (object, drops) = drop_probe();
    let queue = Arc::new(CommandQueue::<DropProbe, ()>::new(object, DropPolicy::Flush));
    let written = Record::new();
    let notes = written.clone();
    let write: StreamCommand<DropProbe, ()> = Box::new(move |_| {
        notes.note(());
        ((), NextCommands::Run)
    });
    let _ = queue.push(CommandKind::Required, write).expect("no reply stops the stream");
    let job = work(&queue);
    let object = queue.abandon();
    let was_idle = object.is_some();
    drop(object);
    match finishes {
        Finishes::RunsAndWaits => queue.finish(),
        Finishes::RunsOnly => WorkerJob::new(&queue).run(),
    }
    drops.assert_one();
    assert_eq!(written.len(), 1, "the required command has run");
    join(job);
    drops.assert_one();
    assert_eq!(written.len(), 1, "and no second time");
    saw(
        witness,
        match (was_idle, drops.were_here()) {
            (true, _) => "nothing was pending",
            (false, true) => "by the thread that finishes",
            (false, false) => "by the job",
        },
    );
}
