//! Task ids: where a task sits, and which of the tasks that sat there it is.

/// The id of a task in its loop's slab: the index of a slot, and the slot's generation.
///
/// Plain data: it can lie in a queue long after its task has gone, and is then recognised by its
/// generation and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskKey {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl TaskKey {
    /// The future that `block_on` was called with. It sits on the caller's stack, not in the slab,
    /// and takes its turns in the same queue.
    pub(crate) const MAIN: TaskKey = TaskKey { index: u32::MAX, generation: 0 };

    pub(crate) fn is_main(self) -> bool {
        self.index == u32::MAX
    }
}
