//! The output of a worker, which is passed on line by line. The last lines are kept for a report of
//! the worker's death.

use std::fmt;
use std::io::{self, Read, Write};
use std::mem;
use std::sync::Arc;

use runtime_core::catch_panic::catch_panic;

/// The number of bytes requested from the pipe by one read: the capacity of a pipe.
const CHUNK: usize = 64 * 1024;
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

impl fmt::Debug for OutputSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OutputSink::Stderr => "stderr",
            OutputSink::Hook(_) => "a hook",
        })
    }
}

/// The output of one worker.
#[derive(Debug)]
pub(super) struct WorkerOutput {
    pid: u32,
    sink: OutputSink,
    /// The buffer of a read. The first read allocates it, because most workers print nothing.
    chunk: Vec<u8>,
    /// The beginning of a line whose line break has not arrived.
    partial: Vec<u8>,
    /// The last bytes of the output.
    tail: Vec<u8>,
}

impl WorkerOutput {
    pub(super) fn new(pid: u32, sink: OutputSink) -> WorkerOutput {
        WorkerOutput { pid, sink, chunk: Vec::new(), partial: Vec::new(), tail: Vec::new() }
    }

    /// Reads once, passes on the complete lines, and returns the number of bytes read. The number
    /// is 0 at the end of the output.
    pub(super) fn read_from(&mut self, pipe: &mut impl Read) -> io::Result<usize> {
        if self.chunk.is_empty() {
            self.chunk.resize(CHUNK, 0);
        }
        let read = pipe.read(&mut self.chunk)?;
        let chunk = mem::take(&mut self.chunk);
        self.append(&chunk[..read]);
        self.chunk = chunk;
        Ok(read)
    }

    fn append(&mut self, bytes: &[u8]) {
        self.tail.extend(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        let complete = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if complete > 0 {
            let mut lines = mem::take(&mut self.partial);
            lines.extend(&bytes[..complete]);
            self.pass_on(&lines);
        }
        self.partial.extend(&bytes[complete..]);
        if self.partial.len() > LINE_MAX {
            self.finish();
        }
    }

    /// Passes on the last line if it has no line break.
    pub(super) fn finish(&mut self) {
        if !self.partial.is_empty() {
            let mut line = mem::take(&mut self.partial);
            line.push(b'\n');
            self.pass_on(&line);
        }
    }

    /// Passes on complete lines, each with its line break.
    fn pass_on(&self, lines: &[u8]) {
        match &self.sink {
            // If standard error is closed, there is nowhere to report that.
            OutputSink::Stderr => _ = io::stderr().write_all(lines),
            OutputSink::Hook(hook) => {
                for line in lines.split_inclusive(|&byte| byte == b'\n') {
                    let text = String::from_utf8_lossy(&line[..line.len() - 1]);
                    catch_panic(|| hook(&OutputLine { pid: self.pid, text: &text }));
                }
            }
        }
    }

    /// Returns the last lines, for a report of the worker's death.
    pub(super) fn last_lines(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let mut lines: Vec<&str> = text.lines().rev().take(TAIL_LINES).collect();
        lines.reverse();
        lines.join("\n")
    }
}
