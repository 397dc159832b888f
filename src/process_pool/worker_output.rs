//! The output of a worker: its lines, which are passed on, and its last bytes, which are kept for a
//! report of the worker's death.

use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use runtime_core::catch_panic::catch_panic;

/// The number of bytes kept from the end of the output.
const TAIL_BYTES: usize = 8 * 1024;
const TAIL_LINES: usize = 20;
/// The maximum length of a line. A longer line is passed on in pieces.
const LINE_MAX: usize = 64 * 1024;

/// A line that a worker printed to standard output or standard error.
#[derive(Debug)]
#[non_exhaustive]
pub struct OutputLine<'line> {
    /// The pid of the worker.
    pub pid: u32,
    /// The line without its line break. Invalid UTF-8 is replaced.
    pub text: &'line str,
}

/// The destination of the lines.
#[derive(Clone)]
pub(super) enum OutputSink {
    /// The standard error of this process.
    Stderr,
    /// A hook of the user's. Its panics are caught and dropped.
    Hook(Arc<dyn Fn(&OutputLine<'_>) + Send + Sync>),
}

impl OutputSink {
    /// Passes on one line, or one piece of output, with its line break.
    ///
    /// # Blocking
    /// Blocks as long as the hook, or the reader of standard error, does.
    fn pass_on(&self, pid: u32, line: &[u8]) {
        match self {
            // If standard error is closed, there is nowhere to report that.
            OutputSink::Stderr => _ = io::stderr().write_all(line),
            OutputSink::Hook(hook) => {
                let text = String::from_utf8_lossy(&line[..line.len() - 1]);
                catch_panic(|| hook(&OutputLine { pid, text: &text }));
            }
        }
    }
}

impl fmt::Debug for OutputSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OutputSink::Stderr => "stderr",
            OutputSink::Hook(_) => "a hook",
        })
    }
}

/// Splits the output of one worker into lines.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    /// The beginning of a line whose line break has not arrived.
    partial: Vec<u8>,
}

impl LineSplitter {
    /// Passes on the lines that these bytes complete. `around` is called with each call of the
    /// sink.
    pub(super) fn pass_on(
        &mut self,
        pid: u32,
        bytes: &[u8],
        sink: &OutputSink,
        around: &dyn Fn(&dyn Fn()),
    ) {
        let complete = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if complete > 0 {
            let mut lines = mem::take(&mut self.partial);
            lines.extend(&bytes[..complete]);
            match sink {
                OutputSink::Stderr => around(&|| sink.pass_on(pid, &lines)),
                OutputSink::Hook(_) => {
                    for line in lines.split_inclusive(|&byte| byte == b'\n') {
                        around(&|| sink.pass_on(pid, line));
                    }
                }
            }
        }
        self.partial.extend(&bytes[complete..]);
        if self.partial.len() > LINE_MAX {
            self.finish(pid, sink, around);
        }
    }

    /// Passes on the last line if it has no line break.
    pub(super) fn finish(&mut self, pid: u32, sink: &OutputSink, around: &dyn Fn(&dyn Fn())) {
        if !self.partial.is_empty() {
            let mut line = mem::take(&mut self.partial);
            line.push(b'\n');
            around(&|| sink.pass_on(pid, &line));
        }
    }
}

/// The last bytes of a worker's output.
#[derive(Debug, Default)]
pub(super) struct OutputTail {
    bytes: Vec<u8>,
}

impl OutputTail {
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        let surplus = self.bytes.len().saturating_sub(TAIL_BYTES);
        self.bytes.drain(..surplus);
    }

    /// Returns the last lines, for a report of the worker's death.
    pub(super) fn last_lines(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut lines: Vec<&str> = text.lines().rev().take(TAIL_LINES).collect();
        lines.reverse();
        lines.join("\n")
    }
}
