//! The runtimes of each thread, by number.
//!
//! C holds numbers instead of pointers. A number names the thread that made the runtime, and the
//! runtime among those of this thread. A number from another thread, of a runtime that is gone, or
//! without any meaning is therefore recognised without a look at another thread's memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use aside::blocking::Shutdown;

use crate::failure::{Failure, code};
use crate::hosted::Hosted;

/// The number of the last thread that has made a runtime. Zero is no thread.
static LAST_THREAD: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static OWN: RefCell<OwnRuntimes> = RefCell::default();
}

#[derive(Default)]
struct OwnRuntimes {
    thread: u32,
    last: u32,
    by_number: HashMap<u64, Rc<Hosted>>,
}

impl OwnRuntimes {
    fn insert(&mut self, hosted: Hosted) -> Result<u64, Failure> {
        let exhausted = || Failure::new(code::ESYSTEM, "all numbers are used up");
        if self.thread == 0 {
            // ORDERING: Relaxed: a counter, and nothing is published by it.
            let last = LAST_THREAD
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| last.checked_add(1));
            self.thread = last.map_err(|_| exhausted())? + 1;
        }
        self.last = self.last.checked_add(1).ok_or_else(exhausted)?;
        let number = u64::from(self.thread) << 32 | u64::from(self.last);
        self.by_number.insert(number, Rc::new(hosted));
        Ok(number)
    }

    /// The reason why this thread has no runtime of this number.
    fn missing(&self, number: u64) -> Failure {
        let thread = number >> 32;
        let is_own = thread == 0 || thread == u64::from(self.thread);
        if is_own { code::EGONE.into() } else { code::ETHREAD.into() }
    }
}

/// The thread exits: its runtimes are shut down without waiting.
impl Drop for OwnRuntimes {
    fn drop(&mut self) {
        for (_, hosted) in self.by_number.drain() {
            if let Some(hosted) = Rc::into_inner(hosted) {
                let _left = hosted.shutdown(Shutdown::Leave);
            }
        }
    }
}

/// Enters a runtime, and returns its number.
///
/// # Errors
/// `ESYSTEM`, if there were too many runtimes or threads; `EGONE`, if the thread is exiting.
pub fn insert(hosted: Hosted) -> Result<u64, Failure> {
    with(|own| own.borrow_mut().insert(hosted))
}

/// Returns a runtime of this thread.
///
/// # Errors
/// `ETHREAD` or `EGONE`.
pub fn get(number: u64) -> Result<Rc<Hosted>, Failure> {
    with(|own| {
        let own = own.borrow();
        own.by_number.get(&number).cloned().ok_or_else(|| own.missing(number))
    })
}

/// Takes a runtime out, so that no later call finds it.
///
/// # Errors
/// `ETHREAD` or `EGONE`; `ETURNING`, if a caller further up on the stack uses it.
pub fn take(number: u64) -> Result<Hosted, Failure> {
    if get(number)?.is_turning() {
        return Err(code::ETURNING.into());
    }
    let taken = with(|own| Ok(own.borrow_mut().by_number.remove(&number)))?;
    taken.and_then(Rc::into_inner).ok_or_else(|| code::EGONE.into())
}

fn with<T>(work: impl FnOnce(&RefCell<OwnRuntimes>) -> Result<T, Failure>) -> Result<T, Failure> {
    OWN.try_with(work).unwrap_or_else(|_exiting| Err(code::EGONE.into()))
}
