//! The worker table: one row for each thread of a pool, the stack of idle workers, and the handles
//! by which threads are joined.
//!
//! Every thread is joined. A worker that retires cannot join itself. It leaves its handle in
//! `retired`, and joins the threads whose handles it finds there. That takes no time, because those
//! threads have only their last few steps left. So each worker is joined by the next one to retire,
//! and the last worker by the shutdown.
//!
//! The thread that starts a worker holds the worker's handle for a moment before it can deposit the
//! handle here, and by then the worker may have retired already. So the row of a retired worker
//! stays occupied until its handle has arrived.
//!
//! The table is a vector and no slab, because a new thread gets the lowest vacant row: the row's
//! number is in the thread's name.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use runtime_core::park::Parker;
use runtime_core::sync::thread::JoinHandle;

use crate::job::closure::Job;
use crate::queue::lane_config::LaneId;
use crate::worker::current::WorkerId;
use crate::worker::policy::Role;

/// The worker table. *Guarded by* the pool's lock.
#[derive(Default)]
pub(crate) struct WorkerTable {
    rows: Vec<WorkerRow>,
    /// The idle workers. The one that became idle last is on top.
    idle: Vec<WorkerId>,
    /// The handles of retired threads that nobody has joined.
    retired: Vec<JoinHandle<()>>,
    /// The number of handles that `retired` does not show: they have not been deposited yet, or a
    /// shutdown is joining them.
    handles_elsewhere: usize,
    /// The number of workers whose job has shut the pool down.
    shutting_down: usize,
}

#[derive(Default)]
struct WorkerRow {
    thread: WorkerThread,
    /// Where the worker sleeps; set by the worker.
    parker: Option<Arc<Parker>>,
    /// The role for which the worker was woken, until the worker takes it.
    assigned: Option<Role>,
    running: Option<CurrentJob>,
    /// Whether the worker's job has shut the pool down. No other shutdown waits for this worker.
    shuts_down: bool,
}

/// The job that a worker runs.
pub(crate) struct CurrentJob {
    pub(crate) job: Arc<dyn Job>,
    pub(crate) lane: LaneId,
    pub(crate) since: Instant,
}

#[derive(Default)]
enum WorkerThread {
    #[default]
    Vacant,
    /// The thread starts or runs, and its handle has not been deposited yet.
    Started,
    /// The thread runs, and this is its handle.
    Running(JoinHandle<()>),
    /// The thread has retired, and its handle has not been deposited yet.
    Retired,
}

impl WorkerTable {
    // ---- starting ----

    /// Reserves the lowest vacant row for a thread that is about to be started.
    pub(crate) fn reserve(&mut self) -> WorkerId {
        self.handles_elsewhere += 1;
        let is_vacant = |row: &WorkerRow| matches!(row.thread, WorkerThread::Vacant);
        let index = self.rows.iter().position(is_vacant).unwrap_or_else(|| {
            self.rows.push(WorkerRow::default());
            self.rows.len() - 1
        });
        self.rows[index].thread = WorkerThread::Started;
        WorkerId::of_row(index)
    }

    /// Deposits the handle of a started thread, which may have retired by now.
    pub(crate) fn deposit(&mut self, id: WorkerId, handle: JoinHandle<()>) {
        self.handles_elsewhere -= 1;
        let thread = &mut self.row(id).thread;
        match thread {
            WorkerThread::Started => *thread = WorkerThread::Running(handle),
            WorkerThread::Retired => {
                *thread = WorkerThread::Vacant;
                self.retired.push(handle);
            }
            WorkerThread::Vacant | WorkerThread::Running(_) => {
                unreachable!("a handle is deposited once for each reserved row")
            }
        }
    }

    /// Vacates a reserved row, because the thread could not be started.
    pub(crate) fn release(&mut self, id: WorkerId) {
        self.handles_elsewhere -= 1;
        self.row(id).thread = WorkerThread::Vacant;
    }

    /// Notes where a new worker sleeps.
    pub(crate) fn set_parker(&mut self, id: WorkerId, parker: Arc<Parker>) {
        self.row(id).parker = Some(parker);
    }

    fn row(&mut self, id: WorkerId) -> &mut WorkerRow {
        &mut self.rows[id.row()]
    }

    // ---- idle workers ----

    /// Puts a worker on top of the idle stack.
    pub(crate) fn push_idle(&mut self, id: WorkerId) {
        self.idle.push(id);
    }

    /// Assigns a role to the idle worker on top. The caller unparks the worker outside the lock.
    pub(crate) fn assign_idle(&mut self, role: Role) -> Option<Arc<Parker>> {
        let id = self.idle.pop()?;
        let row = self.row(id);
        row.assigned = Some(role);
        row.parker.clone()
    }

    /// Takes the role that was assigned to this worker.
    pub(crate) fn take_assigned(&mut self, id: WorkerId) -> Option<Role> {
        self.row(id).assigned.take()
    }

    /// Takes a worker off the idle stack that was not assigned a role.
    pub(crate) fn remove_idle(&mut self, id: WorkerId) {
        self.idle.retain(|&idle| idle != id);
    }

    // ---- running jobs ----

    /// Notes the job that a worker begins.
    pub(crate) fn begin(&mut self, id: WorkerId, running: CurrentJob) {
        self.row(id).running = Some(running);
    }

    /// Takes the job that a worker has ended, if there was one, to be dropped outside the lock.
    #[must_use]
    pub(crate) fn end(&mut self, id: WorkerId) -> Option<CurrentJob> {
        let row = &mut self.rows[id.row()];
        if mem::take(&mut row.shuts_down) {
            self.shutting_down -= 1;
        }
        row.running.take()
    }

    /// All running jobs, in the order of their workers.
    pub(crate) fn running(&self) -> impl Iterator<Item = (WorkerId, &CurrentJob)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(index, row)| Some((WorkerId::of_row(index), row.running.as_ref()?)))
    }

    /// Notes that a worker's job shuts the pool down. It holds until that job ends.
    pub(crate) fn set_shuts_down(&mut self, id: WorkerId) {
        if !mem::replace(&mut self.row(id).shuts_down, true) {
            self.shutting_down += 1;
        }
    }

    /// The number of workers whose job has shut the pool down.
    pub(crate) fn shutting_down(&self) -> usize {
        self.shutting_down
    }

    // ---- retiring ----

    /// Vacates the row of a worker that retires. Returns the handles that the worker joins.
    pub(crate) fn retire(&mut self, id: WorkerId) -> Vec<JoinHandle<()>> {
        let before = mem::take(&mut self.retired);
        match mem::take(self.row(id)).thread {
            WorkerThread::Running(handle) => self.retired.push(handle),
            WorkerThread::Started => self.row(id).thread = WorkerThread::Retired,
            WorkerThread::Vacant | WorkerThread::Retired => {
                unreachable!("a worker retires once")
            }
        }
        before
    }

    /// Whether the handle of every retired thread is here or has been joined.
    pub(crate) fn has_all_handles(&self) -> bool {
        self.handles_elsewhere == 0
    }

    /// Takes the handles of retired threads; answered by [`joined`](WorkerTable::joined).
    pub(crate) fn take_retired(&mut self) -> Vec<JoinHandle<()>> {
        self.handles_elsewhere += self.retired.len();
        mem::take(&mut self.retired)
    }

    /// Notes that this number of taken handles has been joined.
    pub(crate) fn joined(&mut self, handles: usize) {
        self.handles_elsewhere -= handles;
    }
}

#[cfg(test)]
mod tests;
