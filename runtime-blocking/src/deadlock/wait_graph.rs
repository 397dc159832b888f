//! Whether those that run can go on: a pure rule, with no thread, no clock and no lock.
//!
//! A job may block on another job of its pool. If every thread runs a job that does so, nobody is
//! left to run what they wait for; likewise in a lane all of whose places are taken by jobs that
//! wait for jobs of that lane. The pool would stand still for ever.
//!
//! The rule says who can *go on*, beginning with nobody and adding until nobody is added:
//!
//! 1. A job that runs can go on if it waits for no job of this pool that has not ended, or for one
//!    that can go on.
//! 2. A job that waits to be run can go on if it gets a place and a thread. It gets a place if its
//!    lane has one, or if a job that runs in that lane can go on. It gets a thread if one is there
//!    or on the way, or if any job that runs can go on.
//!
//! The jobs ahead of it in the queue do not matter: before they have begun, nothing is known
//! against them. So whoever is not added has nothing to hope for. It errs on one side only: a job
//! that waits for something that the pool does not know of, such as a channel, is taken to go on.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use runtime_core::metadata::Metadata;

use crate::queue::lanes::LaneId;

/// The jobs that run, and what there is for those that wait to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) runners: Vec<Runner>,
    /// The lanes that have no place.
    pub(crate) full: Vec<LaneId>,
    /// Whether a thread is there, or on the way, for a job that can be taken.
    pub(crate) has_thread: bool,
}

/// A job that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runner {
    pub(crate) lane: LaneId,
    pub(crate) awaits: Awaits,
}

/// What a job that runs waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// Nothing that is known.
    Nothing,
    /// A job that runs: its number in the scene.
    Runner(usize),
    /// A job of this lane that waits to be run.
    Waiting(LaneId),
}

/// Of what there is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    Threads,
    /// Places in this lane.
    Places(LaneId),
}

/// Somebody who cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// The runner at the end of the chain: what it waits for waits to be run.
    pub(crate) last: usize,
    pub(crate) lack: Lack,
}

impl Scene {
    /// Whether this runner cannot go on for want of a thread or a place. Runners that wait for each
    /// other in a circle cannot either, but no thread would help them: they are none of these.
    pub(crate) fn stuck(&self, runner: usize) -> Option<Stuck> {
        let going = self.going();
        let mut last = runner;
        for _ in 0..self.runners.len() {
            if going[last] {
                return None;
            }
            match self.runners[last].awaits {
                Awaits::Nothing => return None,
                Awaits::Runner(next) => last = next,
                Awaits::Waiting(lane) => {
                    let has_place = self.has_place(lane, &going);
                    let lack = if has_place { Lack::Threads } else { Lack::Places(lane) };
                    return Some(Stuck { last, lack });
                }
            }
        }
        None
    }

    /// Who can go on.
    fn going(&self) -> Vec<bool> {
        let mut going = vec![false; self.runners.len()];
        loop {
            let mut is_added = false;
            for (index, runner) in self.runners.iter().enumerate() {
                let goes = match runner.awaits {
                    Awaits::Nothing => true,
                    Awaits::Runner(other) => going[other],
                    Awaits::Waiting(lane) => {
                        let gets_thread = self.has_thread || going.contains(&true);
                        gets_thread && self.has_place(lane, &going)
                    }
                };
                if goes && !going[index] {
                    going[index] = true;
                    is_added = true;
                }
            }
            if !is_added {
                return going;
            }
        }
    }

    fn has_place(&self, lane: LaneId, going: &[bool]) -> bool {
        let mut runners = self.runners.iter().zip(going);
        !self.full.contains(&lane) || runners.any(|(runner, going)| *going && runner.lane == lane)
    }
}

/// Why a job was refused that another job of its pool was blocking on: nobody would ever have run
/// it. It is the [source](Error::source) of the [`JoinError`](runtime_core::join::JoinError) that
/// the handle then yields.
///
/// It says that every thread of the pool, or every place of a lane, was taken by a job that waited
/// for a job of the same pool, and names them. Give the pool more
/// [threads](crate::Builder::threads_max), or the lane more
/// [places](crate::LaneBuilder::running_max), than there can be jobs that wait; or *await* the
/// inner job in a task instead of blocking on it in a job.
#[derive(Clone, Debug)]
pub struct Standstill {
    pub(crate) pool: Cow<'static, str>,
    /// The lane whose places are taken; `None` if it is the threads.
    pub(crate) lane: Option<Cow<'static, str>>,
    pub(crate) waiting: Vec<Metadata>,
}

impl Standstill {
    /// The jobs that hold the threads, or the lane's places, and wait: the one that gets this error
    /// among them.
    pub fn waiting(&self) -> &[Metadata] {
        &self.waiting
    }

    /// The lane all of whose places are taken; `None` if all threads of the pool are.
    pub fn lane(&self) -> Option<&str> {
        self.lane.as_deref()
    }
}

/// The jobs that are named; there may be hundreds.
const NAMED_MAX: usize = 8;

impl fmt::Display for Standstill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = &self.pool;
        let setting = match &self.lane {
            None => {
                write!(f, "every thread of pool `{pool}`")?;
                "threads_max"
            }
            Some(lane) => {
                write!(f, "every place of lane `{lane}` of pool `{pool}`")?;
                "running_max"
            }
        };
        f.write_str(
            " is taken by a job that waits for a job of the same pool, so nobody is left to ",
        )?;
        f.write_str("run this one; those that wait are ")?;
        for (index, job) in self.waiting.iter().take(NAMED_MAX).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{job}")?;
        }
        if let more @ 1.. = self.waiting.len().saturating_sub(NAMED_MAX) {
            write!(f, " and {more} more")?;
        }
        write!(f, ": raise `{setting}`, or await the job in a task instead of blocking on it")
    }
}

impl Error for Standstill {}

#[cfg(test)]
mod tests;
