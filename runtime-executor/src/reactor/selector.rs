//! The interface between the reactor and the operating system, in two parts: one for all threads,
//! and one for the loop, which waits for events. A third, optional part waits on another thread.
//!
//! In a normal build, mio implements both parts (`mio_selector.rs`). In the models, a simulated
//! device implements them, and blocks in a way that the model checker can see.

use std::io;
use std::ops::BitOr;
use std::os::fd::{OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use runtime_core::record::event::IoDirection;

/// The kind of operation that a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Reading, which includes accepting connections and finding the end of a stream.
    Read,
    /// Writing, which includes connecting.
    Write,
}

impl Direction {
    /// The interest in this direction alone.
    pub(super) fn interest(self) -> Interest {
        match self {
            Direction::Read => Interest::READABLE,
            Direction::Write => Interest::WRITABLE,
        }
    }

    /// The direction as traces record it.
    pub(super) fn recorded(self) -> IoDirection {
        match self {
            Direction::Read => IoDirection::Read,
            Direction::Write => IoDirection::Write,
        }
    }
}

/// The kinds of readiness that the system reports of a descriptor: of reads, of writes, or of both.
/// `Interest::READABLE | Interest::WRITABLE` is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest {
    readable: bool,
    writable: bool,
}

impl Interest {
    /// Readiness for reads, which includes accepting connections and finding the end of a stream.
    pub const READABLE: Interest = Interest { readable: true, writable: false };

    /// Readiness for writes, which includes connecting.
    pub const WRITABLE: Interest = Interest { readable: false, writable: true };

    /// Readiness for reads and for writes.
    pub const BOTH: Interest = Interest { readable: true, writable: true };

    /// The interest of a descriptor that no task has waited for.
    pub(super) const NONE: Interest = Interest { readable: false, writable: false };

    /// Returns whether reads are of interest.
    pub const fn is_readable(self) -> bool {
        self.readable
    }

    /// Returns whether writes are of interest.
    pub const fn is_writable(self) -> bool {
        self.writable
    }

    /// Returns whether each direction of `other` is of interest.
    pub(super) fn contains(self, other: Interest) -> bool {
        self | other == self
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        Interest {
            readable: self.readable | other.readable,
            writable: self.writable | other.writable,
        }
    }
}

/// The maximum number of events that one wait receives, including wakes. The next wait receives the
/// remaining events.
pub(super) const EVENTS_MAX: usize = 256;

/// Identifies a registered descriptor in the events of a [`Selector`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub usize);

impl Token {
    /// The token of [`Selector::wake`]. No descriptor has this token.
    pub const WAKER: Token = Token(usize::MAX);
}

/// A change of one descriptor's readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadinessEvent {
    /// The token of the descriptor.
    pub token: Token,
    /// True if a read would not block.
    pub readable: bool,
    /// True if a write would not block.
    pub writable: bool,
    /// True if the event reports more than data, or may do so: the end of the stream, an error, or
    /// urgent data. Such an event survives a [short transfer](super::ShortTransfer).
    pub beyond_data: bool,
}

/// The operations of a selector that any thread may call.
pub trait Selector: Send + Sync {
    /// Registers a descriptor, edge-triggered: an event with this token occurs each time that the
    /// descriptor *becomes* readable or writable, and at once if it is ready already. Readiness
    /// that is not of `interest` need not be reported.
    ///
    /// # Errors
    /// The errors of the operating system.
    fn register(&self, descriptor: RawFd, token: Token, interest: Interest) -> io::Result<()>;

    /// Replaces the interest of a registered descriptor. An event occurs at once if the descriptor
    /// is ready already, as after [`register`](Selector::register). If this call fails, the former
    /// interest stays.
    ///
    /// # Errors
    /// The errors of the operating system.
    fn reregister(&self, descriptor: RawFd, token: Token, interest: Interest) -> io::Result<()>;

    /// Removes a descriptor. Events that are already on their way may still arrive.
    ///
    /// # Errors
    /// The errors of the operating system.
    fn deregister(&self, descriptor: RawFd) -> io::Result<()>;

    /// Makes the current [wait](WaitForEvents::wait) return, or the next wait if the loop is not
    /// waiting. Never blocks.
    fn wake(&self);

    /// Returns a descriptor that is readable while there are events.
    ///
    /// # Errors
    /// The errors of the operating system. `Unsupported` if this selector has no descriptor.
    fn descriptor(&self) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns a value that waits, on a thread other than the loop's, until there are events.
    ///
    /// # Errors
    /// The errors of the operating system. `Unsupported` if this selector has no descriptor.
    fn watch(&self) -> io::Result<Box<dyn WaitUntilReadable>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The wait for events, which only the loop calls.
pub trait WaitForEvents: Send {
    /// Blocks until there is an event, [`Selector::wake`] is called, or `timeout` has passed.
    /// Without a `timeout` there is no limit. Appends the events to `events`. May return early
    /// without a reason.
    ///
    /// # Errors
    /// If this wait has failed. The events are kept for the next wait.
    fn wait(
        &mut self,
        timeout: Option<Duration>,
        events: &mut Vec<ReadinessEvent>,
    ) -> io::Result<()>;
}

/// The wait of a thread that only watches a selector.
pub trait WaitUntilReadable: Send {
    /// Blocks while there are no events, and consumes none: another call returns at once until the
    /// loop has received them. [`Selector::wake`] is an event.
    ///
    /// # Errors
    /// The errors of the operating system.
    fn wait_until_readable(&mut self) -> io::Result<()>;
}

/// Both parts of a selector.
pub type SelectorParts = (Arc<dyn Selector>, Box<dyn WaitForEvents>);

/// A function that opens a selector.
pub type OpenSelector = Box<dyn Fn() -> io::Result<SelectorParts> + Send + Sync>;
