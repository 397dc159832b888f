//! The report of a shutdown.

use std::fmt;
use std::time::Instant;

use runtime_core::metadata::Metadata;

use crate::pool::shared::PoolState;
use crate::pool::stats::RunningJob;
use crate::worker::current::WorkerId;

/// The jobs that a shutdown left undone.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PoolReport {
    /// The jobs that the shutdown cancelled before they began, the oldest first.
    pub cancelled: Vec<Metadata>,
    /// The jobs that were running when the shutdown stopped waiting, including those that stopped
    /// as soon as the shutdown requested it. The others cannot be stopped, and their results arrive
    /// later.
    pub running: Vec<RunningJob>,
    /// The jobs that [must run](crate::LaneBuilder::must_run) and still waited for a thread when
    /// the shutdown stopped waiting. The pool's threads run them later, unless the process ends
    /// first.
    pub waiting: Vec<Metadata>,
}

impl PoolState {
    /// Reports the jobs that run, except the job of the worker `except`, and the jobs that wait.
    pub(crate) fn report(&self, now: Instant, except: Option<WorkerId>) -> PoolReport {
        let waiting = self.queue.waiting().map(|(job, _)| job.metadata().clone()).collect();
        PoolReport { cancelled: Vec::new(), running: self.running(now, except), waiting }
    }
}

impl PoolReport {
    /// Returns whether no job was left undone.
    pub fn is_clean(&self) -> bool {
        self.cancelled.is_empty() && self.running.is_empty() && self.waiting.is_empty()
    }
}

/// The maximum number of jobs that a list shows.
const LIST_MAX: usize = 8;

/// `` 1 job still runs: `copy` (spawned at src/main.rs:1:5), for 7s; 2 jobs were cancelled: ... ``
impl fmt::Display for PoolReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("every job has ended");
        }
        let lists = [
            (&self.running.iter().map(|job| job as _).collect::<Vec<_>>(), STILL_RUN),
            (&self.waiting.iter().map(|job| job as _).collect(), STILL_WAIT),
            (&self.cancelled.iter().map(|job| job as _).collect(), WERE_CANCELLED),
        ];
        let mut separator = "";
        for (jobs, (one, many)) in lists.into_iter().filter(|(jobs, _)| !jobs.is_empty()) {
            let what = if jobs.len() == 1 { one } else { many };
            write!(f, "{separator}{} {what}: ", jobs.len())?;
            write_list(f, jobs)?;
            separator = "; ";
        }
        Ok(())
    }
}

const STILL_RUN: (&str, &str) = ("job still runs", "jobs still run");
const STILL_WAIT: (&str, &str) = ("job still waits", "jobs still wait");
const WERE_CANCELLED: (&str, &str) = ("job was cancelled", "jobs were cancelled");

fn write_list(f: &mut fmt::Formatter<'_>, list: &[&dyn fmt::Display]) -> fmt::Result {
    for (index, item) in list.iter().take(LIST_MAX).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    match list.len().saturating_sub(LIST_MAX) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}
