//! Readers, writers and iterators that block, as streams of the futures traits; and the standard
//! streams.
//!
//! - [`unblock`]: any object that blocks, as a stream ([`Unblock`](crate::Unblock)).
//! - [`stdio`]: stdin, stdout and stderr.
//!
//! Sockets are in `net`, files in `fs`.

pub mod stdio;
pub mod unblock;
