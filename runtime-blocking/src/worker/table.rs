//! The worker table: one row for each worker of a pool, and the stack of idle workers.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use runtime_core::park::Parker;

use crate::job::closure::Job;
use crate::queue::lane_config::LaneId;
use crate::worker::current::WorkerId;
use crate::worker::policy::Role;

/// The worker table. *Guarded by* the pool's lock.
#[derive(Default)]
pub(crate) struct WorkerTable {
    rows: Vec<WorkerRow>,
    /// The idle workers. The worker that became idle last is on top.
    pub(super) idle: Vec<WorkerId>,
    /// The number of workers whose job has shut the pool down.
    shutting_down: usize,
}

#[derive(Default)]
struct WorkerRow {
    /// The parker on which the worker sleeps.
    parker: Option<Arc<Parker>>,
    /// The role for which the worker was woken, until the worker takes it.
    assigned: Option<Role>,
    running: Option<CurrentJob>,
    /// True if the worker's job has shut the pool down. No other shutdown waits for this worker.
    shuts_down: bool,
}

/// The job that a worker runs.
pub(crate) struct CurrentJob {
    pub(crate) job: Arc<dyn Job>,
    pub(crate) lane: LaneId,
    pub(crate) since: Instant,
}

impl WorkerTable {
    /// Adds a new worker, which sleeps on `parker`.
    pub(crate) fn add(&mut self, id: WorkerId, parker: Arc<Parker>) {
        if self.rows.len() <= id.row() {
            self.rows.resize_with(id.row() + 1, WorkerRow::default);
        }
        self.row(id).parker = Some(parker);
    }

    /// Clears the row of a worker that retires.
    pub(crate) fn clear(&mut self, id: WorkerId) {
        *self.row(id) = WorkerRow::default();
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

    /// Removes from the idle stack a worker that was not assigned a role.
    pub(crate) fn remove_idle(&mut self, id: WorkerId) {
        self.idle.retain(|&idle| idle != id);
    }

    // ---- running jobs ----

    /// Notes the job that a worker begins.
    pub(crate) fn begin(&mut self, id: WorkerId, running: CurrentJob) {
        self.row(id).running = Some(running);
    }

    /// Takes the job that the worker has ended, if any. The caller drops the job outside the lock.
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

    /// Notes that a worker's job shuts the pool down. The note is removed when that job ends.
    pub(crate) fn set_shuts_down(&mut self, id: WorkerId) {
        if !mem::replace(&mut self.row(id).shuts_down, true) {
            self.shutting_down += 1;
        }
    }

    /// The number of workers whose job has shut the pool down.
    pub(crate) fn shutting_down(&self) -> usize {
        self.shutting_down
    }
}

#[cfg(test)]
mod tests;
