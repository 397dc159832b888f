//! The effect of a transfer that moves fewer bytes than requested.

/// The effect of a short transfer on the readiness of a descriptor. A transfer is short if it moves
/// fewer bytes than requested. The head of `readiness.rs` gives the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortTransfer {
    /// A short transfer clears the readiness if the event reported data alone. This variant is for
    /// TCP streams.
    ClearsReadiness,
    /// A short transfer has no effect: only `WouldBlock` clears the readiness. This variant is for
    /// all other descriptors.
    HasNoEffect,
}

/// A system may limit the number of bytes that one call transfers. No known system has a lower
/// limit than this constant.
const ONE_CALL_MAX: usize = 1 << 30;

impl ShortTransfer {
    /// Returns the test for a transfer of up to `bytes` bytes that clears the readiness. A transfer
    /// of zero bytes is not short: the stream has ended, or no bytes were requested.
    #[inline]
    pub(super) fn test(self, bytes: usize) -> impl Fn(&usize) -> bool + Copy + use<> {
        let bytes = match self {
            ShortTransfer::ClearsReadiness => bytes.min(ONE_CALL_MAX),
            ShortTransfer::HasNoEffect => 0,
        };
        move |&moved| 0 < moved && moved < bytes
    }
}

/// The test for an operation whose readiness only `WouldBlock` clears.
pub(super) fn never_short<R>(_: &R) -> bool {
    false
}
