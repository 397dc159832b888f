//! One task: its wakers, its box, and its recycling.

pub(crate) mod future_task;
pub(crate) mod inspect;
pub(crate) mod own_wakers;
mod recorded;
pub(crate) mod recycle;
pub(crate) mod separate_cell;
pub(crate) mod task_cell;
pub(crate) mod task_slots;
pub(crate) mod waker;
pub(crate) mod waker_cell;
