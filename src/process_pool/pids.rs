//! Which worker processes there are.

use runtime_core::sync::Mutex;

/// The numbers of a pool's processes. *Shared by* the threads that drive them and whoever asks.
/// *Guarded by* its mutex.
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
