//! The mutex: loom's, with the methods of parking_lot's.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::film;
use super::filmed::Filmed;

/// A mutex that loom sees. An unlock happens before the next lock.
#[derive(Default)]
pub struct Mutex<T> {
    mutex: loom::sync::Mutex<T>,
    /// Its value is 0, or one more than the number of the thread that holds the lock.
    filmed: Filmed,
}

/// The right to access the value of a locked [`Mutex`], which is unlocked on drop.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    guard: loom::sync::MutexGuard<'a, T>,
    filmed: &'a Filmed,
    site: &'static Location<'static>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub fn new(value: T) -> Mutex<T> {
        Mutex { mutex: loom::sync::Mutex::new(value), filmed: Filmed::default() }
    }

    /// Locks the mutex.
    ///
    /// # Panics
    /// If a thread of the model panicked while it held the lock.
    ///
    /// # Blocking
    /// Blocks the model thread while another model thread holds the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let (filmed, site) = (&self.filmed, Location::caller());
        let holder = filmed.latest();
        if holder != 0 {
            filmed.note_at(site, "wait_lock", Some(holder - 1));
        }
        let guard = self.mutex.lock().expect("loom's mutex reports no poison");
        filmed.set_latest(film::current_number().map_or(0, |number| number as u64 + 1));
        filmed.note_at(site, "lock", None);
        MutexGuard { guard, filmed, site }
    }

    /// The value, by exclusive access.
    pub fn get_mut(&mut self) -> &mut T {
        self.mutex.get_mut().expect("loom's mutex reports no poison")
    }

    /// The value, without the mutex.
    pub fn into_inner(self) -> T {
        self.mutex.into_inner().expect("loom's mutex reports no poison")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.filmed.set_latest(0);
        self.filmed.note_at(self.site, "unlock", None);
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Locks a mutex, and always succeeds. Only in a forked child can the thread that holds the lock be
/// missing, and a model does not fork.
///
/// # Blocking
/// Blocks as [`Mutex::lock`] does.
#[track_caller]
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
