//! Reads and writes of no bytes.
//!
//! A stream has nothing to do for them, and so nobody waits for them: the system itself would let
//! an empty read wait for what it is not going to take.

use std::io::{IoSlice, IoSliceMut};

/// Whether these buffers hold nothing at all.
pub(super) fn is_read(buffers: &[IoSliceMut<'_>]) -> bool {
    buffers.iter().all(|buffer| buffer.is_empty())
}

/// Whether nothing at all is in these slices.
pub(super) fn is_written(slices: &[IoSlice<'_>]) -> bool {
    slices.iter().all(|slice| slice.is_empty())
}
