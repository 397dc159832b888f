//! The way in which a thread that is not turning a loop blocks on a future.
//!
//! By default the thread polls, and sleeps until its waker is woken. A thread may install a
//! [`BlockingDriver`] that does this differently. The workers of a blocking pool install a driver
//! that records which job the thread waits for, so that the pool can detect deadlocks.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::sync::thread_local_const;

/// Drives futures on the thread that [installed](install) it.
pub trait BlockingDriver {
    /// Calls `poll` until it returns `Ready`, and calls `sleep` after each `Pending`.
    ///
    /// `sleep` returns once `waker` has been woken since `sleep` last returned. The driver may poll
    /// with its own wakers, if each of them wakes `waker`.
    ///
    /// # Blocking
    /// Blocks the thread until `poll` returns `Ready`.
    fn drive(
        &self,
        waker: &Waker,
        sleep: &dyn Fn(),
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    );
}

thread_local_const! {
    static INSTALLED: RefCell<Option<Rc<dyn BlockingDriver>>> = RefCell::new(None)
}

/// Installs the driver of this thread until the guard is dropped. The guard must be dropped before
/// the thread ends.
pub fn install(driver: Rc<dyn BlockingDriver>) -> InstalledDriver {
    INSTALLED.with(|installed| *installed.borrow_mut() = Some(driver));
    InstalledDriver(())
}

/// Keeps a [`BlockingDriver`] installed.
#[derive(Debug)]
#[must_use = "dropping it uninstalls the driver"]
pub struct InstalledDriver(());

impl Drop for InstalledDriver {
    fn drop(&mut self) {
        let driver = INSTALLED.with(|installed| installed.borrow_mut().take());
        drop(driver);
    }
}

/// Calls `poll` until it returns `Ready`, and calls `sleep` after each `Pending`. If the thread has
/// a driver, the driver makes these calls. `sleep` must return once `waker` has been woken since
/// `sleep` last returned.
///
/// # Blocking
/// Blocks the thread until `poll` returns `Ready`.
pub fn drive(waker: &Waker, sleep: impl Fn(), mut poll: impl FnMut(&mut Context<'_>) -> Poll<()>) {
    let driver = INSTALLED.with(|installed| installed.borrow().clone());
    if let Some(driver) = driver {
        return driver.drive(waker, &sleep, &mut poll);
    }
    let mut cx = Context::from_waker(waker);
    while poll(&mut cx).is_pending() {
        sleep();
    }
}
