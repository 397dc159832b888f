//! Detection of forked children, in which a runtime or a pool from before the fork cannot be used.
//!
//! A fork copies the memory of a process, and only one of its threads. The other threads do not
//! exist in the child: waiting for one of them never ends, and a lock that one of them held is
//! never released. A [`ForkCheck`] remembers the process in which a runtime or a pool first used
//! other threads, and reports an error in any other process.
//!
//! Asking the system for the process ID costs about 100 ns, too much for each submitted job.
//! [`check`](ForkCheck::check) asks the system, and is called where another system call follows
//! anyway: before a thread is started, woken, joined or waited for.
//! [`check_cheaply`](ForkCheck::check_cheaply) compares with the answer that the system gave last,
//! to any check. It detects a fork as soon as any check has asked the system in the child, for
//! example because a new runtime was made there.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use crate::debug_as_message;
use crate::sync::counter::Latest;

/// The process ID that the system returned last.
static LATEST: Latest = Latest::new();

fn ask() -> u32 {
    // On WebAssembly there are no processes, and std panics.
    let process = if cfg!(target_family = "wasm") { 0 } else { std::process::id() };
    LATEST.set(process);
    process
}

/// The process in which a runtime or a pool is usable: the first in which it used other threads.
#[derive(Debug)]
pub struct ForkCheck(OnceLock<u32>);

impl ForkCheck {
    /// A check for a runtime or a pool that is usable in this process only.
    pub fn here() -> ForkCheck {
        ForkCheck(OnceLock::from(ask()))
    }

    /// A check for a runtime or a pool that has used no other thread yet, and is still usable in
    /// any process.
    ///
    /// The first [`check_cheaply`](ForkCheck::check_cheaply) fixes the process.
    pub const fn unused() -> ForkCheck {
        ForkCheck(OnceLock::new())
    }

    /// Asks the system whether the runtime or the pool is usable in this process.
    ///
    /// # Errors
    /// Returns an error if this process is a forked child, in which neither is usable.
    pub fn check(&self) -> Result<(), ForkedError> {
        let Some(&made_in) = self.0.get() else { return Ok(()) };
        let here = ask();
        if here == made_in { Ok(()) } else { Err(ForkedError { made_in, here }) }
    }

    /// Like [`check`](ForkCheck::check), but asks the system only at the first call, or if the
    /// system's last answer was not the process in which the runtime or the pool is usable.
    ///
    /// # Errors
    /// The error of [`check`](ForkCheck::check), but only if some check has asked the system in
    /// this process.
    #[inline]
    pub fn check_cheaply(&self) -> Result<(), ForkedError> {
        match self.0.get() {
            Some(&made_in) if made_in == LATEST.get() => Ok(()),
            Some(_) => self.check(),
            None => {
                self.0.get_or_init(ask);
                Ok(())
            }
        }
    }
}

/// The error of using a runtime or a pool in a forked child of the process that made it.
///
/// A fork copies one thread only. Make a new runtime, or a new pool, after the fork.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForkedError {
    /// The ID of the process that made the runtime or the pool.
    pub made_in: u32,
    /// The ID of this process.
    pub here: u32,
}

impl fmt::Display for ForkedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ForkedError { made_in, here } = self;
        write!(
            f,
            "it was made in process {made_in}, and this is its forked child {here}, which has none \
             of its threads: make a new runtime or pool after the fork"
        )
    }
}

debug_as_message!(ForkedError);

impl Error for ForkedError {}
