//! The mutex: loom's, with the methods of parking_lot's.

use std::fmt;

pub use loom::sync::MutexGuard;

/// A mutex that loom sees. An unlock happens before the next lock.
#[derive(Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub fn new(value: T) -> Mutex<T> {
        Mutex(loom::sync::Mutex::new(value))
    }

    /// Locks the mutex.
    ///
    /// # Panics
    /// If a thread of the model panicked while it held the lock.
    ///
    /// # Blocking
    /// Blocks the model thread while another model thread holds the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("loom's mutex reports no poison")
    }

    /// The value, by exclusive access.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().expect("loom's mutex reports no poison")
    }

    /// The value, without the mutex.
    pub fn into_inner(self) -> T {
        self.0.into_inner().expect("loom's mutex reports no poison")
    }
}

/// Locks a mutex, and always succeeds. Only in a forked child can the thread that holds the lock be
/// missing, and a model does not fork.
///
/// # Blocking
/// Blocks as [`Mutex::lock`] does.
pub fn lock_unless<T>(
    mutex: &Mutex<T>,
    _is_hopeless: impl FnOnce() -> bool,
) -> Option<MutexGuard<'_, T>> {
    Some(mutex.lock())
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}
