//! Who works here: one seat for each thread, the stack of those that wait, and the handles by which
//! threads are joined.
//!
//! Every thread is joined by somebody. A worker that retires cannot join itself: it leaves its
//! handle in `left`, and takes along what it finds there to join it, which takes no time, because
//! those threads have only their last few steps to go. So each is joined by the next one to retire,
//! and the last by the shutdown; joining the last means that all before it were joined too.
//!
//! The one who hires holds the new thread's handle for a moment before it can be deposited here,
//! and the new thread may have retired by then: its seat is kept until the handle comes.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use runtime_core::park::Parker;
use runtime_core::sync::thread::JoinHandle;

use crate::job::closure::Job;
use crate::worker::policy::Role;

/// A worker's number: where its seat is. The lowest free one is given to a new thread.
pub(crate) type SeatId = usize;

/// The roster. *Guarded by* the pool's lock.
#[derive(Default)]
pub(crate) struct Roster {
    seats: Vec<Seat>,
    /// The workers that wait, the latest on top.
    idle: Vec<SeatId>,
    /// Handles of retired threads that nobody has joined.
    left: Vec<JoinHandle<()>>,
    /// Handles that will come or are being joined by a shutdown: threads that `left` does not show.
    handles_out: usize,
    /// How many workers are insiders.
    insiders: usize,
}

#[derive(Default)]
struct Seat {
    occupancy: Occupancy,
    /// Where its worker sleeps; set by the worker.
    parker: Option<Arc<Parker>>,
    /// What its worker was called for, until the worker has noticed.
    summons: Option<Role>,
    running: Option<Running>,
    /// The job of this pool for whose end its thread sleeps, if it does and nothing else can wake
    /// it.
    awaits: Option<Arc<dyn Job>>,
    /// Whether its job has shut the pool down: nobody inside waits for it then.
    insider: bool,
}

/// What a worker runs, and since when.
pub(crate) struct Running {
    pub(crate) job: Arc<dyn Job>,
    pub(crate) since: Instant,
}

#[derive(Default)]
enum Occupancy {
    #[default]
    Free,
    /// Taken; the handle is on its way.
    Hiring,
    /// Taken; the thread is joined by this.
    Taken(JoinHandle<()>),
    /// The thread has retired; the handle is on its way.
    Vacated,
}

impl Roster {
    // ---- hiring ----

    /// A seat for a thread that is about to be started.
    pub(crate) fn reserve(&mut self) -> SeatId {
        self.handles_out += 1;
        let free = self.seats.iter().position(|seat| matches!(seat.occupancy, Occupancy::Free));
        let id = free.unwrap_or_else(|| {
            self.seats.push(Seat::default());
            self.seats.len() - 1
        });
        self.seats[id].occupancy = Occupancy::Hiring;
        id
    }

    /// The thread runs, or has run already, and this is its handle.
    pub(crate) fn deposit(&mut self, id: SeatId, handle: JoinHandle<()>) {
        self.handles_out -= 1;
        let seat = &mut self.seats[id];
        match seat.occupancy {
            Occupancy::Hiring => seat.occupancy = Occupancy::Taken(handle),
            Occupancy::Vacated => {
                seat.occupancy = Occupancy::Free;
                self.left.push(handle);
            }
            Occupancy::Free | Occupancy::Taken(_) => unreachable!("one deposit follows a reserve"),
        }
    }

    /// The thread could not be started.
    pub(crate) fn release(&mut self, id: SeatId) {
        self.handles_out -= 1;
        self.seats[id].occupancy = Occupancy::Free;
    }

    /// The new worker says where it sleeps.
    pub(crate) fn move_in(&mut self, id: SeatId, parker: Arc<Parker>) {
        self.seats[id].parker = Some(parker);
    }

    // ---- waiting and calling ----

    /// A worker waits, on top of the stack.
    pub(crate) fn push_idle(&mut self, id: SeatId) {
        self.idle.push(id);
    }

    /// Calls the worker on top. The caller unparks it outside the lock.
    pub(crate) fn call_idle(&mut self, role: Role) -> Option<Arc<Parker>> {
        let id = self.idle.pop()?;
        let seat = &mut self.seats[id];
        seat.summons = Some(role);
        seat.parker.clone()
    }

    /// What this worker was called for, if it was.
    pub(crate) fn take_summons(&mut self, id: SeatId) -> Option<Role> {
        self.seats[id].summons.take()
    }

    /// A worker ends its wait uncalled.
    pub(crate) fn leave_idle(&mut self, id: SeatId) {
        self.idle.retain(|&idle| idle != id);
    }

    // ---- at work ----

    /// A worker begins a job.
    pub(crate) fn begin(&mut self, id: SeatId, running: Running) {
        self.seats[id].running = Some(running);
    }

    /// A worker has ended its job, if it had one; to be dropped outside the lock.
    #[must_use]
    pub(crate) fn end(&mut self, id: SeatId) -> Option<Running> {
        let seat = &mut self.seats[id];
        if mem::take(&mut seat.insider) {
            self.insiders -= 1;
        }
        seat.running.take()
    }

    /// A worker's job shuts the pool down; the worker is an insider until that job ends.
    pub(crate) fn make_insider(&mut self, id: SeatId) {
        if !mem::replace(&mut self.seats[id].insider, true) {
            self.insiders += 1;
        }
    }

    /// How many workers run a job that has shut the pool down.
    pub(crate) fn insiders(&self) -> usize {
        self.insiders
    }

    /// What runs, by seat.
    pub(crate) fn running(&self) -> impl Iterator<Item = (SeatId, &Running)> {
        let seats = self.seats.iter().enumerate();
        seats.filter_map(|(id, seat)| Some((id, seat.running.as_ref()?)))
    }

    // ---- waiting for a job of the same pool ----

    /// A worker's thread is about to sleep for this job alone. Gives what is to be dropped outside
    /// the lock.
    #[must_use]
    pub(crate) fn start_awaiting(&mut self, id: SeatId, job: Arc<dyn Job>) -> Option<Arc<dyn Job>> {
        self.seats[id].awaits.replace(job)
    }

    /// It is awake. Gives what is to be dropped outside the lock.
    #[must_use]
    pub(crate) fn stop_awaiting(&mut self, id: SeatId) -> Option<Arc<dyn Job>> {
        self.seats[id].awaits.take()
    }

    /// For what a worker waits.
    pub(crate) fn awaited(&self, id: SeatId) -> Option<&Arc<dyn Job>> {
        self.seats[id].awaits.as_ref()
    }

    /// The workers that wait for a job.
    pub(crate) fn awaiting(&self) -> Vec<SeatId> {
        (0..self.seats.len()).filter(|&id| self.seats[id].awaits.is_some()).collect()
    }

    // ---- leaving ----

    /// A worker retires. It joins what this returns.
    pub(crate) fn vacate(&mut self, id: SeatId) -> Vec<JoinHandle<()>> {
        let before = mem::take(&mut self.left);
        let seat = mem::take(&mut self.seats[id]);
        match seat.occupancy {
            Occupancy::Taken(handle) => self.left.push(handle),
            Occupancy::Hiring => self.seats[id].occupancy = Occupancy::Vacated,
            Occupancy::Free | Occupancy::Vacated => unreachable!("a worker retires once"),
        }
        before
    }

    /// Whether the handle of every retired thread is here or has been joined.
    pub(crate) fn handles_are_in(&self) -> bool {
        self.handles_out == 0
    }

    /// Takes what retired threads have left; answered by [`joined`](Roster::joined).
    pub(crate) fn take_left(&mut self) -> Vec<JoinHandle<()>> {
        self.handles_out += self.left.len();
        mem::take(&mut self.left)
    }

    /// So many handles that [`take_left`](Roster::take_left) gave have been joined.
    pub(crate) fn joined(&mut self, handles: usize) {
        self.handles_out -= handles;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_idle(workers: usize) -> (Roster, Vec<Arc<Parker>>) {
        let mut roster = Roster::default();
        let mut parkers = Vec::new();
        for id in 0..workers {
            assert_eq!(roster.reserve(), id);
            parkers.push(Arc::new(Parker::new()));
            roster.move_in(id, Arc::clone(&parkers[id]));
            roster.push_idle(id);
        }
        (roster, parkers)
    }

    #[test]
    fn the_latest_is_called_first_and_who_has_left_is_not() {
        let (mut roster, parkers) = with_idle(3);
        roster.leave_idle(2);
        let called = roster.call_idle(Role::Lookout).expect("two are idle");
        assert!(Arc::ptr_eq(&called, &parkers[1]));
        assert_eq!(roster.take_summons(1), Some(Role::Lookout));
        assert_eq!(roster.take_summons(1), None);
        assert_eq!(roster.take_summons(0), None);
    }

    #[test]
    fn a_seat_is_kept_until_its_handle_comes() {
        let (mut roster, _parkers) = with_idle(1);
        roster.leave_idle(0);
        assert!(roster.vacate(0).is_empty() && !roster.handles_are_in());
        assert_eq!(roster.reserve(), 1);
        let thread = runtime_core::sync::thread::spawn("ended".into(), None, || ());
        roster.deposit(0, thread.expect("a thread"));
        roster.release(1);
        assert!(roster.handles_are_in());
        assert_eq!(roster.reserve(), 0);
        let left = roster.take_left();
        assert_eq!(left.len(), 1);
        crate::worker::lifecycle::join_all(left);
    }

    #[test]
    fn an_insider_is_counted_once_until_its_job_ends() {
        let (mut roster, _parkers) = with_idle(2);
        roster.make_insider(1);
        roster.make_insider(1);
        assert_eq!(roster.insiders(), 1);
        assert!(roster.end(0).is_none());
        assert_eq!(roster.insiders(), 1);
        assert!(roster.end(1).is_none());
        assert!(roster.end(1).is_none());
        assert_eq!(roster.insiders(), 0);
    }
}
