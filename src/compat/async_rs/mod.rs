//! Libraries that are written for `async-rs`, such as lapin, the client of RabbitMQ. Available with
//! the feature `async-rs`, on Unix.
//!
//! # The problem
//!
//! Some libraries spawn tasks, sleep and connect by themselves, and are not for one runtime. The
//! package [async-rs](https://docs.rs/async-rs) has the traits that they use: `Executor` spawns and
//! blocks, `Reactor` connects, registers descriptors and sleeps, and `RuntimeKit` is both.
//!
//! # The idea
//!
//! [`LoopKit`] implements these traits by a [`Handle`](crate::Handle). All tasks, sockets and
//! sleeps of the library belong to the one loop of that handle, and its blocking closures run on
//! the pool. No other runtime is started, and no thread. The library may call the traits from any
//! thread.
//!
//! ```
//! use aside::compat::async_rs::LoopKit;
//! use async_rs::Runtime;
//! use async_rs::traits::{Executor, Reactor};
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! /// A client that knows no runtime.
//! async fn greet(runtime: Runtime<LoopKit>, port: u16) -> std::io::Result<String> {
//!     let mut stream = runtime.tcp_connect(([127, 0, 0, 1], port)).await?;
//!     stream.write_all(b"hello").await?;
//!     stream.close().await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     Ok(answer)
//! }
//!
//! aside::run(async {
//!     let listener = aside::net::TcpListener::bind("127.0.0.1:0").await?;
//!     let port = listener.local_addr()?.port();
//!     aside::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         futures_lite::io::copy(&stream, &stream).await
//!     })
//!     .detach();
//!
//!     let runtime = Runtime::new(LoopKit::current());
//!     assert_eq!(runtime.spawn(greet(runtime.clone(), port)).await?, "hello");
//!     Ok::<(), std::io::Error>(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! lapin takes the kit in `Connection::connect_with_runtime`. The program names lapin with
//! `default-features = false`, so that tokio is not built.
//!
//! # Notes
//!
//! - lapin 4 starts one thread for each connection by itself, under every runtime: `lapin-io-loop`,
//!   which encodes and decodes frames. It polls the socket of the kit, and the loop wakes it.
//! - A [`Task`](::async_rs::util::Task) that is awaited panics if its future panicked or its
//!   runtime is gone, as `async-rs` requires. A task that is dropped continues.
//! - The traits offer no end of a runtime. After the runtime is gone, connecting, reading and
//!   writing fail, sleeps end at once, and intervals end.
//!
//! # In reading order
//!
//! [`LoopKit`], then [`LoopTask`], [`LoopSleep`] and `loop_stream`.

mod loop_kit;
mod loop_sleep;
mod loop_stream;
mod loop_task;

pub use loop_kit::LoopKit;
pub use loop_sleep::LoopSleep;
pub use loop_task::LoopTask;
