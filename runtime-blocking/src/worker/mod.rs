//! The threads of a pool.

pub(crate) mod current;
pub(crate) mod lifecycle;
pub(crate) mod policy;
pub(crate) mod start;
pub(crate) mod table;
