//! Remembers refused thread starts, so that they are tried again less and less often.

/// The highest number of jobs that end before another thread start is tried after a refusal.
const BACKOFF_MAX: u64 = 64;

/// Decides whether another thread start is tried after the system has refused one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StartBackoff {
    /// True if a start was refused, and since then none has succeeded and no monitor has seen the
    /// queue move.
    is_refused: bool,
    /// A worker that ends a job tries again once this number of jobs have ended.
    retry_at: u64,
    /// The number of jobs between the next refusal and the retry after it.
    distance: u64,
}

/// The state before any refusal.
impl Default for StartBackoff {
    fn default() -> StartBackoff {
        StartBackoff { is_refused: false, retry_at: 0, distance: 1 }
    }
}

impl StartBackoff {
    /// Notes a refusal. `ended` is the number of jobs that have ended before the refusal.
    pub(super) fn refuse(&mut self, ended: u64) {
        self.is_refused = true;
        self.retry_at = ended + self.distance;
        self.distance = (self.distance * 2).min(BACKOFF_MAX);
    }

    /// Allows the monitor to try again, because the queue has moved since the refusal.
    pub(super) fn queue_has_moved(&mut self) {
        self.is_refused = false;
    }

    /// Returns whether the monitor must not start threads.
    pub(super) fn stops_growth(&self) -> bool {
        self.is_refused
    }

    /// Returns whether a worker that has ended a job must not start a thread.
    pub(super) fn is_waiting(&self, ended: u64) -> bool {
        ended < self.retry_at
    }
}
