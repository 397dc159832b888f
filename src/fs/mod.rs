//! Files and directories, with std's names. Available with the default feature `fs`.
//!
//! # The problem
//!
//! A call of the file system returns at once if the data is in memory. It may block for a long time
//! if the data is on a disk or behind a network. The caller cannot know beforehand which of the two
//! will happen. A loop that makes such a call stalls all its tasks.
//!
//! # The idea
//!
//! Each function is a job on the runtime's pool. A [`File`] reads the next chunk ahead, and accepts
//! bytes before they are written. It is an [`Unblock`](crate::Unblock) with the position and the
//! guarantees of a file.
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
//! - [`read`], [`write`](write()), [`metadata`], [`rename`] and the other functions. All return an
//!   [`Operation`], which describes what they have in common.
//! - [`read_dir`], [`ReadDir`], [`DirEntry`]: the entries of a directory, as a stream.
//! - [`File`] and [`OpenOptions`]; [`DirBuilder`].
//!
//! # In common
//!
//! - *Errors* are those of the system, as std returns them. An error of kind
//!   [`Other`](std::io::ErrorKind::Other) comes from the runtime. It contains a
//!   [`NoRuntimeError`](crate::NoRuntimeError), or a [`JoinError`](crate::JoinError) that names the
//!   refused, cancelled or panicked job.
//!   [`is_runtime_gone`](crate::is_runtime_gone) returns whether the reason is the end of the
//!   runtime.
//! - *Shutdown loses no change.* Jobs that change files (a `write`, a `rename`, the bytes that a
//!   [`File`] has accepted) are in a lane of their own, named `fs`. Every shutdown runs the jobs of
//!   this lane: when [`run`](crate::run) returns, they are done. Jobs that only read are in the
//!   pool's main lane, and may be cancelled. (The runtime does not shut down a pool that was [set
//!   by the program](crate::Builder::pool).)
//! - *Order*: an operation that names a file sees all bytes that a [`File`] of the same runtime had
//!   accepted when it was dropped, if the operation begins after that drop.
//! - *Cancel safety*: see [`Operation`] and [`File`]. A system call that has begun cannot be
//!   stopped.
//! - A file *belongs to the runtime* that was current when it was opened. It may be used from any
//!   thread, and by any executor, as long as that runtime lives.
//! - *Names of jobs*: in reports and errors, a job has the name of its function and the location of
//!   the caller: ``` `fs::write` (spawned at src/main.rs:7:9) ```.
//! - *With a virtual clock* a job takes no time: the clock does not advance while the job runs.
//!
//! # Limits
//!
//! - A call that blocks forever, such as reading a named pipe without a writer, occupies one
//!   thread. A shutdown that waits for jobs then never ends. Use `net::AsyncFd` for pipes.
//! - A job that blocks on a file of its own pool waits for a worker. If all workers do so, the
//!   [deadlock](crate::blocking::Deadlock) is not detected.
//! - If another program writes a file while it is read here, bytes that were read ahead may be
//!   outdated.

mod byte_stream;
mod conversions;
mod dir;
mod dir_builder;
mod file;
mod file_settings;
mod functions;
mod operation;
mod options;
#[cfg(unix)]
mod positioned;

pub use dir::{DirEntry, ReadDir, read_dir};
pub use dir_builder::DirBuilder;
pub use file::File;
#[cfg(unix)]
pub use functions::symlink;
pub use functions::{
    canonicalize, copy, create_dir, create_dir_all, hard_link, metadata, read, read_link,
    read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions,
    symlink_metadata, try_exists, write,
};
#[cfg(windows)]
pub use functions::{symlink_dir, symlink_file};
pub use operation::Operation;
pub use options::OpenOptions;
pub use std::fs::{FileTimes, FileType, Metadata, Permissions};
