//! [`PendingWrites`]: the writes, flushes and the close that were accepted and are not done yet.

use std::io;
use std::mem;

use runtime_core::join::JoinHandle;

/// The maximum number of bytes that one write accepts, unless the stream sets another one.
pub(super) const WRITE_MAX: usize = 256 * 1024;
/// The maximum number of bytes that are accepted and not written yet.
const BYTES_MAX: usize = 1024 * 1024;
/// The maximum number of writes that are accepted and not done yet.
const WRITES_MAX: usize = 64;

#[derive(Default)]
pub(super) struct PendingWrites {
    /// The number of writes that are not done yet.
    pub(super) pushed: usize,
    /// The number of bytes in those writes.
    bytes: usize,
    /// The error of a write or flush that has failed. All bytes that were accepted after it were
    /// dropped.
    pub(super) failure: WriteFailure,
    /// A write was accepted that no flush has covered.
    pub(super) is_unflushed: bool,
    pub(super) flush: FlushState,
    pub(super) close: CloseState,
    pub(super) position: WritePosition,
}

/// The error of a failed write. It stays for the life of the stream, because the output is torn:
/// bytes behind the failed write would follow a hole.
#[derive(Default)]
pub(super) enum WriteFailure {
    #[default]
    None,
    Unreported(io::Error),
    /// The error was returned; this is a copy.
    Reported(io::Error),
}

impl WriteFailure {
    /// Returns the error, and keeps a copy for the next call.
    pub(super) fn report(&mut self) -> io::Result<()> {
        let error = match mem::take(self) {
            WriteFailure::None => return Ok(()),
            WriteFailure::Unreported(error) | WriteFailure::Reported(error) => error,
        };
        *self = WriteFailure::Reported(copy_of(&error));
        Err(error)
    }

    #[cfg(feature = "fs")]
    pub(super) fn is_unreported(&self) -> bool {
        matches!(self, WriteFailure::Unreported(_))
    }

    /// Returns the error if no operation has returned it yet.
    pub(super) fn report_first(&mut self) -> io::Result<()> {
        match self {
            WriteFailure::Unreported(_) => self.report(),
            WriteFailure::None | WriteFailure::Reported(_) => Ok(()),
        }
    }
}

/// Returns an error of the same kind, with the same code of the system or the same message.
fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// Says at which position bytes are written.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum WritePosition {
    /// Bytes may be written at the position that reading has reached.
    #[default]
    SharedWithReads,
    /// Bytes are certainly written elsewhere, for example on a terminal.
    Separate,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum FlushState {
    #[default]
    None,
    Pushed,
    /// A flush was pushed, and then a write was accepted.
    Overtaken,
    Done,
}

#[derive(Default)]
pub(super) enum CloseState {
    #[default]
    Open,
    /// A job is dropping the object.
    Dropping(JoinHandle<()>),
    Closed,
}

impl PendingWrites {
    /// Returns `true` if `count` more bytes may be accepted. If no write is pending, any number may
    /// be accepted.
    pub(super) fn has_room(&self, count: usize) -> bool {
        self.pushed == 0 || (self.pushed < WRITES_MAX && self.bytes + count <= BYTES_MAX)
    }

    pub(super) fn on_pushed(&mut self, count: usize) {
        self.pushed += 1;
        self.bytes += count;
        self.is_unflushed = true;
        self.flush = match self.flush {
            FlushState::Pushed | FlushState::Overtaken => FlushState::Overtaken,
            FlushState::None | FlushState::Done => FlushState::None,
        };
    }

    pub(super) fn on_written(&mut self, count: usize) {
        self.pushed -= 1;
        self.bytes -= count;
    }

    pub(super) fn on_flushed(&mut self) {
        self.is_unflushed &= self.flush != FlushState::Pushed;
        self.flush = match self.flush {
            FlushState::Pushed | FlushState::Done => FlushState::Done,
            FlushState::Overtaken | FlushState::None => FlushState::None,
        };
    }

    /// Keeps the error. All commands behind the one that failed were dropped.
    pub(super) fn on_failed(&mut self, error: io::Error) {
        self.failure = WriteFailure::Unreported(error);
        self.pushed = 0;
        self.bytes = 0;
        self.flush = FlushState::None;
    }
}
