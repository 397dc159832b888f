//! Traces of small programs, event by event, and the trace itself.
//!
//! The order of the events of one thread is certain. The order of two events of different threads
//! is certain only if one causes the other, so most tests compare the threads one by one.
#![allow(clippy::unwrap_used)]
// The tests of traces lie in a binary of their own: few other tests need the feature.
#![cfg(unix)]

#[path = "recording/trace_lines.rs"]
mod trace_lines;

#[path = "recording/golden.rs"]
mod golden;
#[path = "recording/replay_page.rs"]
mod replay_page;
#[path = "recording/sequences.rs"]
mod sequences;
#[path = "recording/stress.rs"]
mod stress;
#[path = "recording/traces.rs"]
mod traces;
#[path = "recording/variable.rs"]
mod variable;
