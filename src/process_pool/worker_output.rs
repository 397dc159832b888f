//! What a worker prints: passed on line by line, the last of it kept for the news of its death.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use runtime_core::catch_panic::catch_panic;

/// How much is asked of the pipe at a time: what a pipe holds.
const CHUNK: usize = 64 * 1024;
/// How much of the last is kept.
const TAIL_BYTES: usize = 8 * 1024;
const TAIL_LINES: usize = 20;
/// A line that is longer is passed on in pieces.
const LINE_MAX: usize = 64 * 1024;

/// A line that a worker printed, to standard output or standard error.
#[derive(Debug)]
#[non_exhaustive]
pub struct OutputLine<'line> {
    /// The worker's process.
    pub pid: u32,
    /// The line, without its end. What is no UTF-8 is replaced.
    pub text: &'line str,
}

/// Where the lines go.
#[derive(Clone)]
pub(super) enum OutputSink {
    /// This process's standard error.
    Stderr,
    /// Somebody who asked for them. A panic of his is swallowed.
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

/// One worker's lines.
#[derive(Debug)]
pub(super) struct WorkerOutput {
    pid: u32,
    sink: OutputSink,
    /// Where a read puts what it finds; made at the first one, because most workers are silent.
    chunk: Vec<u8>,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// The last bytes of all.
    tail: Vec<u8>,
}

impl WorkerOutput {
    pub(super) fn new(pid: u32, sink: OutputSink) -> WorkerOutput {
        WorkerOutput { pid, sink, chunk: Vec::new(), begun: Vec::new(), tail: Vec::new() }
    }

    /// Reads once and passes on the lines that are whole. Says how much it read: nothing at the
    /// end.
    pub(super) fn read_from(&mut self, pipe: &mut impl Read) -> io::Result<usize> {
        if self.chunk.is_empty() {
            self.chunk.resize(CHUNK, 0);
        }
        let read = pipe.read(&mut self.chunk)?;
        let chunk = std::mem::take(&mut self.chunk);
        self.take_in(&chunk[..read]);
        self.chunk = chunk;
        Ok(read)
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.tail.extend(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if whole > 0 {
            let mut lines = std::mem::take(&mut self.begun);
            lines.extend(&bytes[..whole]);
            self.pass_on(&lines);
        }
        self.begun.extend(&bytes[whole..]);
        if self.begun.len() > LINE_MAX {
            self.finish();
        }
    }

    /// Passes on a last line that has no end.
    pub(super) fn finish(&mut self) {
        if !self.begun.is_empty() {
            let mut line = std::mem::take(&mut self.begun);
            line.push(b'\n');
            self.pass_on(&line);
        }
    }

    /// Whole lines, each with its end.
    fn pass_on(&self, lines: &[u8]) {
        match &self.sink {
            // Nobody is left to tell if stderr is closed.
            OutputSink::Stderr => _ = io::stderr().write_all(lines),
            OutputSink::Hook(hook) => {
                for line in lines.split_inclusive(|&byte| byte == b'\n') {
                    let text = String::from_utf8_lossy(&line[..line.len() - 1]);
                    catch_panic(|| hook(&OutputLine { pid: self.pid, text: &text }));
                }
            }
        }
    }

    /// The last lines, for who wants to know why it died.
    pub(super) fn last(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let mut lines: Vec<&str> = text.lines().rev().take(TAIL_LINES).collect();
        lines.reverse();
        lines.join("\n")
    }
}
