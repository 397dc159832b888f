//! Running what users wrote where a panic must go no further.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `catch_unwind` caught.
pub type Payload = Box<dyn Any + Send + 'static>;

/// Drops a value whose destructor may panic, and swallows that panic.
///
/// The panic message has been printed by the hook by then; nobody is left to whom the payload
/// could be handed. A payload may itself panic when dropped, and the payload of that panic again:
/// the second one is forgotten, which leaks a few bytes and ends the chain.
pub fn drop_catching<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value)))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(second);
    }
}

/// Calls `f` and swallows its panic: for hooks and wakers, whose failure is theirs alone.
pub fn catch_panic(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        drop_catching(payload);
    }
}
