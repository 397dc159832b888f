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

use runtime_core::origin::Origin;
use runtime_core::park::Parker;
use runtime_core::sync::thread::JoinHandle;

use crate::policy::Role;

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
}

#[derive(Default)]
struct Seat {
    occupancy: Occupancy,
    /// Where its worker sleeps; set by the worker.
    parker: Option<Arc<Parker>>,
    /// What its worker was called for, until the worker has noticed.
    summons: Option<Role>,
    /// What it runs, and since when.
    running: Option<(Origin, Instant)>,
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
    pub(crate) fn begin(&mut self, id: SeatId, origin: Origin, since: Instant) {
        self.seats[id].running = Some((origin, since));
    }

    /// A worker has ended its job and has no other.
    pub(crate) fn end(&mut self, id: SeatId) {
        self.seats[id].running = None;
    }

    /// What runs, by seat.
    pub(crate) fn running(&self) -> impl Iterator<Item = (SeatId, &Origin, Instant)> {
        self.seats.iter().enumerate().filter_map(|(id, seat)| {
            seat.running.as_ref().map(|(origin, since)| (id, origin, *since))
        })
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
