//! [`CommandQueue`]: passes commands from a task to the worker job that uses a blocking object, and
//! replies back.
//!
//! ```text
//!           Q1 push                Q2 begin
//!    IDLE ───────────▶ SUBMITTED ───────────▶ RUNNING ──┐ Q3 next: a reply, and another command
//!     ▲ ▲                  │                   │ │ ◀────┘
//!     │ │ Q5 job dropped   │                   │ │ Q4 a command panicked
//!     │ └──────────────────┘                   │ └──────▶ LOST
//!     └────────────────────────────────────────┘
//!              Q3 next: a reply, and no command left
//! ```
//!
//! | state | the object is | job | moved on by |
//! |---|---|---|---|
//! | IDLE | in the queue | none | the task |
//! | SUBMITTED | in the queue | submitted | the job, or the thread that drops it unrun |
//! | RUNNING | in the job | running | the job |
//! | LENT | in the task | none | the task |
//! | LOST | dropped | none | nothing: it is final |
//!
//! - Q1. The task pushes a command. If the queue is IDLE, the task must submit a job. There is at
//!   most one job at a time, and none without commands, so an idle stream holds no thread.
//! - Q2. The job begins, and takes the object.
//! - Q3. Between two commands the job stores a reply and takes the next command, in one critical
//!   section. If there is no command, it puts the object back in the same critical section, and
//!   ends. A pushed command therefore finds either a job that will take it, or an IDLE queue.
//! - Q4. If a command panics, the object is dropped, because its state is unknown.
//! - Q5. A job that was refused, or cancelled before it began, leaves the object and the commands
//!   in the queue. The task is notified, and may [submit another job](CommandQueue::resubmit).
//!
//! ```text
//!     task                              worker job                      commands  state
//!     Q1: pushes a, submits a job                                       a         SUBMITTED
//!                                       Q2, Q3: takes object and a                RUNNING
//!     Q1: pushes b: the job takes it    runs a                          b         RUNNING
//!     waits for a reply
//!                                       Q3: stores reply a, takes b               RUNNING
//!     takes reply a                     runs b                                    RUNNING
//!                                       Q3: stores reply b, ends                  IDLE
//!     Q1: pushes c, submits a job                                       c         SUBMITTED
//! ```
//!
//! A reply may *stop* the stream: the commands behind the reply's command are dropped, and new
//! commands are refused until the task has taken the reply. So after a failed write, no other write
//! is executed before the task has received the error.
//!
//! One small mutex guards the queue. No user code runs while it is locked: wakers are cloned before
//! the mutex is locked, and woken after it is unlocked. Commands, wakers and the object are dropped
//! after it is unlocked, too.
//!
//! The job's side (Q2 to Q5) is in `worker_job.rs`. The task's drop of its stream is in
//! `abandon.rs`. Commands that no job could run are handled in `flush_on_drop.rs`.

use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Waker};

use runtime_core::catch_panic::drop_catching;
use runtime_core::sync::Mutex;

/// One operation on the object. The operation returns a reply, and says whether the commands behind
/// it in the queue are run.
pub(crate) type StreamCommand<T, R> = Box<dyn FnOnce(&mut T) -> (R, NextCommands) + Send>;

/// Says what happens to the commands behind a command that has returned a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextCommands {
    /// The commands are run.
    Run,
    /// The commands of kind [`Ahead`](CommandKind::Ahead) are dropped.
    DropAhead,
    /// All commands are dropped.
    DropAll,
}

/// Says whether a command may be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandKind {
    /// The command is run, unless a command before it fails.
    Required,
    /// The command is speculative: its reply may be needed later. No required command is behind a
    /// speculative one.
    Ahead,
}

/// Says what the task must do after it has pushed a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum JobRequest {
    /// Nothing: there is a job, or no command.
    None,
    /// Submit a `WorkerJob`.
    Submit,
}

/// The error of a push: a reply that stops the stream was not taken yet.
#[derive(Debug)]
pub(crate) struct Stopped;

/// An event that the task receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueEvent {
    /// One reply or more.
    Replies,
    /// There is no command, no reply and no job. The object is in the queue, or lent to the task.
    Idle,
    /// The job was dropped before it began. Reported once.
    JobDropped,
    /// The object is lost.
    Lost,
}

/// Says what happens, when the queue is dropped, to required commands that no job will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropPolicy {
    /// The commands are dropped.
    Discard,
    /// The thread that drops the queue runs the commands.
    Flush,
}

/// *Shared by* the task and its job, by `Arc`. *Guarded by* its mutex. *Woken by*: the job, or the
/// thread that drops it unrun, wakes the task.
pub(crate) struct CommandQueue<T, R> {
    pub(super) state: Mutex<CommandQueueState<T, R>>,
    pub(super) drop_policy: DropPolicy,
}

pub(super) struct CommandQueueState<T, R> {
    pub(super) object: ObjectState<T>,
    /// First the required commands, then those of kind [`Ahead`](CommandKind::Ahead).
    pub(super) commands: VecDeque<(CommandKind, StreamCommand<T, R>)>,
    pub(super) replies: VecDeque<R>,
    /// One of the replies stops the stream.
    pub(super) is_stopped: bool,
    pub(super) task: Option<Waker>,
    /// The task has dropped its stream, so the object is dropped behind the last command.
    pub(super) is_abandoned: bool,
    /// The threads that wait until the object of the abandoned queue was dropped.
    pub(super) finishers: Vec<Waker>,
}

/// The states of the table above.
pub(super) enum ObjectState<T> {
    Idle(T),
    /// Idle, after the job was dropped before it began. The task was not notified of this yet.
    JobDropped(T),
    Submitted(T),
    Running,
    Lent,
    Lost,
}

/// The task's side.
impl<T, R> CommandQueue<T, R> {
    pub(crate) fn new(object: T, drop_policy: DropPolicy) -> CommandQueue<T, R> {
        CommandQueue {
            drop_policy,
            state: Mutex::new(CommandQueueState {
                object: ObjectState::Idle(object),
                commands: VecDeque::new(),
                replies: VecDeque::new(),
                is_stopped: false,
                task: None,
                is_abandoned: false,
                finishers: Vec::new(),
            }),
        }
    }

    /// Pushes a command (Q1). If the object is lost, the command is dropped.
    pub(crate) fn push(
        &self,
        kind: CommandKind,
        command: StreamCommand<T, R>,
    ) -> Result<JobRequest, Stopped> {
        let mut state = self.state.lock();
        let is_lost = matches!(state.object, ObjectState::Lost);
        if state.is_stopped || is_lost {
            drop(state);
            drop_catching(command);
            return if is_lost { Ok(JobRequest::None) } else { Err(Stopped) };
        }
        state.commands.push_back((kind, command));
        Ok(state.request_job())
    }

    /// Requests another job for the commands of a job that was dropped (Q1 after Q5).
    pub(crate) fn resubmit(&self) -> JobRequest {
        self.state.lock().request_job()
    }

    /// Drops the commands of kind [`Ahead`](CommandKind::Ahead) that no job has taken yet.
    pub(crate) fn cancel_ahead(&self) {
        let mut state = self.state.lock();
        let ahead = state.take_ahead();
        drop(state);
        drop_catching(ahead);
    }

    /// Moves all replies into `replies`, or registers the task's waker if nothing has happened.
    pub(crate) fn poll_event(
        &self,
        cx: &mut Context<'_>,
        replies: &mut VecDeque<R>,
    ) -> Poll<QueueEvent> {
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        let event = state.take_event(replies);
        if event.is_pending() {
            let former = state.task.replace(waker);
            drop(state);
            drop_catching(former);
        } else {
            drop(state);
            drop_catching(waker);
        }
        event
    }

    /// Lends the object to the task, if it is in the queue and no job was submitted.
    pub(crate) fn take_object(&self) -> Option<T> {
        let mut state = self.state.lock();
        match mem::replace(&mut state.object, ObjectState::Lent) {
            ObjectState::Idle(object) | ObjectState::JobDropped(object) => Some(object),
            before @ (ObjectState::Submitted(_)
            | ObjectState::Running
            | ObjectState::Lent
            | ObjectState::Lost) => {
                state.object = before;
                None
            }
        }
    }

    /// Puts a lent object back.
    pub(crate) fn put_object(&self, object: T) {
        let mut state = self.state.lock();
        let before = mem::replace(&mut state.object, ObjectState::Idle(object));
        drop(state);
        debug_assert!(matches!(before, ObjectState::Lent), "an object was put back twice");
    }
}

impl<T, R> CommandQueueState<T, R> {
    pub(super) fn request_job(&mut self) -> JobRequest {
        if self.commands.is_empty() {
            return JobRequest::None;
        }
        match mem::replace(&mut self.object, ObjectState::Running) {
            ObjectState::Idle(object) => {
                self.object = ObjectState::Submitted(object);
                JobRequest::Submit
            }
            before @ (ObjectState::JobDropped(_)
            | ObjectState::Submitted(_)
            | ObjectState::Running
            | ObjectState::Lent
            | ObjectState::Lost) => {
                self.object = before;
                JobRequest::None
            }
        }
    }

    fn take_event(&mut self, replies: &mut VecDeque<R>) -> Poll<QueueEvent> {
        if !self.replies.is_empty() {
            self.is_stopped = false;
            if replies.is_empty() {
                mem::swap(replies, &mut self.replies);
            } else {
                replies.append(&mut self.replies);
            }
            return Poll::Ready(QueueEvent::Replies);
        }
        let (object, event) = match mem::replace(&mut self.object, ObjectState::Running) {
            // All commands of the dropped job were cancelled before the task was notified, so no
            // other job is needed.
            ObjectState::JobDropped(object) if self.commands.is_empty() => {
                (ObjectState::Idle(object), Poll::Ready(QueueEvent::Idle))
            }
            ObjectState::JobDropped(object) => {
                (ObjectState::Idle(object), Poll::Ready(QueueEvent::JobDropped))
            }
            object @ (ObjectState::Submitted(_) | ObjectState::Running) => (object, Poll::Pending),
            object @ (ObjectState::Idle(_) | ObjectState::Lent) => {
                (object, Poll::Ready(QueueEvent::Idle))
            }
            object @ ObjectState::Lost => (object, Poll::Ready(QueueEvent::Lost)),
        };
        self.object = object;
        event
    }

    /// Takes the commands of kind [`Ahead`](CommandKind::Ahead), which are at the end.
    pub(super) fn take_ahead(&mut self) -> VecDeque<(CommandKind, StreamCommand<T, R>)> {
        let required = |(kind, _): &&(CommandKind, _)| *kind == CommandKind::Required;
        let required = self.commands.iter().take_while(required).count();
        self.commands.split_off(required)
    }
}
