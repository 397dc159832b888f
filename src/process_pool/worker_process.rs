//! The pool's side of one worker process: starting it, calling it, and reaping it.
//!
//! While the pool waits for a reply it also reads the worker's output. A worker that prints more
//! than its pipe holds therefore never deadlocks with the pool. Between two calls nothing reads the
//! pipe: a thread that a job left behind can print 64 KiB before it blocks, and the next call
//! passes that output on.

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
use super::frame::{self, FrameAssembler, FrameError, FrameKind};
use super::pids::Pids;
use super::poll_fds::{Deadline, wait_for_either};
use super::program::WorkerProgram;
use super::worker_main::MARKER;
use super::worker_output::{OutputSink, WorkerOutput};

/// The time that a worker has to exit on request, before it is killed.
const EXIT_GRACE: Duration = Duration::from_secs(2);
/// The largest number of reads that drain the pipe of a dead worker. One read takes all that a pipe
/// holds. A pipe that still has output after this many reads is being filled by a process that
/// outlives the worker.
const READS_MAX: usize = 16;

/// A worker process. Dropping it ends the process and reaps it.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    guard: Arc<ChildGuard>,
    /// Contains the worker's pid until the worker is reaped.
    pids: Arc<Pids>,
    /// The connection to the worker; non-blocking.
    socket: UnixStream,
    /// The pipe of the worker's output, until every writer has closed it.
    pipe: Option<PipeReader>,
    output: WorkerOutput,
    incoming: FrameAssembler,
    /// The number of calls that the worker has replied to.
    calls: u64,
    state: WorkerState,
}

/// The state of a worker process between two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerState {
    /// The worker may be called.
    Ready,
    /// The worker has run its maximum number of calls, and is asked to exit.
    Retiring,
    /// The worker is dead, or must be killed because its next frame would not answer the next call.
    Broken,
    /// The worker has been waited for.
    Reaped(Option<ExitStatus>),
}

/// The reason why a worker sent no reply.
#[derive(Debug)]
pub(super) enum ExchangeError {
    /// The process is gone and had not read the complete call, so it has not begun to work on the
    /// call.
    Unread,
    /// The process is gone.
    Ended,
    TimedOut,
    Malformed(FrameError),
    /// The process was killed, because its job was cancelled.
    Killed,
}

impl WorkerProcess {
    /// Starts a process. The caller does the [`handshake`](WorkerProcess::handshake) next.
    pub(super) fn start(
        program: &WorkerProgram,
        sink: OutputSink,
        pids: Arc<Pids>,
    ) -> io::Result<WorkerProcess> {
        let (socket, worker_socket) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        let (pipe, worker_pipe) = io::pipe()?;
        let mut command = Command::new(program.path()?.as_os_str());
        command.arg0(program.name()).arg(MARKER).process_group(0);
        command.stdin(OwnedFd::from(worker_socket));
        command.stdout(worker_pipe.try_clone()?).stderr(worker_pipe);
        let child = command.spawn()?;
        // The command owns copies of the worker's ends. Once these copies are closed, this side
        // detects when the worker closes its own ends.
        drop(command);
        let guard = Arc::new(ChildGuard::new(child));
        let output = WorkerOutput::new(guard.pid(), sink);
        let process = WorkerProcess {
            pids,
            socket,
            pipe: Some(pipe),
            output,
            incoming: FrameAssembler::new(0),
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

    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    /// Exchanges the hellos: step C1 of the [protocol](frame).
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

    /// Sends a call and receives its [`reply`](WorkerProcess::reply): step C2.
    pub(super) fn call(&mut self, frame: &[u8], deadline: Deadline) -> Result<(), ExchangeError> {
        self.send(frame, deadline)?;
        self.receive(deadline)?;
        self.calls += 1;
        Ok(())
    }

    /// Returns the frame that was received last.
    pub(super) fn reply(&self) -> (FrameKind, &[u8]) {
        let frame = self.incoming.frame().ok().flatten();
        frame.expect("a received frame is complete")
    }

    /// Frees the memory of a long reply.
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
                    // The worker closed its end before it had read the call.
                    ErrorKind::ConnectionReset => return Err(ExchangeError::Unread),
                    _ => return Err(ExchangeError::Ended),
                },
            }
            if self.incoming.frame().map_err(ExchangeError::Malformed)?.is_some() {
                return Ok(());
            }
        }
    }

    /// Waits until the socket is ready, and passes on the worker's output during the wait. All
    /// output that was printed before the socket became ready has been passed on when this function
    /// returns, because one read takes all that a pipe holds.
    fn wait(&mut self, events: PollFlags, deadline: Deadline) -> Result<(), ExchangeError> {
        loop {
            let ready = wait_for_either(Some((&self.socket, events)), self.pipe.as_ref(), deadline);
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
        let Some(pipe) = &mut self.pipe else { return };
        match self.output.read_from(pipe) {
            Ok(0) => self.pipe = None,
            Ok(_bytes) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.pipe = None,
        }
    }

    /// Passes on the output that is in the pipe now.
    fn drain_output(&mut self) {
        for _ in 0..READS_MAX {
            if !wait_for_either(None, self.pipe.as_ref(), Deadline::now()).output {
                return;
            }
            self.read_output();
        }
    }

    /// Asks the worker to exit (step C3), and waits for the exit, for [`EXIT_GRACE`] at most.
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

    /// Ends the process, unless it is dead, and waits for it.
    fn reap(&mut self) -> Option<ExitStatus> {
        match self.state {
            WorkerState::Reaped(status) => return status,
            WorkerState::Ready | WorkerState::Retiring => self.request_exit(),
            WorkerState::Broken => {}
        }
        // The pid is removed from the list before it can belong to another process.
        self.pids.remove(self.guard.pid());
        let status = self.guard.reap();
        self.state = WorkerState::Reaped(status);
        self.drain_output();
        self.output.finish();
        status
    }

    /// Reaps a process that has died, and reports how it died.
    pub(super) fn death(&mut self) -> WorkerDeath {
        self.state = WorkerState::Broken;
        let status = self.reap();
        WorkerDeath { pid: self.guard.pid(), status, last_lines: self.output.last_lines() }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.reap();
    }
}
