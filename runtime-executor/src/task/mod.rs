//! One task: its wakers, its box, and its recycling.

pub(crate) mod future_task;
pub(crate) mod own_wakers;
pub(crate) mod recycle;
pub(crate) mod waker;
