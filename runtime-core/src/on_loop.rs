//! Whether this thread is turning a loop: then whoever would wait here would stall all its tasks.

use std::cell::Cell;

crate::sync::thread_local_const! {
    static DEPTH: Cell<usize> = Cell::new(0)
}

/// Whether the current thread is inside a turn of an event loop.
pub fn is_on_loop() -> bool {
    DEPTH.with(|depth| depth.get() > 0)
}

/// Marks the current thread as turning a loop, until it is dropped. They nest.
#[derive(Debug)]
pub struct OnLoop(());

impl OnLoop {
    /// Enters a turn.
    pub fn enter() -> OnLoop {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        OnLoop(())
    }
}

impl Drop for OnLoop {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}
