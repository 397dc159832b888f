//! The streams by the traits of other libraries.
//!
//! - `tokio`, with the feature `tokio-io`: `AsyncRead` and `AsyncWrite` of tokio.
//! - `hyper`, with the feature `hyper`: HTTP by hyper 1, with its `rt` traits.
//!
//! Neither brings a second runtime into the build: of tokio only the traits are used, and hyper has
//! no runtime.

#[cfg(feature = "hyper")]
pub mod hyper;
// Needs at least one kind of stream to implement the traits for.
#[cfg(all(feature = "tokio-io", any(all(feature = "net", unix), feature = "unblock")))]
pub mod tokio;
mod write_traits;
