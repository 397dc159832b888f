//! The place of a job in the order of all jobs of its pool.

/// The number of jobs that were submitted to the pool before a job. No other job of the pool has
/// the same ticket, now or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

impl Ticket {
    /// The ticket of a job that has not entered a queue.
    pub(crate) const NONE: Ticket = Ticket(u64::MAX);
}
