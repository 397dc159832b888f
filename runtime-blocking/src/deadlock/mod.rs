//! Deadlock detection: jobs that block on jobs of their own pool.

pub(crate) mod detect;
pub(crate) mod wait_graph;
