//! Large closures, which are moved to the heap at the first call.
//!
//! A closure is passed by value through several functions on the submitter's stack and through some
//! more on the worker's. Each of them may copy it: always in a debug build, and often in a release
//! build, because a large value is passed by the address of a copy. So a closure that owns 300 KiB
//! would overflow a stack of 2 MiB. A closure above the limit is boxed before it is passed on. One
//! below the limit stays in the allocation of its job, so it costs no allocation of its own.

/// The size of the largest closure that is not boxed, in bytes.
const CLOSURE_BYTES_MAX: usize = 2048;

/// Returns whether a closure of this type is boxed before it is passed on.
#[doc(hidden)]
pub const fn is_large<F>() -> bool {
    size_of::<F>() > CLOSURE_BYTES_MAX
}
