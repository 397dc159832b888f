//! Files and directories, in std's names. With the feature `fs`, a default one.
//!
//! # The problem
//!
//! No call of the file system says beforehand whether it will block: what is in memory comes at
//! once, what is on a disk or behind a network comes late. A loop that makes such a call stands
//! still for as long.
//!
//! # The idea
//!
//! Each function is a job on the runtime's pool. A [`File`] sends for the next chunk while this one
//! is read, and accepts what is written before it has been: it is an [`Unblock`](crate::Unblock)
//! that in addition keeps its place, and loses nothing.
//!
//! ```
//! use aside::fs::{self, File};
//! use futures_lite::{AsyncBufReadExt, AsyncWriteExt, StreamExt};
//!
//! let folder = std::env::temp_dir().join(format!("aside-doc-fs-{}", std::process::id()));
//! aside::run(async {
//!     fs::create_dir_all(&folder).await?;
//!     let mut file = File::create(folder.join("lines")).await?;
//!     for number in 0..100 {
//!         file.write_all(format!("line {number}\n").as_bytes()).await?;
//!     }
//!     file.close().await?;
//!
//!     let lines = File::open(folder.join("lines")).await?.lines().count().await;
//!     assert_eq!(lines, 100);
//!     assert_eq!(fs::read_dir(&folder).await?.count().await, 1);
//!     fs::remove_dir_all(&folder).await
//! })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # In reading order
//!
//! - [`read`], [`write`](write()), [`metadata`], [`rename`] and the rest of the functions; [`Job`],
//!   which all of them return, says what is common to them.
//! - [`read_dir`], [`ReadDir`], [`DirEntry`]: what is in a directory, as a stream.
//! - [`File`] and [`OpenOptions`].
//!
//! # What holds for all of them
//!
//! - *Errors* are those of the system, as std gives them. One of kind
//!   [`Other`](std::io::ErrorKind::Other) is the runtime's: it is around a
//!   [`JoinError`](crate::JoinError) that says which job was refused or cancelled, or has panicked,
//!   or around a [`NoRuntimeError`](crate::NoRuntimeError).
//! - *Nothing is lost at the end.* What changes something (a `write`, a `rename`, what a [`File`]
//!   has accepted) is in a lane of its own, named `fs`, which every shutdown runs: when
//!   [`run`](crate::run) returns, it is done. What only reads is in the pool's main lane, and may
//!   be cancelled. (A pool that was [given](crate::Builder::pool) to the runtime is shut down by
//!   whoever has made it.)
//! - *Cancel safety*: see [`Job`] and [`File`]. A call that is under way goes on, whoever gives it
//!   up: no system can call it back.
//! - A file *belongs to the runtime* that was current when it was opened. It may be used from any
//!   thread, and by any executor, as long as that runtime lives.
//! - *Names of jobs*, in reports and errors, are those of the functions, at the place of the
//!   caller: ``` `fs::write` (spawned at src/main.rs:7:9) ```.
//! - *By a virtual clock* a job takes no time: the clock stands still while it works.
//!
//! # Limits
//!
//! - A call that blocks for ever, as the reading of a named pipe that nobody writes, keeps one
//!   thread, and a shutdown that waits. For pipes use `net::AsyncFd`.
//! - A job that blocks on a file of its own pool waits for a thread; where all threads do so, no
//!   [deadlock](crate::blocking::Deadlock) is detected.
//! - A file that is written elsewhere while it is read here: what was read ahead is of before.

mod bytes;
mod dir;
mod file;
mod functions;
mod job;
mod options;
#[cfg(unix)]
mod place;

pub use dir::{DirEntry, ReadDir, read_dir};
pub use file::File;
#[cfg(unix)]
pub use functions::symlink;
pub use functions::{
    canonicalize, copy, create_dir, create_dir_all, hard_link, metadata, read, read_link,
    read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions,
    symlink_metadata, try_exists, write,
};
pub use job::Job;
pub use options::OpenOptions;
pub use std::fs::{FileType, Metadata, Permissions};
