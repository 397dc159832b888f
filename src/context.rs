//! Which runtime this thread belongs to: the one whose loop it turns, or whose job it runs.

use std::cell::RefCell;

use runtime_core::sync::thread_local_const;

use crate::handle::Handle;

thread_local_const! {
    static CURRENT: RefCell<Option<Handle>> = RefCell::new(None)
}

/// The current runtime, if there is one.
pub(crate) fn current() -> Option<Handle> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Makes `handle` the current runtime until the guard is dropped. They nest.
pub(crate) fn enter(handle: Handle) -> Entered {
    Entered { outer: CURRENT.with(|current| current.replace(Some(handle))) }
}

pub(crate) struct Entered {
    outer: Option<Handle>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let inner = CURRENT.with(|current| current.replace(outer));
        // Outside the borrow: the last handle of a pool shuts it down.
        drop(inner);
    }
}
