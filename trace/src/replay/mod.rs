//! The replay page: one HTML file that shows a run step by step, forward and backward.
//!
//! - `frames`: the document that the page shows. It may be the run of a runtime, or the
//!   counterexample of a model.
//! - `build`: from a recording to a document. `quotes` has the source code that it quotes.
//! - `check`: the rules of a document.
//! - `write`: its text.
//! - `page/`: the page itself. `model.js` applies frames and reverts them, `view.js` and
//!   `timeline.js` draw, `player.js` moves, and `selftest.js` checks all of them in a browser.

mod build;
mod check;
pub mod frames;
mod quotes;
pub(crate) mod write;

pub use frames::Document;
