//! The job queue: several lanes, each first in, first out, and which of them comes next.
//!
//! ```text
//!               push                   admit                    pop
//!   a job ──┬─────────────▶ LINE ──────────────────▶ QUEUE ──────────────▶ running, at most
//!           │   the queue is full    a place is free    ▲   lowest rank      `running_max`
//!           └───────────────────────────────────────────┘   of all lanes
//!                          there is room
//! ```
//!
//! A plain value: no thread, no clock, no lock. A lane has a limit of jobs that run at a time, and
//! may have one of jobs that wait. Every job draws a ticket when it comes. The next job is the one
//! of lowest rank among the first of those lanes that have room to run one; the rank is the ticket,
//! and a background lane's is [`AGING`](crate::queue::lane_config::AGING) tickets higher. So a background job
//! lets interactive jobs pass that came later, but at most `AGING` of them, and nothing starves.

use std::borrow::Cow;
use std::sync::Arc;

use runtime_core::completion::Completion;
use runtime_core::metadata::Id;

use crate::job::closure::{Job, Place};
use crate::queue::fifo::{Entry, Fifo};
use crate::queue::lane_config::Rules;

/// The lane's number in its pool.
pub(crate) type LaneId = usize;

const IS_THERE: &str = "a lane is there while it has a handle or a job";

/// The lane that a pool has from the beginning.
pub(crate) const MAIN: LaneId = 0;

/// Is told when a job has come from the line into the queue.
pub(crate) type Admission = Arc<Completion<()>>;

/// Tells whoever waits for room that its job has a place. Outside the lock.
#[inline]
pub(crate) fn announce(admission: Option<Admission>) {
    if let Some(admission) = admission {
        let _no_producer = admission.complete(Ok(()));
    }
}

/// What becomes of a job that finds its lane's queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// It stands in line.
    StandInLine,
    /// The same, and its submitter wants to know when it gets a place.
    StandInLineAndTell,
    /// It is not taken.
    Refuse,
}

/// A job was taken in.
pub(crate) struct Pushed {
    /// Whether one job more could run now.
    pub(crate) takeable_more: bool,
    /// What tells that it got its place, if it stands in line and somebody wants to know.
    pub(crate) admission: Option<Admission>,
}

struct Lane {
    rules: Rules,
    queue: Fifo,
    /// Those behind a full queue.
    line: Fifo,
    running: usize,
    completed: u64,
    /// No handle is left: when its last job has ended, it goes.
    abandoned: bool,
}

impl Lane {
    fn waiting(&self) -> usize {
        self.queue.waiting() + self.line.waiting()
    }

    /// How many more may run now.
    fn vacancies(&self) -> usize {
        self.rules.running_max - self.running
    }

    /// How many of those that wait could run now, if there were threads.
    fn takeable(&self) -> usize {
        self.waiting().min(self.vacancies())
    }

    fn rank(&self) -> Option<u64> {
        let first = if self.vacancies() == 0 { None } else { self.queue.front() };
        first.map(|entry| entry.ticket + self.rules.priority.penalty())
    }

    /// Moves who stands first in line into the queue if there is room.
    #[inline]
    fn admit(&mut self) -> Option<Admission> {
        // Mostly nobody stands there.
        if self.line.waiting() == 0 || self.queue.waiting() >= self.rules.queue_max {
            return None;
        }
        self.admit_first()
    }

    fn admit_first(&mut self) -> Option<Admission> {
        let mut entry = self.line.pop()?;
        entry.job.set_place(Place::Queued);
        let admission = entry.admission.take();
        self.queue.push(entry);
        admission
    }

    fn is_over(&self) -> bool {
        self.abandoned && self.running == 0 && self.waiting() == 0
    }
}

/// A job that was taken out to be run.
pub(crate) struct Taken {
    pub(crate) job: Arc<dyn Job>,
    /// Who has got the place that became free.
    pub(crate) admission: Option<Admission>,
}

/// What follows from a job that was cancelled.
pub(crate) struct Withdrawn {
    /// Whether one job less could run now.
    pub(crate) takeable_less: bool,
    /// Whether no job is left that a shutdown waits for in any case.
    pub(crate) was_last_must: bool,
    pub(crate) admission: Option<Admission>,
    /// To be dropped outside the lock.
    pub(crate) swept: Vec<Entry>,
}

/// What follows from a job that has ended.
pub(crate) struct Ended {
    /// Whether one job more can run now.
    pub(crate) takeable_more: bool,
    /// Whether it was the last of those that a shutdown waits for in any case.
    pub(crate) was_last_must: bool,
}

/// What a lane is doing.
pub(crate) struct Counts {
    pub(crate) name: Cow<'static, str>,
    pub(crate) running: usize,
    pub(crate) queued: usize,
    pub(crate) in_line: usize,
    pub(crate) completed: u64,
}

/// All the jobs of a pool that wait. *Guarded by* the pool's lock.
pub(crate) struct Lanes {
    /// By their numbers; the number of a lane that has gone is given again.
    lanes: Vec<Option<Lane>>,
    tickets: u64,
}

impl Lanes {
    /// With the main lane.
    pub(crate) fn new(main: Rules) -> Lanes {
        let mut lanes = Lanes { lanes: Vec::new(), tickets: 0 };
        lanes.open(main);
        lanes
    }

    // ---- lanes come and go ----

    /// Makes a lane.
    pub(crate) fn open(&mut self, rules: Rules) -> LaneId {
        let lane = Lane {
            rules,
            queue: Fifo::default(),
            line: Fifo::default(),
            running: 0,
            completed: 0,
            abandoned: false,
        };
        match self.lanes.iter().position(Option::is_none) {
            Some(free) => {
                self.lanes[free] = Some(lane);
                free
            }
            None => {
                self.lanes.push(Some(lane));
                self.lanes.len() - 1
            }
        }
    }

    /// Nobody can submit to this lane any more.
    pub(crate) fn abandon(&mut self, id: LaneId) {
        self.lane(id).abandoned = true;
        self.clear_if_over(id);
    }

    fn clear_if_over(&mut self, id: LaneId) {
        if self.lane(id).is_over() {
            self.lanes[id] = None;
        }
    }

    fn lane(&mut self, id: LaneId) -> &mut Lane {
        self.lanes[id].as_mut().expect(IS_THERE)
    }

    fn all(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.iter().flatten()
    }

    // ---- counts ----

    /// Jobs that wait with a place in a queue.
    pub(crate) fn queued(&self) -> usize {
        self.all().map(|lane| lane.queue.waiting()).sum()
    }

    /// Jobs that wait for a place.
    pub(crate) fn in_line(&self) -> usize {
        self.all().map(|lane| lane.line.waiting()).sum()
    }

    /// Jobs that could run now, if there were threads.
    pub(crate) fn takeable(&self) -> usize {
        self.all().map(Lane::takeable).sum()
    }

    /// Jobs that wait or run and that a shutdown does not cancel.
    pub(crate) fn must_run(&self) -> usize {
        let lanes = self.all().filter(|lane| lane.rules.must_run);
        lanes.map(|lane| lane.waiting() + lane.running).sum()
    }

    /// Whether a shutdown does not cancel the jobs of this lane.
    pub(crate) fn is_must(&self, id: LaneId) -> bool {
        self.lanes[id].as_ref().expect(IS_THERE).rules.must_run
    }

    /// The lanes that there are.
    pub(crate) fn ids(&self) -> impl Iterator<Item = LaneId> {
        (0..self.lanes.len()).filter(|&id| self.lanes[id].is_some())
    }

    /// What a lane does.
    pub(crate) fn counts(&self, id: LaneId) -> Counts {
        let lane = self.lanes[id].as_ref().expect(IS_THERE);
        Counts {
            name: lane.rules.name.clone(),
            running: lane.running,
            queued: lane.queue.waiting(),
            in_line: lane.line.waiting(),
            completed: lane.completed,
        }
    }

    /// What a lane is called.
    pub(crate) fn name(&self, id: LaneId) -> Cow<'static, str> {
        self.lanes[id].as_ref().expect(IS_THERE).rules.name.clone()
    }

    /// Whether one job more may run in this lane.
    pub(crate) fn has_place(&self, id: LaneId) -> bool {
        let lane = self.lanes[id].as_ref().expect(IS_THERE);
        lane.running < lane.rules.running_max
    }

    /// The job with this number, if it waits. Those that came last are looked at first, as somebody
    /// who looks for a job has mostly just submitted it.
    pub(crate) fn find(&self, id: Id) -> Option<Arc<dyn Job>> {
        let fifos = || self.all().flat_map(|lane| [&lane.queue, &lane.line]);
        let deepest = fifos().map(Fifo::depth).max().unwrap_or(0);
        let mut jobs = (1..=deepest).flat_map(|at| fifos().filter_map(move |f| f.at_back(at)));
        jobs.find(|job| job.metadata().id() == id).cloned()
    }

    // ---- jobs come and go ----

    /// Appends a job to its lane; `None` if it is refused.
    #[inline]
    pub(crate) fn push(&mut self, job: Arc<dyn Job>, when_full: WhenFull) -> Option<Pushed> {
        let ticket = self.tickets;
        let lane = self.lane(job.lane());
        let takeable_more = lane.waiting() < lane.vacancies();
        let mut admission = None;
        if lane.queue.waiting() < lane.rules.queue_max {
            lane.queue.push(Entry { ticket, job, admission: None });
        } else {
            match when_full {
                WhenFull::Refuse => return None,
                WhenFull::StandInLine => {}
                WhenFull::StandInLineAndTell => {
                    let cell = Completion::of_job(job.metadata().clone(), job.pool());
                    admission = Some(Arc::new(cell));
                }
            }
            job.set_place(Place::InLine);
            lane.line.push(Entry { ticket, job, admission: admission.clone() });
        }
        self.tickets += 1;
        Some(Pushed { takeable_more, admission })
    }

    /// Takes out the job that is to run next. It counts as running until it has
    /// [`ended`](Lanes::ended), and can no longer be cancelled.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Taken> {
        let lane = self.next_lane()?;
        let Entry { job, .. } = lane.queue.pop()?;
        job.set_place(Place::Out);
        lane.running += 1;
        Some(Taken { job, admission: lane.admit() })
    }

    fn next_lane(&mut self) -> Option<&mut Lane> {
        let ranked = self.lanes.iter_mut().flatten().filter_map(|lane| Some((lane.rank()?, lane)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, lane)| lane)
    }

    /// A job that was taken out has ended.
    #[inline]
    pub(crate) fn ended(&mut self, id: LaneId) -> Ended {
        let lane = self.lane(id);
        let takeable_more = lane.waiting() > lane.vacancies();
        lane.running -= 1;
        lane.completed += 1;
        let was_must = lane.rules.must_run;
        if lane.is_over() {
            self.lanes[id] = None;
        }
        Ended { takeable_more, was_last_must: was_must && self.must_run() == 0 }
    }

    /// Makes a husk of a job, if it waits.
    pub(crate) fn withdraw(&mut self, job: &dyn Job) -> Option<Withdrawn> {
        let place = job.place();
        if place == Place::Out {
            return None;
        }
        let id = job.lane();
        let lane = self.lane(id);
        let before = lane.takeable();
        job.set_place(Place::Out);
        let swept = match place {
            Place::Queued => lane.queue.note_husk(),
            Place::InLine => lane.line.note_husk(),
            Place::Out => unreachable!("looked at above"),
        };
        let admission = lane.admit();
        let takeable_less = lane.takeable() < before;
        let was_must = lane.rules.must_run;
        self.clear_if_over(id);
        let was_last_must = was_must && self.must_run() == 0;
        Some(Withdrawn { takeable_less, was_last_must, admission, swept })
    }

    /// What was to tell of the admission of a job that stands in line and is about to be
    /// [withdrawn](Lanes::withdraw), if somebody wants to know.
    pub(crate) fn take_admission(&mut self, job: &dyn Job) -> Option<Admission> {
        self.lane(job.lane()).line.take_admission(job.metadata().id())
    }

    /// Takes all jobs out that `is_meant` by the lane's rules, the oldest first; none of them can
    /// be cancelled any more.
    pub(crate) fn drain(&mut self, is_meant: impl Fn(&Rules) -> bool) -> Vec<Entry> {
        let mut drained = Vec::new();
        for id in 0..self.lanes.len() {
            let Some(lane) = &mut self.lanes[id] else { continue };
            if is_meant(&lane.rules) {
                drained.extend(lane.queue.drain());
                drained.extend(lane.line.drain());
                self.clear_if_over(id);
            }
        }
        drained.sort_by_key(|entry| entry.ticket);
        drained
    }

    /// The jobs that wait in lanes that `is_meant` by their rules.
    pub(crate) fn waiting(
        &self,
        is_meant: impl Fn(&Rules) -> bool,
    ) -> impl Iterator<Item = &Arc<dyn Job>> {
        let lanes = self.all().filter(move |lane| is_meant(&lane.rules));
        lanes.flat_map(|lane| lane.queue.jobs().chain(lane.line.jobs()))
    }
}

#[cfg(test)]
mod tests;
