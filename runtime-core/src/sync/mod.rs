//! The facade: the one place where threads get their mutexes, atomics, channels and each other.
//!
//! In a build it is parking_lot, crossbeam-channel and std, re-exported; under `--cfg runtime_loom`
//! it is their model, made of [loom](https://docs.rs/loom)'s parts. Everything above the facade is
//! the same source in both, so what the models check is what ships. For that the native side holds
//! no logic, and the model side is never stronger than what it stands for: its channel orders a
//! send before its own receive and nothing else, its timed waits may expire whenever an injector
//! says so, its threads may wake for no reason or fail to start.
//!
//! `Arc` is std's on both sides. A model sees no ordering through its count, which can only make
//! the model stricter than the machine.

pub mod counter;

/// Written once and then only read, so no model needs to see it.
pub use std::sync::OnceLock;

#[cfg(not(runtime_loom))]
mod native;
#[cfg(not(runtime_loom))]
pub use self::native::*;

#[cfg(runtime_loom)]
mod loom;
#[cfg(runtime_loom)]
pub use self::loom::*;
