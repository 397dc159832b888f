//! Blocking readers, writers and iterators, as async streams.
//!
//! # The problem
//!
//! Files, pipes to children, decoders and directories implement `Read`, `Write`, `Seek` or
//! `Iterator`, and each of their calls may block. One job on the pool for each call costs two
//! thread switches for every 8 KiB. A thread for each stream is occupied even while nothing
//! arrives. Both solutions lose bytes if a read is dropped at the wrong moment.
//!
//! # The idea
//!
//! [`Unblock`] puts the object into a *command queue*. The task pushes commands (fill a chunk,
//! write a chunk) and continues. A job on the pool runs the commands one after the other. The job
//! ends when there are no more commands, so an idle stream holds no thread. A few commands are
//! pushed ahead, so that the next chunk is filled while the task uses the present chunk. The chunks
//! themselves move between the task and the job, so each byte is copied once.
//!
//! ```
//! use aside::Unblock;
//! use futures_lite::{AsyncBufReadExt, AsyncReadExt, StreamExt};
//! use std::fs::{self, File};
//!
//! aside::run(async {
//!     let mut text = String::new();
//!     Unblock::new(File::open("Cargo.toml")?).read_to_string(&mut text).await?;
//!     let lines = Unblock::new(File::open("Cargo.toml")?).lines().count().await;
//!     assert_eq!(lines, text.lines().count());
//!
//!     // An iterator whose `next` blocks is a `Stream`.
//!     let entries = Unblock::new(fs::read_dir("src")?).count().await;
//!     assert!(entries > 1);
//!     std::io::Result::Ok(())
//! })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # Guarantees
//!
//! - **Order.** Bytes, items and errors arrive in the order in which a loop of blocking calls would
//!   have returned them.
//! - **Reading.** A read that is dropped loses nothing: the next read returns its bytes. A chunk is
//!   read ahead only while the chunks before it come back full. The first chunk has 8 KiB; later,
//!   up to three chunks of 512 KiB are read ahead. On a terminal or a quiet pipe, only the
//!   requested read is under way.
//! - **Writing.** Accepted bytes are written in order, even if the stream is dropped. Up to 1 MiB
//!   is accepted ahead. A flush is ready when the object's own flush has returned. A close is ready
//!   when the object was dropped.
//! - **An error stays.** Once a write or a flush has failed, every later write, flush, close and
//!   seek returns its error: the same kind, and the same code or message. Bytes that were accepted
//!   after the failed write are dropped, because the output would have a hole before them. The
//!   object itself is still reached by [`with_mut`](Unblock::with_mut), and returned by
//!   [`into_inner`](Unblock::into_inner) once an operation has returned the error. Reading from an
//!   object that has two directions continues.
//! - **Non-blocking objects.** If the object returns `WouldBlock`, the job waits and calls it
//!   again, so an output in non-blocking mode loses nothing. The wait ends when the descriptor is
//!   ready, if the object is a file, pipe, socket or standard stream of std. All other objects are
//!   called again after a sleep of 1 ms to 64 ms. The read or write time-out of a socket of std is
//!   returned as an error.
//! - **Seeking** reaches the position that it would reach without reading ahead. Seek between
//!   reading and writing the same file: while bytes that were read ahead are unread, a write fails
//!   instead of writing at the wrong position.
//! - **Memory.** A stream has no buffers while it is idle, apart from those of bytes that were read
//!   ahead and are unread. A seek frees these.
//! - **Panics.** A panic of the object is returned as an error of kind `Other` that contains a
//!   [`JoinError`](crate::JoinError), after all earlier results. A stream of items panics with the
//!   same payload. The object is then lost, and all later calls fail.
//! - **The pool.** If a job is refused or cancelled (the pool was shut down, no thread could be
//!   started), the call returns an error of the same form. The object and its commands are kept,
//!   and the next call submits another job.
//!
//! # Blocking
//!
//! No call here blocks the thread, apart from the drop of a stream with nothing pending, which runs
//! the destructor of the object. A virtual clock does not advance while a job runs.
//!
//! # Limits
//!
//! A call that blocks cannot be stopped. While it runs, all other operations on the same object
//! wait, and so does a shutdown that waits for jobs. Use two handles to read and write the same
//! file concurrently (`try_clone`), and [`stdio`](crate::io::stdio) for stdin. A stream that is
//! read as fast as it fills keeps one thread of the pool busy.
//!
//! # In reading order
//!
//! `command_queue` and `worker_job` have the protocol between task and job; `flush_on_drop` handles
//! a queue whose commands no job could run. `client` is the task's end. `adapter` has the stream
//! itself, which uses the states in `read_ahead` and `pending_writes`. `read`, `write`, `seek` and
//! `items` implement the traits; `would_block` waits for objects in non-blocking mode.
//! `file_support` and `finish` are for [`fs::File`](crate::fs::File), a stream
//! whose accepted bytes are always written, and `file_object` is the object of that stream.

mod abandon;
mod adapter;
mod client;
mod command_queue;
#[cfg(feature = "fs")]
pub(crate) mod file_object;
#[cfg(feature = "fs")]
mod file_support;
#[cfg(feature = "fs")]
mod finish;
mod flush_on_drop;
mod items;
mod pending_writes;
mod read;
mod read_ahead;
mod seek;
mod worker_job;
mod would_block;
mod write;

pub use adapter::Unblock;
pub(crate) use client::JobSubmitter;
#[cfg(all(feature = "fs", unix))]
pub(crate) use client::StreamFailure;
