//! The jobs that wait, in lanes.

pub(crate) mod fifo;
pub(crate) mod lane;
pub(crate) mod lane_config;
pub(crate) mod lanes;
