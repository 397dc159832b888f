//! The parts of the state as a reader sees them: panels of rows, and changes of the rows.

use runtime_core::metadata::Id;
use runtime_core::record::event::TaskKeyBits;

/// A part of the state. Each part is a list of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatePart {
    /// The phase of the loop: one row for each [`LoopWord`].
    Loop,
    /// The keys that were ready when the turn began and that the turn has not yet taken up, in the
    /// order of their wakes. The loop of a runtime with a seed takes them in another order.
    Batch,
    /// The keys that the next batch consists of, in their order.
    Ready,
    /// The messages and commands on their way to the loop. Threads send at the same time, so the
    /// loop may receive them in another order.
    Inbox,
    /// The tasks that are alive.
    Tasks,
    /// The timers that are set.
    Timers,
    /// The registered descriptors.
    Sources,
    /// The queued jobs, in the order of their submits.
    Jobs,
    /// The workers of the pool.
    Workers,
    /// The counts of the pool: one row for each [`PoolWord`].
    Pool,
}

impl StatePart {
    /// All parts, in the order in which a page shows them.
    pub const ALL: [StatePart; 10] = [
        StatePart::Loop,
        StatePart::Batch,
        StatePart::Ready,
        StatePart::Inbox,
        StatePart::Tasks,
        StatePart::Timers,
        StatePart::Sources,
        StatePart::Pool,
        StatePart::Jobs,
        StatePart::Workers,
    ];
}

/// The name of a row: the thing that it is about, unique within its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateItem {
    /// A fact about the loop.
    Loop(LoopWord),
    /// A task, by its key, or the main future.
    Task(TaskKeyBits),
    /// A command in the inbox, by a number that the reducer has given it.
    Command(u64),
    /// A timer, by its number.
    Timer(u64),
    /// A descriptor, by its number.
    Source(u64),
    /// A job.
    Job(Id),
    /// A worker, by its row in the table.
    Worker(u32),
    /// A fact about the pool.
    Pool(PoolWord),
}

/// The facts about a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoopWord {
    /// The activity of the loop's thread: it turns the loop, or is parked.
    Phase,
    /// The number of turns.
    Turns,
}

/// The facts about a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolWord {
    /// The number of threads.
    Threads,
    /// The number of running jobs.
    Running,
    /// The state of its shutdown.
    Shutdown,
}

/// A change of one part, made by one event. [`State::row`](crate::reducer::State::row) returns the
/// new content of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The row is new, at the end of the part, or its content has changed.
    Put(StatePart, StateItem),
    /// The row is gone.
    Remove(StatePart, StateItem),
    /// All rows of the first part are now at the end of the second one, in order.
    MoveAll(StatePart, StatePart),
}

/// The content of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// The thing that the row is about.
    pub item: StateItem,
    /// A name for readers, unique within the part.
    pub name: String,
    /// The values, in the order of [`StatePart::columns`].
    pub cells: Vec<String>,
    /// The task or the job that the row belongs to.
    pub subject: Option<StateItem>,
}

impl StatePart {
    /// The headings of the cells.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            StatePart::Loop | StatePart::Pool => &["value"],
            StatePart::Batch | StatePart::Ready | StatePart::Inbox | StatePart::Jobs => &["note"],
            StatePart::Tasks => &["state", "polls", "spawned at"],
            StatePart::Timers => &["deadline in ns", "task"],
            StatePart::Sources => &["read", "write", "waiting"],
            StatePart::Workers => &["role", "job"],
        }
    }
}
