//! The threads of a pool.

pub(crate) mod lifecycle;
pub(crate) mod policy;
pub(crate) mod table;
