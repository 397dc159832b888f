//! The output of one worker on its way to the hook or to standard error.

use std::io::{ErrorKind, PipeReader, Read};
use std::mem;
use std::sync::Arc;

use rustix::io::ioctl_fionread;

use super::worker_output::{LineSplitter, OutputTail};

/// The number of bytes requested from the pipe by one read: the capacity of a pipe.
const CHUNK: usize = 64 * 1024;
/// The largest number of reads that drain the pipe of a dead worker. One read takes all that a pipe
/// holds. A pipe that still has output after this many reads is being filled by a process that
/// outlives the worker.
const READS_MAX: usize = 16;

/// The output of one worker. The mutex of the [forwarder](super::output_forwarder) guards it.
pub(super) struct OutputSource {
    pub(super) number: u64,
    pub(super) pid: u32,
    /// The pipe; non-blocking. `None` once every writer has closed it, or the worker is reaped.
    pipe: Option<Arc<PipeReader>>,
    /// Bytes that were read and not taken to be passed on.
    pending: Vec<u8>,
    /// The number of bytes that were read from the pipe.
    read: u64,
    /// The number of bytes that were passed on.
    passed_on: u64,
    pub(super) splitter: LineSplitter,
    tail: OutputTail,
    /// True once the worker has been reaped.
    pub(super) is_closed: bool,
}

impl OutputSource {
    pub(super) fn new(number: u64, pid: u32, pipe: PipeReader) -> OutputSource {
        OutputSource {
            number,
            pid,
            pipe: Some(Arc::new(pipe)),
            pending: Vec::new(),
            read: 0,
            passed_on: 0,
            splitter: LineSplitter::default(),
            tail: OutputTail::default(),
            is_closed: false,
        }
    }

    pub(super) fn pipe(&self) -> Option<&Arc<PipeReader>> {
        self.pipe.as_ref()
    }

    pub(super) fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Returns whether there is something to pass on, or the source's end to record.
    pub(super) fn is_due(&self) -> bool {
        self.is_closed || !self.pending.is_empty()
    }

    /// Takes the bytes that have not been passed on.
    pub(super) fn take_pending(&mut self) -> Vec<u8> {
        mem::take(&mut self.pending)
    }

    /// Records that bytes were passed on.
    pub(super) fn record(&mut self, bytes: usize) {
        self.passed_on += bytes as u64;
    }

    /// Reads once. Returns false if there was nothing to read.
    pub(super) fn read_once(&mut self) -> bool {
        let Some(pipe) = &self.pipe else { return false };
        let mut chunk = vec![0; CHUNK];
        match (&mut &**pipe).read(&mut chunk) {
            Ok(0) => self.pipe = None,
            Ok(bytes) => {
                self.tail.append(&chunk[..bytes]);
                self.pending.extend(&chunk[..bytes]);
                self.read += bytes as u64;
                return true;
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => return true,
                ErrorKind::WouldBlock => {}
                _ => self.pipe = None,
            },
        }
        false
    }

    /// Reads what the pipe holds, and closes it. Keeps the first `room` bytes at most to pass on. A
    /// second call does nothing.
    pub(super) fn close(&mut self, room: usize) {
        if self.is_closed {
            return;
        }
        for _ in 0..READS_MAX {
            if !self.read_once() {
                break;
            }
        }
        self.pipe = None;
        self.is_closed = true;
        let lost = self.pending.len().saturating_sub(room);
        self.pending.truncate(self.pending.len() - lost);
        self.passed_on += lost as u64;
    }

    /// The number of bytes that the worker has printed until now.
    pub(super) fn printed(&self) -> u64 {
        let unread = self.pipe.as_ref().and_then(|pipe| ioctl_fionread(pipe).ok());
        self.read + unread.unwrap_or(0)
    }

    /// Returns whether the first `printed` bytes have been passed on.
    pub(super) fn has_passed_on(&self, printed: u64) -> bool {
        self.passed_on >= printed
    }

    pub(super) fn last_lines(&self) -> String {
        self.tail.last_lines()
    }
}

#[cfg(test)]
mod tests;
