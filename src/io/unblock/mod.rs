//! Readers, writers and iterators that block, as streams that do not.
//!
//! # The problem
//!
//! A file, a pipe to a child, somebody's decoder, a directory: each is `Read`, `Write`, `Seek` or
//! `Iterator`, and each of its calls may block. One job on the pool for every call would do, and
//! costs two switches between threads for every 8 KiB; a thread of its own for every stream holds a
//! thread while nothing comes; and both lose bytes if a read is dropped at the wrong moment.
//!
//! # The idea
//!
//! [`Unblock`] puts the object on a *desk*. The task gives orders (fill this chunk, write that) and
//! goes on; a job on the pool carries them out one after the other, and ends when there is none, so
//! that an idle stream holds no thread. A few orders are given ahead, so that the next chunk is
//! filled while this one is used. A chunk is handed over whole: each byte is copied once.
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
//! # What holds
//!
//! - **Order.** Bytes, items and errors come in the order in which a loop of blocking calls would
//!   have met them.
//! - **Reading.** A read that is given up loses nothing: what it would have got is for the next
//!   one. A chunk is read ahead only while chunks come back full (8 KiB at first, then up to three
//!   of 512 KiB), so who waits for a terminal or a quiet pipe has at most the read that it asked
//!   for under way.
//! - **Writing.** What a write accepted is written in its order, also if the stream is dropped; up
//!   to 1 MiB is accepted ahead. A write that fails is reported once, by the next write, flush,
//!   close or seek, and what was accepted behind it is dropped with it, as there is a hole before
//!   it. A flush is ready when the object's own flush has returned; a close, when the object has
//!   been dropped.
//! - **Seeking** lands where it would without any reading ahead. Between reading and writing the
//!   same file, seek; a write in front of unread bytes fails rather than hit the wrong place.
//! - **Panics.** A panic of the object comes back as an error of kind `Other` around a
//!   [`JoinError`](crate::JoinError), after what came before it; a stream of items panics likewise.
//!   The object is then gone, and all that is asked later fails.
//! - **The pool.** A job that is refused or cancelled (the pool was shut down, no thread could be
//!   started) is such an error too; the object and its orders stay, and the next call tries again.
//!
//! # Blocking
//!
//! Nothing here blocks the thread. A virtual clock stands still while a job works.
//!
//! # Limits
//!
//! A call that blocks cannot be stopped. While one does, everything else that is asked of the same
//! object waits, and a shutdown that waits, waits for it too: use two handles of what is read and
//! written at the same time (`try_clone`), and [`stdio`](crate::io::stdio) for stdin. On a pool of few
//! threads, a stream that is read as fast as it fills keeps one of them.
//!
//! # In reading order
//!
//! `command_queue` has the protocol between task and job, alone; `client` is the task's end of it; `adapter`
//! tells what was ordered and what is owed; `read`, `write`, `seek` and `items` are the traits;
//! `pending_writes` is for a file of [`fs`](crate::fs), which is a stream that loses nothing.

mod adapter;
mod client;
mod command_queue;
mod items;
#[cfg(feature = "fs")]
mod pending_writes;
mod read;
mod seek;
mod write;

pub use adapter::Unblock;
pub(crate) use client::Crew;
#[cfg(feature = "fs")]
pub(crate) use client::Failure;
