//! The jobs that wait: lanes, their limits and precedence, and backpressure.

pub(crate) mod job_list;
pub(crate) mod job_queue;
pub(crate) mod job_removal;
pub(crate) mod lane_config;
pub(crate) mod lane_state;
pub(crate) mod lanes;
pub(crate) mod permit;
pub(crate) mod ticket;
