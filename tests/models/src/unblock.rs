//! Models of the command queue of a blocking stream. They compile the sources that ship, from
//! `src/io/unblock/` of `aside`.
//!
//! One mutex guards the queue, and no mutation can break a mutex. The mutants are therefore toy
//! queues with a bug that the real queue must not have, or programs that use the real queue
//! wrongly. A toy queue without a bug passes.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use runtime_core::park::Parker;
use runtime_core::sync::Mutex;
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread::JoinHandle;

use crate::drop_probe::{DropProbe, drop_probe};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

#[path = "../../../src/io/unblock/abandon.rs"]
mod abandon;
#[path = "../../../src/io/unblock/command_queue.rs"]
#[expect(dead_code, reason = "the models need a part of it")]
pub(crate) mod command_queue;
#[path = "../../../src/io/unblock/finish.rs"]
mod finish;
#[path = "../../../src/io/unblock/flush_on_drop.rs"]
mod flush_on_drop;
#[path = "../../../src/io/unblock/worker_job.rs"]
pub(crate) mod worker_job;

use command_queue::{
    CommandKind, CommandQueue, DropPolicy, JobRequest, NextCommands, QueueEvent, Stopped,
    StreamCommand,
};
use worker_job::WorkerJob;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "unblock::no_command_is_left_and_replies_keep_their_order",
        bound: None,
        executions: 1_967,
        witnesses: &["one job did all", "a job for each"],
        mutants: &[
            Mutant::body("the job checks, and then puts the object back", |_| {
                toy(Bug::ChecksThenPutsBack)
            }),
            Mutant::body("the task checks, and then registers", |_| toy(Bug::ChecksThenRegisters)),
        ],
        body: no_command_is_left_and_replies_keep_their_order,
    },
    Model {
        name: "unblock::the_toy_without_a_mistake_passes",
        bound: None,
        executions: 950,
        witnesses: &[],
        mutants: &[],
        body: |_| toy(Bug::None),
    },
    Model {
        name: "unblock::the_toy_that_cancels_passes",
        bound: None,
        executions: 48,
        witnesses: &[],
        mutants: &[],
        body: |_| toy_cancel(Notification::Always),
    },
    Model {
        name: "unblock::nothing_runs_behind_a_reply_that_stops",
        bound: None,
        executions: 150,
        witnesses: &["refused", "dropped with the first"],
        mutants: &[Mutant::body("the task does not take the reply", the_task_ignores_the_refusal)],
        body: |witness| {
            nothing_runs_behind_a_reply_that_stops(OnRefusal::TakesReplies, Some(witness))
        },
    },
    Model {
        name: "unblock::an_object_whose_stream_is_dropped_is_dropped_once",
        bound: None,
        executions: 7,
        witnesses: &["by the job", "by the task"],
        mutants: &[Mutant::body(
            "required commands are pushed as if they were ahead",
            all_is_pushed_ahead,
        )],
        body: |witness| {
            an_object_whose_stream_is_dropped_is_dropped_once(CommandKind::Required, Some(witness));
        },
    },
    Model {
        name: "unblock::a_job_that_never_began_leaves_object_and_commands",
        bound: None,
        executions: 30,
        witnesses: &["the task was asleep", "the task had not checked"],
        mutants: &[Mutant::body(
            "it is leaked, and the task is not notified",
            leaked_without_notification,
        )],
        body: |witness| a_job_that_never_began_leaves_object_and_commands(Some(witness)),
    },
    Model {
        name: "unblock::required_commands_run_once_though_no_job_begins",
        bound: None,
        executions: 9,
        witnesses: &["by the thread that dropped the job", "by the task"],
        mutants: &[Mutant::body("the queue drops them", |_| {
            run_without_a_job(DropPolicy::Discard, None)
        })],
        body: |witness| run_without_a_job(DropPolicy::Flush, Some(witness)),
    },
    Model {
        name: "unblock::a_cancel_wakes_the_task_that_waits_for_the_object",
        bound: None,
        executions: 108,
        witnesses: &["before it began", "too late"],
        mutants: &[Mutant::body("a job that ran no command does not notify the task", |_| {
            toy_cancel(Notification::OnlyAfterCommands);
        })],
        body: a_cancel_wakes_the_task_that_waits_for_the_object,
    },
];

type Count = CommandQueue<u32, u32>;

fn add() -> StreamCommand<u32, u32> {
    Box::new(|count| {
        *count += 1;
        (*count, NextCommands::Run)
    })
}

/// Starts a thread that runs a worker job, as a thread of the pool would.
pub(crate) fn work<T: Send + 'static, R: Send + 'static>(
    queue: &Arc<CommandQueue<T, R>>,
) -> JoinHandle<()> {
    let job = WorkerJob::new(queue);
    spawn(move || job.run())
}

/// Polls the queue for an event, and parks the thread while there is no event.
fn wait_for_event<T, R>(
    queue: &CommandQueue<T, R>,
    parker: &Arc<Parker>,
    replies: &mut VecDeque<R>,
) -> QueueEvent {
    let waker = Waker::from(Arc::clone(parker));
    loop {
        if let Poll::Ready(event) = queue.poll_event(&mut Context::from_waker(&waker), replies) {
            return event;
        }
        let _ = parker.park(None);
    }
}

/// push‖next. The second command is pushed at any moment while the job of the first command runs.
/// Either that job still takes the command, or the queue is idle and a second job is submitted. If
/// neither happened, the reply would never arrive.
fn no_command_is_left_and_replies_keep_their_order(witness: &'static Witness) {
    let queue = Arc::new(Count::new(0, DropPolicy::Discard));
    let parker = Arc::new(Parker::new());
    let mut jobs = Vec::new();
    for _ in 0..2 {
        match queue.push(CommandKind::Required, add()).expect("no reply stops the stream") {
            JobRequest::Submit => jobs.push(work(&queue)),
            JobRequest::None => {}
        }
    }
    witness.saw(if jobs.len() == 1 { "one job did all" } else { "a job for each" });
    let mut replies = VecDeque::new();
    while replies.len() < 2 {
        assert_eq!(wait_for_event(&queue, &parker, &mut replies), QueueEvent::Replies);
    }
    assert_eq!(replies, [1, 2]);
    assert_eq!(wait_for_event(&queue, &parker, &mut replies), QueueEvent::Idle);
    jobs.into_iter().for_each(join);
}

/// The action of the task when the queue refuses its command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnRefusal {
    TakesReplies,
    PushesAgain,
}

/// A write fails, and a second write is pushed at any moment before or after the failure. The
/// second write is either dropped because of the failure, or refused until the task has taken the
/// reply of the first write. The second write never runs.
fn nothing_runs_behind_a_reply_that_stops(
    on_refusal: OnRefusal,
    witness: Option<&'static Witness>,
) {
    let queue = Arc::new(CommandQueue::<(), bool>::new((), DropPolicy::Discard));
    let parker = Arc::new(Parker::new());
    let done = Record::new();
    let notes = done.clone();
    let Ok(JobRequest::Submit) =
        queue.push(CommandKind::Required, Box::new(|()| (false, NextCommands::DropAll)))
    else {
        panic!("the queue is idle")
    };
    let mut jobs = vec![work(&queue)];
    let mut replies = VecDeque::new();
    let second: StreamCommand<(), bool> = Box::new(move |()| {
        notes.note(());
        (true, NextCommands::Run)
    });
    match queue.push(CommandKind::Required, second) {
        Err(Stopped) if on_refusal == OnRefusal::TakesReplies => saw(witness, "refused"),
        Err(Stopped) => {
            // The task takes the reply that stops the stream, but ignores it and pushes again.
            let _ = wait_for_event(&queue, &parker, &mut replies);
            let notes = done.clone();
            let again = Box::new(move |(): &mut ()| {
                notes.note(());
                (true, NextCommands::Run)
            });
            if let Ok(JobRequest::Submit) = queue.push(CommandKind::Required, again) {
                jobs.push(work(&queue));
            }
        }
        Ok(JobRequest::None) => saw(witness, "dropped with the first"),
        Ok(JobRequest::Submit) => panic!("a job was submitted behind a failure"),
    }
    while wait_for_event(&queue, &parker, &mut replies) == QueueEvent::Replies {}
    assert_eq!(replies, [false]);
    assert!(done.is_empty());
    jobs.into_iter().for_each(join);
}

fn the_task_ignores_the_refusal(_: &'static Witness) {
    nothing_runs_behind_a_reply_that_stops(OnRefusal::PushesAgain, None);
}

pub(crate) fn saw(witness: Option<&'static Witness>, what: &'static str) {
    if let Some(witness) = witness {
        witness.saw(what);
    }
}

/// The stream is dropped while its job runs. The required command still runs. After that command,
/// the object is dropped once, by the job or by the task.
fn an_object_whose_stream_is_dropped_is_dropped_once(
    kind: CommandKind,
    witness: Option<&'static Witness>,
) {
    let (object, drops) = drop_probe();
    let queue = Arc::new(CommandQueue::<DropProbe, ()>::new(object, DropPolicy::Discard));
    let written = Record::new();
    let notes = written.clone();
    let write: StreamCommand<DropProbe, ()> = Box::new(move |_| {
        notes.note(());
        ((), NextCommands::Run)
    });
    let read: StreamCommand<DropProbe, ()> = Box::new(|_| ((), NextCommands::Run));
    let _ = queue.push(kind, write).expect("no reply stops the stream");
    let _ = queue.push(CommandKind::Ahead, read).expect("no reply stops the stream");
    let job = work(&queue);
    let object = queue.abandon();
    let was_idle = object.is_some();
    drop((object, queue));
    join(job);
    drops.assert_one();
    assert_eq!(drops.were_here(), was_idle);
    assert_eq!(written.len(), 1, "the required command runs");
    saw(witness, if was_idle { "by the task" } else { "by the job" });
}

fn all_is_pushed_ahead(_: &'static Witness) {
    an_object_whose_stream_is_dropped_is_dropped_once(CommandKind::Ahead, None);
}

/// job dropped‖poll. A submitted job is dropped before it has run. The task is notified, whether it
/// is parked or not, and the next job runs the commands.
fn a_job_that_never_began_leaves_object_and_commands(witness: Option<&'static Witness>) {
    let queue = Arc::new(Count::new(0, DropPolicy::Discard));
    let parker = Arc::new(Parker::new());
    assert_eq!(
        queue.push(CommandKind::Required, add()).expect("no reply stops the stream"),
        JobRequest::Submit
    );
    let job = WorkerJob::new(&queue);
    let dropper = spawn(move || match witness {
        Some(_) => drop(job),
        None => mem::forget(job),
    });
    let waker = Waker::from(Arc::clone(&parker));
    let mut replies = VecDeque::new();
    match queue.poll_event(&mut Context::from_waker(&waker), &mut replies) {
        Poll::Ready(event) => {
            assert_eq!(event, QueueEvent::JobDropped);
            saw(witness, "the task had not checked");
        }
        Poll::Pending => {
            let _ = parker.park(None);
            assert_eq!(wait_for_event(&queue, &parker, &mut replies), QueueEvent::JobDropped);
            saw(witness, "the task was asleep");
        }
    }
    join(dropper);
    assert_eq!(queue.resubmit(), JobRequest::Submit, "the command is still queued");
    WorkerJob::new(&queue).run();
    assert_eq!(wait_for_event(&queue, &parker, &mut replies), QueueEvent::Replies);
    assert_eq!(replies, [1]);
}

fn leaked_without_notification(_: &'static Witness) {
    a_job_that_never_began_leaves_object_and_commands(None);
}

/// job dropped‖stream dropped. The job is dropped before it has run, while the stream is dropped.
/// The job that the dropped stream submits does not run either. The thread that drops the last
/// reference to the queue runs the required commands.
fn run_without_a_job(drop_policy: DropPolicy, witness: Option<&'static Witness>) {
    let (object, drops) = drop_probe();
    let queue = Arc::new(CommandQueue::<DropProbe, ()>::new(object, drop_policy));
    let written = Record::new();
    let notes = written.clone();
    let write: StreamCommand<DropProbe, ()> = Box::new(move |_| {
        notes.note(());
        ((), NextCommands::Run)
    });
    assert_eq!(
        queue.push(CommandKind::Required, write).expect("no reply stops the stream"),
        JobRequest::Submit
    );
    let job = WorkerJob::new(&queue);
    let dropper = spawn(move || drop(job));
    queue.cancel_ahead();
    if queue.resubmit_on_drop() == JobRequest::Submit {
        drop(WorkerJob::new(&queue));
    }
    drop(queue);
    join(dropper);
    drops.assert_one();
    assert_eq!(written.len(), 1, "the required command runs");
    saw(
        witness,
        if drops.were_here() { "by the task" } else { "by the thread that dropped the job" },
    );
}

/// cancel‖begin. A task cancels its commands and waits for the object. It is woken even by a job
/// that finds no command, and so produces no reply.
fn a_cancel_wakes_the_task_that_waits_for_the_object(witness: &'static Witness) {
    let queue = Arc::new(Count::new(0, DropPolicy::Discard));
    let parker = Arc::new(Parker::new());
    assert_eq!(
        queue.push(CommandKind::Ahead, add()).expect("no reply stops the stream"),
        JobRequest::Submit
    );
    let job = work(&queue);
    queue.cancel_ahead();
    let mut replies = VecDeque::new();
    while wait_for_event(&queue, &parker, &mut replies) == QueueEvent::Replies {}
    witness.saw(if replies.is_empty() { "before it began" } else { "too late" });
    assert_eq!(queue.take_object(), Some(replies.len() as u32));
    join(job);
}

/// The bug of a toy queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// A job that finds no command puts the object back in a second critical section.
    ChecksThenPutsBack,
    /// A task that finds no reply registers its waker in a second critical section.
    ChecksThenRegisters,
}

/// The simplest queue: it has a flag for the running job, and the numbers of commands and replies.
#[derive(Default)]
struct ToyQueue {
    state: Mutex<ToyState>,
}

#[derive(Default)]
struct ToyState {
    is_running: bool,
    commands: usize,
    replies: usize,
    task: Option<Waker>,
}

fn toy(bug: Bug) {
    let queue = Arc::new(ToyQueue::default());
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let mut state = queue.state.lock();
        state.commands += 1;
        let is_idle = !state.is_running;
        state.is_running = true;
        drop(state);
        if is_idle {
            let queue = Arc::clone(&queue);
            jobs.push(spawn(move || toy_job(&queue, bug)));
        }
    }
    let parker = Arc::new(Parker::new());
    loop {
        let waker = Waker::from(Arc::clone(&parker));
        let mut state = queue.state.lock();
        if state.replies == 2 {
            break;
        }
        if bug == Bug::ChecksThenRegisters {
            drop(state);
            state = queue.state.lock();
        }
        state.task = Some(waker);
        drop(state);
        let _ = parker.park(None);
    }
    jobs.into_iter().for_each(join);
}

fn toy_job(queue: &ToyQueue, bug: Bug) {
    let mut done = 0;
    loop {
        let mut state = queue.state.lock();
        state.replies += done;
        let task = if done == 0 { None } else { state.task.take() };
        let has_command = state.commands > 0;
        if has_command {
            state.commands -= 1;
        } else if bug != Bug::ChecksThenPutsBack {
            state.is_running = false;
        }
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
        if !has_command {
            break;
        }
        done = 1;
    }
    if bug == Bug::ChecksThenPutsBack {
        queue.state.lock().is_running = false;
    }
}

/// Determines which jobs of a toy queue wake the task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notification {
    Always,
    OnlyAfterCommands,
}

/// The task of a toy queue cancels its command, and waits for the object.
fn toy_cancel(notification: Notification) {
    let queue = Arc::new(ToyQueue::default());
    {
        let mut state = queue.state.lock();
        state.is_running = true;
        state.commands = 1;
    }
    let its_queue = Arc::clone(&queue);
    let job = spawn(move || {
        let mut state = its_queue.state.lock();
        let found = mem::take(&mut state.commands);
        state.is_running = false;
        let is_left_out = found == 0 && notification == Notification::OnlyAfterCommands;
        let task = if is_left_out { None } else { state.task.take() };
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    });
    queue.state.lock().commands = 0;
    let parker = Arc::new(Parker::new());
    loop {
        let waker = Waker::from(Arc::clone(&parker));
        let mut state = queue.state.lock();
        if !state.is_running {
            break;
        }
        state.task = Some(waker);
        drop(state);
        let _ = parker.park(None);
    }
    join(job);
}
