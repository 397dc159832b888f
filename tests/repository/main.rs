//! The repository's checks of itself: what no linter checks of the code, the documents, the
//! examples and the manifests. They are a binary of their own, which does not name aside and so
//! compiles in seconds.
#![allow(clippy::unwrap_used)]

mod doc_examples;
mod examples;
mod manifests;
mod records;
mod replay_quotes;
mod sources;
mod tidy;
