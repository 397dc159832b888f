//! The traits of other libraries, for the streams of this library.
//!
//! - `tokio`, with the feature `tokio-io`: tokio's `AsyncRead` and `AsyncWrite`.
//! - `hyper`, with the feature `hyper`: the `rt` traits of hyper 1, for HTTP.
//! - `async_rs`, with the feature `async-rs`: the traits of async-rs, through which lapin, the
//!   client of RabbitMQ, runs.
//!
//! No feature adds a second runtime to the build: only the traits of tokio and async-rs are used,
//! and hyper has no runtime.

#[cfg(all(feature = "async-rs", unix))]
pub mod async_rs;
#[cfg(feature = "hyper")]
pub mod hyper;
// This module needs at least one kind of stream to implement the traits for.
#[cfg(all(feature = "tokio-io", any(all(feature = "net", unix), feature = "unblock")))]
pub mod tokio;
#[cfg(any(
    feature = "hyper",
    all(feature = "tokio-io", any(all(feature = "net", unix), feature = "unblock"))
))]
mod write_traits;
