//! One submitted closure.

pub(crate) mod awaiter;
pub(crate) mod cancel;
pub(crate) mod closure;
pub(crate) mod content;
pub(crate) mod context;
