//! The facade in a build.

pub use parking_lot::{Mutex, MutexGuard};

/// Locks a mutex; if somebody holds it, and `is_hopeless`, nobody will ever release it: then
/// `None`.
///
/// # Blocking
/// As locking, unless it is hopeless.
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

/// Atomics and their orderings.
pub mod atomic {
    pub use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
}

/// The waker channel: unbounded, many senders, one receiver.
pub mod channel {
    pub use crossbeam_channel::{Receiver, SendError, Sender, TryRecvError, unbounded};
}

/// Threads, and how one of them waits.
pub mod thread {
    use std::io;
    use std::time::Instant;

    pub use std::thread::{JoinHandle, Thread, current, park, yield_now};

    /// Waits like [`park`], at most until `deadline`. Says whether the deadline has passed; if it
    /// has not, the wait may have ended for any reason, or for none.
    pub fn park_until(deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            std::thread::park_timeout(left);
        }
        left.is_zero()
    }

    /// Starts a thread, or says why the system would not.
    pub fn spawn(
        name: String,
        stack_size: Option<usize>,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let builder = std::thread::Builder::new().name(name);
        match stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        }
        .spawn(body)
    }
}

/// Declares a thread-local value that is made by a constant expression and never destroyed, so
/// that it can be reached from any other thread-local's destructor.
///
/// What is stored in it must have been taken out again when the thread ends, or it leaks.
#[macro_export]
#[doc(hidden)]
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        ::std::thread_local! {
            $(#[$attr])*
            $vis static $name: ::std::mem::ManuallyDrop<$type> =
                const { ::std::mem::ManuallyDrop::new($init) };
        }
    };
}
pub use crate::thread_local_const;
