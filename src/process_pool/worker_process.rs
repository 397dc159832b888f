//! The pool's side of one worker process: it starts it, calls it, and sees it to its end.
//!
//! While the pool waits for the worker it also takes in what the worker prints, so that a worker
//! that prints much never waits for a reader that waits for it. Between two calls nobody reads; a
//! worker that prints then (from a thread that a job has left behind) has 64 KiB, and what it
//! printed is passed on with the next call.

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFlags;

use super::call_error::WorkerDeath;
use super::child_guard::ChildGuard;
use super::frame::{self, Assembler, FrameError, FrameKind};
use super::pids::Pids;
use super::poll_fds::{Deadline, wait_for_either};
use super::program::WorkerProgram;
use super::worker_main::MARKER;
use super::worker_output::{OutputSink, WorkerOutput};

/// How long a worker that is told to exit may take for it before it is killed.
const EXIT_GRACE: Duration = Duration::from_secs(2);
/// How often what it prints is read without looking for anything else. A pipe holds a sixteenth of
/// that; one that is always full belongs to a process that outlives the worker.
const READS_MAX: usize = 16;

/// A worker process. Dropping it ends and buries it.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    guard: Arc<ChildGuard>,
    /// Where its number is until it has been waited for.
    pids: Arc<Pids>,
    /// The connection. Never blocks.
    socket: UnixStream,
    /// What it prints, until nobody can print any more.
    output: Option<PipeReader>,
    lines: WorkerOutput,
    incoming: Assembler,
    calls: u64,
    state: WorkerState,
}

/// What may be done with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerState {
    /// It may be called.
    Ready,
    /// It has done its share, and may exit in peace.
    Retiring,
    /// It is dead, or must be killed: what it says next would be no answer.
    Broken,
    /// It has been waited for.
    Reaped(Option<ExitStatus>),
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum ExchangeError {
    /// The process is gone, and did not read the call to its end: so it has done nothing for it.
    Unread,
    /// The process is gone.
    Ended,
    TimedOut,
    Malformed(FrameError),
    /// Its job was cancelled.
    Killed,
}

impl WorkerProcess {
    /// Starts a process. [`handshake`](WorkerProcess::handshake) it next.
    pub(super) fn start(
        program: &WorkerProgram,
        sink: OutputSink,
        pids: Arc<Pids>,
    ) -> io::Result<WorkerProcess> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        let (output, printed) = io::pipe()?;
        let mut command = Command::new(program.path()?.as_os_str());
        command.arg0(program.name()).arg(MARKER).process_group(0);
        command.stdin(OwnedFd::from(theirs)).stdout(printed.try_clone()?).stderr(printed);
        let child = command.spawn()?;
        // With it goes our copy of the worker's ends, so that their end can be seen.
        drop(command);
        let guard = Arc::new(ChildGuard::new(child));
        let lines = WorkerOutput::new(guard.pid(), sink);
        let process = WorkerProcess {
            pids,
            socket,
            output: Some(output),
            lines,
            incoming: Assembler::new(0),
            calls: 0,
            state: WorkerState::Ready,
            guard,
        };
        process.pids.insert(process.guard.pid());
        Ok(process)
    }

    pub(super) fn guard(&self) -> &Arc<ChildGuard> {
        &self.guard
    }

    pub(super) fn state(&self) -> WorkerState {
        self.state
    }

    pub(super) fn set_state(&mut self, state: WorkerState) {
        self.state = state;
    }

    /// How many calls it has answered.
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    /// Step 1 of the protocol.
    pub(super) fn handshake(
        &mut self,
        body_max: u32,
        deadline: Deadline,
    ) -> Result<(), ExchangeError> {
        self.incoming.allow(frame::HELLO_BODY);
        self.send(&frame::hello(body_max), deadline)?;
        self.receive(deadline)?;
        let (kind, body) = self.reply();
        frame::read_hello(kind, body).map_err(ExchangeError::Malformed)?;
        self.incoming.allow(body_max.max(frame::TEXT_MAX));
        Ok(())
    }

    /// Step 2. The [`reply`](WorkerProcess::reply) is there afterwards.
    pub(super) fn call(&mut self, frame: &[u8], deadline: Deadline) -> Result<(), ExchangeError> {
        self.send(frame, deadline)?;
        self.receive(deadline)?;
        self.calls += 1;
        Ok(())
    }

    /// What it answered.
    pub(super) fn reply(&self) -> (FrameKind, &[u8]) {
        let frame = self.incoming.frame().ok().flatten();
        frame.expect("a frame that was received is whole")
    }

    /// Frees what a long reply took.
    pub(super) fn discard_reply(&mut self) {
        self.incoming.clear();
    }

    fn send(&mut self, frame: &[u8], deadline: Deadline) -> Result<(), ExchangeError> {
        let mut sent = 0;
        while sent < frame.len() {
            match self.socket.write(&frame[sent..]) {
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait(PollFlags::OUT, deadline)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_gone) => return Err(ExchangeError::Unread),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Deadline) -> Result<(), ExchangeError> {
        self.incoming.clear();
        loop {
            self.wait(PollFlags::IN, deadline)?;
            match self.socket.read(self.incoming.room()) {
                Ok(0) => return Err(ExchangeError::Ended),
                Ok(bytes) => self.incoming.filled(bytes),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => continue,
                    // It is gone, and left behind what we sent.
                    ErrorKind::ConnectionReset => return Err(ExchangeError::Unread),
                    _ => return Err(ExchangeError::Ended),
                },
            }
            if self.incoming.frame().map_err(ExchangeError::Malformed)?.is_some() {
                return Ok(());
            }
        }
    }

    /// Waits until the socket is ready, and passes on meanwhile what is printed. What was printed
    /// before the socket became ready has been passed on when it returns: a read takes all that a
    /// pipe holds.
    fn wait(&mut self, events: PollFlags, deadline: Deadline) -> Result<(), ExchangeError> {
        loop {
            let ready =
                wait_for_either(Some((&self.socket, events)), self.output.as_ref(), deadline);
            if ready.output {
                self.read_output();
            }
            if ready.socket {
                return Ok(());
            }
            if deadline.has_passed() {
                return Err(ExchangeError::TimedOut);
            }
        }
    }

    fn read_output(&mut self) {
        let Some(output) = &mut self.output else { return };
        match self.lines.read_from(output) {
            Ok(0) => self.output = None,
            Ok(_bytes) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.output = None,
        }
    }

    /// What is in the pipe now.
    fn read_all_output(&mut self) {
        for _ in 0..READS_MAX {
            if !wait_for_either(None, self.output.as_ref(), Deadline::now()).output {
                return;
            }
            self.read_output();
        }
    }

    /// Step 3: waits until it has exited, but not long.
    fn request_exit(&mut self) {
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let deadline = Deadline::after(Some(EXIT_GRACE));
        self.incoming.clear();
        while self.wait(PollFlags::IN, deadline).is_ok() {
            match self.socket.read(self.incoming.room()) {
                Ok(0) => return,
                Ok(_late) => {}
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
                    _ => return,
                },
            }
        }
    }

    /// Ends it if that is still to be done, and waits for it, whatever happens.
    fn reap(&mut self) -> Option<ExitStatus> {
        match self.state {
            WorkerState::Reaped(status) => return status,
            WorkerState::Ready | WorkerState::Retiring => self.request_exit(),
            WorkerState::Broken => {}
        }
        // Before its number can become another's.
        self.pids.remove(self.guard.pid());
        let status = self.guard.reap();
        self.state = WorkerState::Reaped(status);
        self.read_all_output();
        self.lines.finish();
        status
    }

    /// How it died, for one that has.
    pub(super) fn death(&mut self) -> WorkerDeath {
        self.state = WorkerState::Broken;
        let status = self.reap();
        WorkerDeath { pid: self.guard.pid(), status, last_lines: self.lines.last() }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.reap();
    }
}
