//! The number of the current task.

use runtime_core::context;
use runtime_core::metadata::Id;

/// Returns the number of the task or job that calls this function: the number that
/// [`JoinHandle::id`](crate::JoinHandle::id) returns to the task that spawned it. The destructors
/// of a task's future see it, too.
///
/// ```
/// aside::run(async {
///     let task = aside::spawn(async { aside::task::id() });
///     let id = task.id();
///     assert_eq!(task.await.unwrap(), id);
///     let job = aside::spawn_blocking(aside::task::id);
///     let id = job.id();
///     assert_eq!(job.await.unwrap(), id);
/// });
/// ```
///
/// # Panics
/// Outside a task: see [`try_id`].
#[track_caller]
#[doc(alias = "current_task")]
pub fn id() -> Id {
    try_id().expect("`task::id` was called outside a task or job: see `task::try_id`")
}

/// Returns the number of the task or job that calls this function. Returns `None` outside a task:
/// on a thread without a runtime, and in the main future of [`run`](crate::run()) or `block_on`,
/// which is not a task.
pub fn try_id() -> Option<Id> {
    if context::is_on_loop() { context::task() } else { runtime_blocking::job_id() }
}
