//! A queue of jobs, first in, first out, which any job may leave early.
//!
//! A job that is cancelled stays behind as a *husk*: taking it out of the middle would cost a
//! search. Husks that come to the front are dropped, and when more than half of a queue is husks
//! they are swept out together, so that a cancelled job costs a constant on average and a blocked
//! pool keeps no more husks than jobs.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use runtime_core::metadata::Id;

use crate::job::closure::{Job, Place};
use crate::queue::lanes::Admission;

/// Fewer husks than this are not worth a sweep.
const SWEEP_MIN: usize = 32;

/// A job in a queue.
pub(crate) struct Entry {
    pub(crate) ticket: u64,
    pub(crate) job: Arc<dyn Job>,
    pub(crate) admission: Option<Admission>,
}

/// Jobs in the order of their arrival.
#[derive(Default)]
pub(crate) struct Fifo {
    /// The first is no husk.
    entries: VecDeque<Entry>,
    husks: usize,
}

impl Fifo {
    /// How many wait; husks do not count.
    pub(crate) fn waiting(&self) -> usize {
        self.entries.len() - self.husks
    }

    /// Who is next.
    pub(crate) fn front(&self) -> Option<&Entry> {
        self.entries.front()
    }

    /// Those that wait.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Arc<dyn Job>> {
        let jobs = self.entries.iter().map(|entry| &entry.job);
        jobs.filter(|job| job.place() != Place::Out)
    }

    /// How many lie in it, the husks too.
    pub(crate) fn depth(&self) -> usize {
        self.entries.len()
    }

    /// The one at this depth from the back, counted from 1, if it waits.
    pub(crate) fn at_back(&self, depth: usize) -> Option<&Arc<dyn Job>> {
        let entry = self.entries.get(self.entries.len().checked_sub(depth)?)?;
        (entry.job.place() != Place::Out).then_some(&entry.job)
    }

    /// Takes what tells of the admission of the job with this number.
    pub(crate) fn take_admission(&mut self, id: Id) -> Option<Admission> {
        let mut entries = self.entries.iter_mut();
        entries.find(|entry| entry.job.metadata().id() == id)?.admission.take()
    }

    /// Appends a job.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Takes out who is next.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front();
        if self.husks > 0 {
            self.trim();
        }
        entry
    }

    /// Drops the husks at the front. They hold nothing of the user's, so letting go of them under
    /// the lock runs no foreign code.
    fn trim(&mut self) {
        while let Some(entry) = self.entries.front()
            && entry.job.place() == Place::Out
        {
            self.entries.pop_front();
            self.husks -= 1;
        }
    }

    /// Notes that a job in here has become a husk. Returns what was swept out.
    pub(crate) fn note_husk(&mut self) -> Vec<Entry> {
        self.husks += 1;
        self.trim();
        if self.husks < SWEEP_MIN || self.husks * 2 <= self.entries.len() {
            return Vec::new();
        }
        self.husks = 0;
        let (live, husks): (VecDeque<_>, VecDeque<_>) =
            mem::take(&mut self.entries).into_iter().partition(|e| e.job.place() != Place::Out);
        self.entries = live;
        husks.into()
    }

    /// Takes all out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Entry> + use<> {
        self.husks = 0;
        mem::take(&mut self.entries).into_iter().filter(|entry| {
            let was = entry.job.place();
            entry.job.set_place(Place::Out);
            was != Place::Out
        })
    }
}

#[cfg(test)]
impl Fifo {
    /// Whether no more husks are kept than the rule allows.
    pub(crate) fn is_swept(&self) -> bool {
        self.husks < SWEEP_MIN || self.husks <= self.waiting()
    }
}
