//! The limits of name lookups in a build without sockets, which looks no name up.

pub(crate) use NoLookups as Lookups;

/// Limits of nothing.
#[derive(Debug, Default)]
pub(crate) struct NoLookups {}
