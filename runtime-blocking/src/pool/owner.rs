//! The ownership of a pool: what happens when its last handle is dropped.

use std::mem;
use std::panic::RefUnwindSafe;
use std::sync::Arc;

use runtime_core::context::is_on_loop;

use crate::pool::shared::PoolShared;
use crate::pool::shutdown::Shutdown;
use crate::worker::current::{Membership, membership};

/// Owns a pool. *Shared by* the handles of the pool and of its lanes, and by nothing else, so it is
/// dropped with the last handle.
pub(crate) struct PoolOwner {
    shared: Arc<PoolShared>,
}

/// Makes the handles of pools and lanes safe to use after a caught panic. No user code runs under
/// the pool's lock, so no panic leaves its state half changed.
impl RefUnwindSafe for PoolShared {}

impl PoolOwner {
    pub(crate) fn new(shared: Arc<PoolShared>) -> PoolOwner {
        PoolOwner { shared }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Arc<PoolShared> {
        &self.shared
    }
}

impl Drop for PoolOwner {
    fn drop(&mut self) {
        if self.shared.check_process().is_err() {
            // The threads and the jobs belong to the parent: waiting for them, joining them or
            // dropping what they hold would be wrong here.
            return mem::forget(Arc::clone(&self.shared));
        }
        let was_closed = self.shared.lock().policy.is_closed();
        if was_closed || is_on_loop() || membership(self.shared.id) != Membership::Outsider {
            self.shared.close();
        } else {
            self.shared.shutdown(Shutdown::Wait);
        }
    }
}
