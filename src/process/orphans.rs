//! Children whose handle was dropped before they were reaped.

use std::io;
use std::process::{Child, ExitStatus};

use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
use runtime_executor::Handle;

use super::exit::ExitNotifier;

/// The orphaned children. *Shared by* all threads that drop, start or reap a child. *Guarded by*
/// its mutex, under which nothing blocks and no user code runs. *Woken by* nothing.
///
/// A child stays in the list until it has been reaped, so no two entries have the same pid.
static ORPHANS: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Adopts a child that has not been reaped. A task of its runtime's loop reaps it. If the loop ends
/// first, or has ended, a later [`sweep`] reaps the child.
pub(super) fn adopt(child: Child, mut exit: ExitNotifier, handle: &Handle) {
    let id = child.id();
    ORPHANS.lock().push(child);
    let metadata = Metadata::here().named(format!("the end of process {id}"));
    let reaping = async move {
        // An error means that a sweep has reaped the child, or that the loop is ending.
        let _reaped = exit.wait_until_some(|| reap(id)).await;
    };
    handle.spawn(metadata, reaping).detach();
}

/// Adopts a child of a thread without a runtime. A later [`sweep`] reaps the child.
pub(super) fn leave(child: Child) {
    ORPHANS.lock().push(child);
}

/// Reaps all orphans that have exited.
pub(super) fn sweep() {
    ORPHANS.lock().retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}

/// Reaps this orphan if it has exited.
///
/// # Errors
/// An error, if the child is not an orphan any more, because it has been reaped.
pub(super) fn reap(id: u32) -> io::Result<Option<ExitStatus>> {
    let mut orphans = ORPHANS.lock();
    let Some(index) = orphans.iter().position(|child| child.id() == id) else {
        return Err(io::Error::other("the child has been reaped"));
    };
    let status = orphans[index].try_wait();
    if !matches!(status, Ok(None)) {
        drop(orphans.swap_remove(index));
    }
    status
}
