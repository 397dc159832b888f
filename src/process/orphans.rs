//! The children that nobody holds any more.

use std::io;
use std::process::{Child, ExitStatus};

use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
use runtime_executor::Handle;

use super::exit::ExitNotifier;

/// *Shared by* all threads that drop a child, start one, or reap one. *Guarded by* its mutex, under
/// which nothing blocks and nothing of the user's runs. *Woken by* nobody.
///
/// A child is in it until it has been waited for, so no two have the same number.
static ORPHANS: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Takes a child that runs, or has ended and was not waited for. A task of its loop buries it; if
/// the loop ends before, or has ended, a [`sweep`] does.
pub(super) fn adopt(child: Child, mut exit: ExitNotifier, handle: &Handle) {
    let id = child.id();
    ORPHANS.lock().push(child);
    let metadata = Metadata::here().named(format!("the end of process {id}"));
    let reaping = async move {
        // An error says that a sweep was there before, or that the loop is at its end.
        let _buried = exit.wait_until_some(|| reap(id)).await;
    };
    handle.spawn(metadata, reaping).detach();
}

/// Waits for all that have ended.
pub(super) fn sweep() {
    ORPHANS.lock().retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}

/// Waits for this one, if it has ended.
pub(super) fn reap(id: u32) -> io::Result<Option<ExitStatus>> {
    let mut orphans = ORPHANS.lock();
    let Some(index) = orphans.iter().position(|child| child.id() == id) else {
        return Err(io::Error::other("it is reaped"));
    };
    let seen = orphans[index].try_wait();
    if !matches!(seen, Ok(None)) {
        drop(orphans.swap_remove(index));
    }
    seen
}
