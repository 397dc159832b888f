//! The mutex: parking_lot's.

pub use parking_lot::{Mutex, MutexGuard};

/// Locks a mutex, or returns `None` if another thread holds it and `is_hopeless` says that it will
/// never be unlocked.
///
/// # Blocking
/// Blocks the thread until the mutex is unlocked.
#[inline]
pub fn lock_unless<T>(
    mutex: &Mutex<T>,
    is_hopeless: impl FnOnce() -> bool,
) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Some(guard) => Some(guard),
        None if is_hopeless() => None,
        None => Some(mutex.lock()),
    }
}
