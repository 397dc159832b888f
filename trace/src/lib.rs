//! Pictures of what the [aside](https://docs.rs/aside) runtime did, made from the events that it
//! records.
//!
//! This crate starts no thread, and does no input or output: it takes a [`Recording`] and returns
//! text.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod chrome;
mod escape;
pub mod film;
pub mod json;
pub mod recording;
pub mod reducer;
pub mod replay;
mod sentence;
pub mod timeline;

pub use recording::Recording;
pub use reducer::Reducer;
pub use timeline::Timeline;
