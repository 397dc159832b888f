//! The pids of the worker processes.

use runtime_core::sync::Mutex;

/// The pids of a pool's worker processes. *Shared by* the threads that drive them and the handles
/// of the pool. *Guarded by* its mutex.
#[derive(Debug, Default)]
pub(super) struct Pids {
    pids: Mutex<Vec<u32>>,
}

impl Pids {
    pub(super) fn insert(&self, pid: u32) {
        self.pids.lock().push(pid);
    }

    pub(super) fn remove(&self, pid: u32) {
        self.pids.lock().retain(|&other| other != pid);
    }

    pub(super) fn list(&self) -> Vec<u32> {
        self.pids.lock().clone()
    }
}
