//! The tasks of a runtime and what they wait for, as values.

use std::cmp::Ordering;
use std::slice;
use std::time::Duration;
use std::vec;

use crate::metadata::{Id, Metadata};

/// The tasks of a runtime at one moment, by number, with what each of them waits for.
///
/// `Display` writes a table. [`tree`](TaskList::tree) shows which task awaits which.
///
/// ```
/// use aside::{named, observe::{TaskState, Wait}, sleep};
/// use std::time::Duration;
///
/// aside::run(async {
///     let nap = named("nap").spawn(sleep(Duration::from_secs(60)));
///     aside::yield_now().await; // the nap begins
///     let list = aside::Handle::current().tasks().await?;
///     let nap = list.get(nap.id()).expect("the task has not ended");
///     assert_eq!(nap.state, TaskState::Waiting);
///     assert!(matches!(nap.waits[..], [Wait::Timer { .. }]));
///     println!("{list}");
///     println!("{}", list.tree());
///     Ok::<(), aside::RuntimeGoneError>(())
/// })?;
/// # Ok::<(), aside::RuntimeGoneError>(())
/// ```
#[doc(alias("dump", "all_tasks", "print_stack", "console"))]
#[derive(Clone, Debug, Default)]
pub struct TaskList {
    tasks: Vec<ListedTask>,
}

/// A task of a [`TaskList`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedTask {
    /// The number of the task, its name, and the place where it was spawned. For the main future,
    /// the place is the call of `block_on`.
    pub metadata: Metadata,
    /// The kind of the task: spawned, or driven by `block_on`.
    pub kind: TaskKind,
    /// The state of the task when the list was made.
    pub state: TaskState,
    /// The things with which the task has registered its waker, tasks first, then jobs, timers and
    /// sockets. If the task waits and this list is empty, it waits for something unknown: a
    /// channel, a lock, another runtime.
    pub waits: Vec<Wait>,
    /// The time since the last poll of the task, or since its spawn if it has not been polled: for
    /// a task that waits, the time for which it has been waiting. `None` unless an observer [counts
    /// polls](https://docs.rs/aside/latest/aside/observe/struct.PollTimes.html).
    pub since_poll: Option<Duration>,
    /// The number of polls so far. `None` unless an observer counts them.
    pub polls: Option<u64>,
}

/// The kinds of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// A spawned task.
    Spawned,
    /// The future that `block_on`, or `run`, drives.
    Main,
}

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// The task was woken, or has just been spawned, and has not been polled since.
    Ready,
    /// The task is being polled: it is the task that asked for the list.
    Polling,
    /// The task was polled and has not been woken since.
    Waiting,
}

/// A thing for which a task waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Wait {
    /// The task awaits another task of the loop.
    Task {
        /// The awaited task.
        task: Metadata,
    },
    /// The task awaits a job of the runtime's pool.
    Job {
        /// The awaited job.
        job: Metadata,
        /// How far the job has come.
        stage: JobStage,
    },
    /// The task waits for a time.
    Timer {
        /// The time that is left by the runtime's clock, zero if the timer is due. `None` if the
        /// time never comes.
        left: Option<Duration>,
    },
    /// The task waits for a socket, or for another descriptor that the loop polls.
    Socket {
        /// The number of the descriptor.
        descriptor: i32,
        /// The direction that must become ready.
        direction: SocketDirection,
    },
}

/// How far an awaited job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobStage {
    /// The queue is full: the task waits until the job is accepted.
    BehindFullQueue,
    /// The job is queued.
    Queued {
        /// The number of jobs in front of it in its lane.
        ahead: usize,
    },
    /// A worker runs the job.
    Running {
        /// The time since the worker took the job, by the system's clock.
        since: Duration,
    },
}

/// A direction in which a socket becomes ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketDirection {
    /// The socket becomes readable, or accepts a connection.
    Read,
    /// The socket becomes writable, or is connected.
    Write,
}

impl ListedTask {
    /// A task without what only the list's maker can find out.
    #[doc(hidden)]
    pub fn new(metadata: Metadata, kind: TaskKind, state: TaskState) -> ListedTask {
        let (waits, since_poll, polls) = (Vec::new(), None, None);
        ListedTask { metadata, kind, state, waits, since_poll, polls }
    }

    /// Returns whether the task waits for something that the list does not show.
    pub fn waits_for_unknown(&self) -> bool {
        self.state == TaskState::Waiting && self.waits.is_empty()
    }
}

impl Wait {
    /// The order in which the waits of a task are listed.
    fn order(&self, other: &Wait) -> Ordering {
        let key = |wait: &Wait| match wait {
            Wait::Task { task } => (0, Some(task.id()), 0, None),
            Wait::Job { job, .. } => (1, Some(job.id()), 0, None),
            Wait::Timer { left } => (2, None, 0, Some(left.unwrap_or(Duration::MAX))),
            Wait::Socket { descriptor, direction } => {
                (3, None, i64::from(*descriptor) * 2 + *direction as i64, None)
            }
        };
        key(self).cmp(&key(other))
    }
}

impl TaskList {
    /// Makes a list: sorts the tasks by number, and the waits of each task.
    #[doc(hidden)]
    pub fn new(mut tasks: Vec<ListedTask>) -> TaskList {
        for task in &mut tasks {
            task.waits.sort_by(Wait::order);
        }
        tasks.sort_by_key(|task| task.metadata.id());
        TaskList { tasks }
    }

    /// Returns the number of tasks.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Returns whether there are no tasks.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Returns the task with this number.
    pub fn get(&self, id: Id) -> Option<&ListedTask> {
        let index = self.tasks.binary_search_by_key(&id, |task| task.metadata.id()).ok()?;
        self.tasks.get(index)
    }

    /// Returns the future that `block_on` drives, if it drives one.
    pub fn main(&self) -> Option<&ListedTask> {
        self.tasks.iter().find(|task| task.kind == TaskKind::Main)
    }

    /// Returns the tasks, by number.
    pub fn iter(&self) -> slice::Iter<'_, ListedTask> {
        self.tasks.iter()
    }
}

impl<'a> IntoIterator for &'a TaskList {
    type Item = &'a ListedTask;
    type IntoIter = slice::Iter<'a, ListedTask>;

    fn into_iter(self) -> slice::Iter<'a, ListedTask> {
        self.iter()
    }
}

impl IntoIterator for TaskList {
    type Item = ListedTask;
    type IntoIter = vec::IntoIter<ListedTask>;

    fn into_iter(self) -> vec::IntoIter<ListedTask> {
        self.tasks.into_iter()
    }
}
