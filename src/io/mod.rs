//! Blocking readers, writers and iterators as async streams, and the standard streams. Available
//! with the default feature `unblock`.
//!
//! - [`unblock`]: adapts any blocking object to the futures traits ([`Unblock`](crate::Unblock)).
//! - [`stdio`]: stdin, stdout and stderr. [`aside::stdio`](crate::stdio) is the same module.
//!
//! Sockets are in `net`, files in `fs`.

mod stdin;
pub mod stdio;
pub mod unblock;
