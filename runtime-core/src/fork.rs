//! In which process something was made, so that its forked copy is known.
//!
//! A fork copies the memory of a process, and one of its threads. The others are gone: who waits
//! for one of them waits for ever, and a lock that one of them held is never released. A runtime or
//! a pool that has met other threads is of no use in the child, and says so.
//!
//! To ask the system for the number of the process costs a hundred nanoseconds, too much for each
//! submit. So it is asked where a system call is near anyway: before a thread is started, woken,
//! joined or waited for. In between, what it last answered to anybody in the process is compared;
//! as soon as something new has been used in the child, that suffices.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use crate::sync::counter::Latest;

/// What the system last answered.
static LATEST: Latest = Latest::new();

fn ask() -> u32 {
    let process = std::process::id();
    LATEST.set(process);
    process
}

/// The process in which something was made, or rather: the first in which it was
/// [used](ForkCheck::settle).
#[derive(Debug, Default)]
pub struct ForkCheck(OnceLock<u32>);

impl ForkCheck {
    /// Not used yet.
    pub const fn new() -> ForkCheck {
        ForkCheck(OnceLock::new())
    }

    /// It is used with other threads from now on, in this process, if it was not before.
    #[inline]
    pub fn settle(&self) {
        let _process = self.0.get_or_init(ask);
    }

    /// [Settles](ForkCheck::settle) it, or [checks it cheaply](ForkCheck::check_cheaply) if that was
    /// done.
    ///
    /// # Errors
    /// As [`check`](ForkCheck::check).
    #[inline]
    pub fn settle_or_check(&self) -> Result<(), ForkedError> {
        match self.0.get() {
            Some(&made_in) if made_in == LATEST.get() => Ok(()),
            Some(_) => self.check(),
            None => {
                self.settle();
                Ok(())
            }
        }
    }

    /// Asks the system whether this is that process. Any is, as long as it was not used.
    ///
    /// # Errors
    /// If this is another one: its forked child, or a child of that.
    pub fn check(&self) -> Result<(), ForkedError> {
        let Some(&made_in) = self.0.get() else { return Ok(()) };
        let here = ask();
        if here == made_in { Ok(()) } else { Err(ForkedError { made_in, here }) }
    }

    /// The same without a system call, unless something in this process has been answered otherwise
    /// since.
    ///
    /// # Errors
    /// As [`check`](ForkCheck::check).
    #[inline]
    pub fn check_cheaply(&self) -> Result<(), ForkedError> {
        match self.0.get() {
            Some(&made_in) if made_in != LATEST.get() => self.check(),
            Some(_) | None => Ok(()),
        }
    }
}

/// A runtime or a pool was used in a forked child of the process that made it.
///
/// A fork takes one thread along. Make a new runtime, or a new pool, after the fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForkedError {
    /// The number of the process that made it.
    pub made_in: u32,
    /// The number of this process.
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

impl Error for ForkedError {}
