//! Rounds of ended jobs, whose run times show whether jobs block while the queue moves.

use std::time::Duration;

/// The time between two looks of the monitor, and the run time from which on a job counts as
/// blocked.
pub(crate) const PATIENCE: Duration = Duration::from_micros(100);

/// The round of jobs that the monitor watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// The number of ended jobs when the round began.
    ended: u64,
    /// The time for which these jobs had run.
    run_time: Duration,
    /// The average run time in the last round that was slow, after which threads were added.
    before_growth: Option<Duration>,
}

impl Round {
    /// Begins the first round, when this number of jobs have ended and have run for this time.
    pub(super) fn begin(ended: u64, run_time: Duration) -> Round {
        Round { ended, run_time, before_growth: None }
    }

    /// Returns whether the round is over and its jobs have blocked. The round is over when as many
    /// of its jobs have ended as workers are busy; then the next round begins.
    pub(super) fn is_slow(&mut self, ended: u64, run_time: Duration, busy: usize) -> bool {
        let jobs = u32::try_from(ended - self.ended).unwrap_or(u32::MAX);
        if jobs == 0 || (jobs as usize) < busy {
            return false;
        }
        let average = (run_time - self.run_time) / jobs;
        (self.ended, self.run_time) = (ended, run_time);
        let contend = |before: Duration| average >= before + before / 2;
        if average < PATIENCE || self.before_growth.is_some_and(contend) {
            return false;
        }
        self.before_growth = Some(average);
        true
    }
}
