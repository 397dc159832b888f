//! One task.

pub(crate) mod future_task;
pub(crate) mod key;
pub(crate) mod slab;
pub(crate) mod waker;
