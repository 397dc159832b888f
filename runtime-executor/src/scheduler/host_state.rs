//! The state of a loop that concerns its host.

use std::cell::{Cell, OnceCell};

/// The host of a loop: the program from whose own loop this loop is turned.
#[derive(Default)]
pub(crate) struct Host {
    /// True once the host has a hook, or watches the descriptor. Until then the loop is never
    /// detached, and a wake between two turns costs what a wake of a running loop costs.
    pub(crate) is_attended: Cell<bool>,
    /// Called each time that the loop is detached.
    pub(crate) on_detach: OnceCell<Box<dyn Fn()>>,
}
