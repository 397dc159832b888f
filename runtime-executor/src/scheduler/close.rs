//! The end of a loop.

use runtime_core::catch_panic::drop_catching;
use runtime_core::context::set_task;
use runtime_core::metadata::Metadata;

use crate::scheduler::core::Core;

/// Returns whether [`close`] was called and has left nothing to drop.
pub(crate) fn is_over(core: &Core) -> bool {
    let is_empty = core.task_count() == 0 && core.timers.borrow().is_empty();
    core.closed.get() && is_empty && core.poller.is_empty()
}

/// Drops all tasks, timers and the poller, and returns the tasks' metadata. Tasks that destructors
/// spawn during the close are cancelled at once, so the close terminates.
pub(crate) fn close(core: &Core) -> Vec<Metadata> {
    core.closed.set(true);
    let mut cancelled = Vec::new();
    let mut next = 0;
    while let Some((key, mut task)) = core.tasks.take_from(next) {
        next = key.index();
        cancelled.push(task.metadata().clone());
        task.as_mut().cancel();
        core.retire(key, task);
    }
    set_task(None);
    // The wakers are dropped one by one: if one drop ran two destructors that panic, the process
    // would abort.
    core.timers.take().into_values().for_each(drop_catching);
    core.poller.close();
    core.ready.clear();
    core.loop_closed();
    cancelled
}
