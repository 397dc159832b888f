//! Timers: the queue of deadlines, and the futures that wait for a deadline.

pub(crate) mod clock_hold;
pub(crate) mod interval;
pub(crate) mod loop_timer;
pub(crate) mod sleep;
pub(crate) mod timeout;
pub(crate) mod timer_queue;
pub(crate) mod virtual_time;
