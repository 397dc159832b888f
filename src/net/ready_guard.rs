//! The guards that a wait for the readiness of an `AsyncFd` returns.

use std::fmt;
use std::io;

use super::readiness_set::{Ready, SeenTicks};

/// The readiness of a descriptor at the time when a wait returned. See
/// [`AsyncFd::readable`](super::AsyncFd::readable).
///
/// Another task may have used the readiness up since then, so [`try_io`](ReadyGuard::try_io) may
/// still find that the operation would block.
#[doc(alias = "AsyncFdReadyGuard")]
#[must_use = "readiness is for an operation to be tried"]
pub struct ReadyGuard<'a, T> {
    pub(super) inner: &'a T,
    pub(super) seen: SeenTicks<'a>,
}

impl<T> ReadyGuard<'_, T> {
    /// Tries an operation. If it returns [`WouldBlock`](io::ErrorKind::WouldBlock), the readiness
    /// is cleared, so that the next wait returns after the next event.
    ///
    /// # Errors
    /// [`WouldBlock`] if the operation would have blocked. Any other result of the operation is the
    /// `Ok` value.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> Result<io::Result<R>, WouldBlock> {
        let result = operation(self.inner);
        if self.seen.clear_if_blocked(&result) { Err(WouldBlock(())) } else { Ok(result) }
    }

    /// Clears the readiness. Call it only after an operation has returned
    /// [`WouldBlock`](io::ErrorKind::WouldBlock): the system reports each change to ready once.
    /// Events that arrived after the wait returned are kept.
    pub fn clear_ready(&mut self) {
        self.seen.clear();
    }

    /// Clears the readiness of some directions alone, after an operation for both directions that
    /// found one of them not ready. See [`clear_ready`](ReadyGuard::clear_ready).
    pub fn clear_ready_matching(&mut self, directions: Ready) {
        self.seen.clear_matching(directions);
    }

    /// Returns the directions that are ready and have not been cleared.
    pub fn ready(&self) -> Ready {
        self.seen.ready()
    }

    /// Returns a reference to the object.
    pub fn get_inner(&self) -> &T {
        self.inner
    }
}

/// Like [`ReadyGuard`], with exclusive access to the object. See
/// [`AsyncFd::readable_mut`](super::AsyncFd::readable_mut).
#[doc(alias = "AsyncFdReadyMutGuard")]
#[must_use = "readiness is for an operation to be tried"]
pub struct ReadyMutGuard<'a, T> {
    pub(super) inner: &'a mut T,
    pub(super) seen: SeenTicks<'a>,
}

impl<T> ReadyMutGuard<'_, T> {
    /// Tries an operation. See [`ReadyGuard::try_io`].
    ///
    /// # Errors
    /// Those of [`ReadyGuard::try_io`].
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> Result<io::Result<R>, WouldBlock> {
        let result = operation(self.inner);
        if self.seen.clear_if_blocked(&result) { Err(WouldBlock(())) } else { Ok(result) }
    }

    /// Clears the readiness. See [`ReadyGuard::clear_ready`].
    pub fn clear_ready(&mut self) {
        self.seen.clear();
    }

    /// Clears the readiness of some directions alone. See [`ReadyGuard::clear_ready_matching`].
    pub fn clear_ready_matching(&mut self, directions: Ready) {
        self.seen.clear_matching(directions);
    }

    /// Returns the directions that are ready and have not been cleared.
    pub fn ready(&self) -> Ready {
        self.seen.ready()
    }

    /// Returns a reference to the object.
    pub fn get_inner(&self) -> &T {
        self.inner
    }

    /// Returns an exclusive reference to the object.
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.inner
    }
}

/// The error of an operation that would have blocked. After this error, wait again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WouldBlock(());

impl fmt::Display for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would have blocked")
    }
}

impl std::error::Error for WouldBlock {}

impl<T: fmt::Debug> fmt::Debug for ReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyGuard").field("inner", &self.inner).field("ready", &self.seen).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for ReadyMutGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut guard = f.debug_struct("ReadyMutGuard");
        guard.field("inner", &self.inner).field("ready", &self.seen).finish()
    }
}
