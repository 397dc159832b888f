//! Lists of waiting jobs.
//!
//! A list is a ring of entries in the order of their [tickets](Ticket). A queued job costs its list
//! two words: the job itself has the ticket. Neither appending a job nor taking the first one reads
//! the job, which another core has written.
//!
//! A job that is removed from the middle leaves a *vacant* entry behind, which has the ticket. The
//! first and the last entry are never vacant, and at least half of all entries hold a job:
//! otherwise the list closes its gaps. A removal therefore takes a binary search, and constant time
//! on average for the gaps. Most searches end at once: if the pool has one lane and the list has
//! closed no gap, the tickets of the first and the last entry give the place of the job.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use crate::job::closure::Job;
use crate::queue::permit::Permit;
use crate::queue::ticket::Ticket;

/// A job that waited, and has left the queue.
pub(crate) struct WaitingJob {
    pub(crate) job: Arc<dyn Job>,
    /// Present only if the job was in the wait list, and its submitter waits for a place in the
    /// queue.
    pub(crate) permit: Option<Permit>,
}

/// The number of entries for which an empty list keeps memory.
const KEPT: usize = 1024;

/// One list, in the order of arrival. Each job has a note.
pub(crate) struct JobList<N> {
    entries: VecDeque<Entry<N>>,
    /// The number of entries that are not vacant.
    len: usize,
}

enum Entry<N> {
    Job(Arc<dyn Job>, N),
    Vacant(Ticket),
}

impl<N> Entry<N> {
    fn ticket(&self) -> Ticket {
        match self {
            Entry::Job(job, _) => job.ticket(),
            Entry::Vacant(ticket) => *ticket,
        }
    }

    fn job(&self) -> Option<(&Arc<dyn Job>, &N)> {
        match self {
            Entry::Job(job, note) => Some((job, note)),
            Entry::Vacant(_) => None,
        }
    }

    fn is_vacant(&self) -> bool {
        matches!(self, Entry::Vacant(_))
    }
}

impl<N> JobList<N> {
    pub(crate) const fn new() -> JobList<N> {
        JobList { entries: VecDeque::new(), len: 0 }
    }

    /// The number of jobs.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The ticket of the first job.
    pub(crate) fn first(&self) -> Option<Ticket> {
        self.entries.front().map(Entry::ticket)
    }

    /// The jobs, in the order of the list.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<dyn Job>, &N)> {
        self.entries.iter().filter_map(Entry::job)
    }

    /// Returns the job with this ticket.
    pub(crate) fn get(&self, ticket: Ticket) -> Option<&Arc<dyn Job>> {
        let place = self.place(ticket)?;
        self.entries[place].job().map(|(job, _)| job)
    }

    /// Appends a job that has its ticket, which is higher than all others.
    #[inline]
    pub(crate) fn push(&mut self, job: Arc<dyn Job>, note: N) {
        self.entries.push_back(Entry::Job(job, note));
        self.len += 1;
    }

    /// Takes out the first job.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Arc<dyn Job>, N)> {
        let first = self.entries.pop_front()?;
        self.len -= 1;
        if self.entries.len() != self.len {
            self.close_gaps();
        } else if self.len == 0 && self.entries.capacity() > KEPT {
            self.entries.shrink_to(KEPT);
        }
        match first {
            Entry::Job(job, note) => Some((job, note)),
            Entry::Vacant(_) => unreachable!("the first entry is not vacant"),
        }
    }

    /// Removes the job with this ticket.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<(Arc<dyn Job>, N)> {
        let place = self.place(ticket)?;
        let Entry::Job(job, note) = mem::replace(&mut self.entries[place], Entry::Vacant(ticket))
        else {
            return None;
        };
        self.len -= 1;
        self.close_gaps();
        Some((job, note))
    }

    /// Drops the vacant entries at both ends, and all of them if they are more than the jobs.
    #[cold]
    fn close_gaps(&mut self) {
        while self.entries.front().is_some_and(Entry::is_vacant) {
            self.entries.pop_front();
        }
        while self.entries.back().is_some_and(Entry::is_vacant) {
            self.entries.pop_back();
        }
        if self.entries.len() > 2 * self.len {
            self.entries.retain(|entry| !entry.is_vacant());
        }
    }

    /// The number of entries, vacant or not.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The number of entries for which there is memory.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    fn place(&self, ticket: Ticket) -> Option<usize> {
        let (first, last) = (self.entries.front()?.ticket(), self.entries.back()?.ticket());
        if !(first..=last).contains(&ticket) {
            return None;
        }
        // Tickets differ by at least one from entry to entry, which bounds the number of entries
        // before and behind the place.
        let entries = |tickets: u64| usize::try_from(tickets).unwrap_or(usize::MAX);
        let end = self.entries.len() - 1;
        let mut low = end.saturating_sub(entries(last.0 - ticket.0));
        let mut high = end.min(entries(ticket.0 - first.0));
        while low < high {
            let middle = low.midpoint(high);
            if self.entries[middle].ticket() < ticket {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (self.entries[low].ticket() == ticket).then_some(low)
    }
}
