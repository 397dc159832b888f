//! The buffers of one vectored call.

use std::ops::Deref;

/// Returns the number of bytes that one call can transfer with these buffers.
pub(super) fn bytes_in(buffers: &[impl Deref<Target = [u8]>]) -> usize {
    buffers.iter().take(BUFFERS_PER_CALL_MAX).map(|buffer| buffer.len()).sum()
}

/// The maximum number of buffers of one call on Linux and Apple's systems (`UIO_MAXIOV`). Only on
/// Linux does a short transfer clear readiness.
pub(super) const BUFFERS_PER_CALL_MAX: usize = 1_024;
