//! [`LatePoll`]: a report of a watchdog.

use std::fmt;
use std::time::Duration;

use runtime_core::metadata::Metadata;

use super::thread_activity::ThreadActivity;

/// A poll that holds its loop, or has held it, for longer than the threshold of a
/// [`Watchdog`](super::Watchdog).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LatePoll {
    /// The task, or the future given to `block_on`: number, name, location.
    pub task: Metadata,
    /// How long the poll has held the loop so far, or in all; exact to a quarter of the threshold.
    pub held: Duration,
    /// True in the last report of this poll: the poll has ended.
    pub has_ended: bool,
    /// The activity of the loop's thread at this moment. `None` if the poll has ended, and on
    /// systems that do not say.
    pub activity: Option<ThreadActivity>,
}

/// Writes `` task 7 `resize` (spawned at src/main.rs:12:5) has held the loop for 103.1ms so far ``,
/// and what the loop's thread does.
impl fmt::Display for LatePoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LatePoll { task, held, .. } = self;
        write!(f, "task {}", task.id())?;
        if let Some(name) = task.name() {
            write!(f, " `{name}`")?;
        }
        write!(f, " (spawned at {})", task.location())?;
        if self.has_ended {
            return write!(f, " held the loop for {held:.1?}; block on the pool instead");
        }
        write!(f, " has held the loop for {held:.1?} so far")?;
        match &self.activity {
            Some(activity) => write!(f, "; its thread {activity}"),
            None => Ok(()),
        }
    }
}
