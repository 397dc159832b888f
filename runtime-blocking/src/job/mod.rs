//! One submitted closure.

pub(crate) mod cancel;
pub(crate) mod closure;
pub(crate) mod context;
