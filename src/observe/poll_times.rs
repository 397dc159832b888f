//! [`PollTimes`]: how often and when each task was polled, for the list of tasks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use runtime_core::clock::Clock;
use runtime_core::metadata::{Id, Metadata};
use runtime_executor::{Observer, TaskHistory};

/// Counts the polls of each task, and notes when the last poll ended. With this observer, the list
/// of [`Handle::tasks`](crate::Handle::tasks) shows how long each task has been waiting, and how
/// often it was polled.
///
/// ```
/// use aside::{Runtime, observe::PollTimes, time::Clock};
/// use std::time::Duration;
///
/// let clock = Clock::virtual_time();
/// let times = PollTimes::with_clock(clock.clone());
/// let runtime = Runtime::builder().clock(clock).observer(times).build();
/// let nap = runtime.spawn(aside::sleep(Duration::from_secs(60)));
/// runtime.block_on(aside::sleep(Duration::from_secs(1)));
/// let tasks = runtime.tasks();
/// let nap = tasks.get(nap.id()).unwrap();
/// assert_eq!((nap.polls, nap.since_poll), (Some(1), Some(Duration::from_secs(1))));
/// ```
///
/// The polls that a question itself causes count, too.
///
/// # Cost
/// Each poll costs two accesses to a hash table and a reading of the clock: about 380 instructions.
/// Each task costs an entry of the table while it is alive.
#[doc(alias("TaskMonitor", "metrics"))]
#[derive(Clone, Default)]
pub struct PollTimes {
    clock: Clock,
    table: Rc<RefCell<HistoryTable>>,
}

#[derive(Default)]
struct HistoryTable {
    tasks: HashMap<Id, TaskHistory>,
    /// The last future that `block_on` has driven. It is neither spawned nor ended.
    main: Option<(Id, TaskHistory)>,
}

impl HistoryTable {
    fn get_mut(&mut self, task: Id) -> Option<&mut TaskHistory> {
        let main = self.main.as_mut().filter(|(main, _)| *main == task);
        self.tasks.get_mut(&task).or(main.map(|(_, history)| history))
    }
}

impl PollTimes {
    /// Makes an observer for a runtime with the system's clock.
    pub fn new() -> PollTimes {
        PollTimes::default()
    }

    /// Makes an observer for a runtime with this clock.
    pub fn with_clock(clock: Clock) -> PollTimes {
        PollTimes { clock, table: Rc::default() }
    }
}

impl Observer for PollTimes {
    fn task_spawned(&self, task: &Metadata) {
        let history = TaskHistory { polls: 0, polled_at: self.clock.now() };
        self.table.borrow_mut().tasks.insert(task.id(), history);
    }

    fn poll_started(&self, task: &Metadata) {
        let mut table = self.table.borrow_mut();
        match table.get_mut(task.id()) {
            Some(history) => history.polls += 1,
            None => {
                let history = TaskHistory { polls: 1, polled_at: self.clock.now() };
                table.main = Some((task.id(), history));
            }
        }
    }

    fn poll_ended(&self, task: &Metadata) {
        if let Some(history) = self.table.borrow_mut().get_mut(task.id()) {
            history.polled_at = self.clock.now();
        }
    }

    fn task_ended(&self, task: &Metadata) {
        self.table.borrow_mut().tasks.remove(&task.id());
    }

    fn task_history(&self, task: &Metadata) -> Option<TaskHistory> {
        self.table.borrow_mut().get_mut(task.id()).copied()
    }
}

impl fmt::Debug for PollTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = self.table.borrow().tasks.len();
        f.debug_struct("PollTimes").field("tasks", &tasks).finish_non_exhaustive()
    }
}
