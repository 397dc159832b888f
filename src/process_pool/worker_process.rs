//! The pool's side of one worker process: starting it, calling it, and reaping it.
//!
//! The end of the connection alone does not show that a worker has died: a process that the worker
//! forked, and that never called `exec`, holds the connection as well. Every wait therefore watches
//! the process itself, by a pidfd where the system has pidfds (Linux), and otherwise by asking for
//! its state every [`EXIT_CHECK`]. A worker that a signal kills, the pool's own kill included, thus
//! ends the wait for its reply.
//!
//! ```text
//! worker                     its fork                  the pool's wait
//! reads the call
//! forks                      holds the connection      no event on the socket
//! dies                                                 the pidfd is readable
//!                                                      looks at the socket once more: a reply that
//!                                                      was sent before the death counts
//! ```

use std::io::{self, ErrorKind, Read, Write};
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
use super::frame::{self, FrameAssembler, FrameError, FrameTag};
use super::output_forwarder::{OutputForwarder, WorkerOutput};
use super::pids::Pids;
use super::poll_fds::{Deadline, wait_for_either};
use super::program::WorkerProgram;
use super::worker_main::{MARKER, pool_argument};

/// The time that a worker has to exit on request, before it is killed.
pub(super) const EXIT_GRACE: Duration = Duration::from_secs(2);
/// The time between two checks for the worker's exit, where the system has no pidfds.
const EXIT_CHECK: Duration = Duration::from_millis(100);

/// A worker process. Dropping it ends the process and reaps it.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    guard: Arc<ChildGuard>,
    /// A pidfd of the worker. `None` if the system has no pidfds, or a sandbox forbids them.
    exit: Option<OwnedFd>,
    /// The connection to the worker; non-blocking.
    socket: UnixStream,
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
    /// The process is gone. It may have read the call.
    Ended,
    TimedOut,
    Malformed(FrameError),
    /// The process was killed, because its call was ended.
    Killed,
}

/// The reason why a wait for the socket has ended early.
enum WaitError {
    /// The process is dead. A reply that it sent before has been received.
    Exited,
    TimedOut,
}

impl WaitError {
    fn of_send(self) -> ExchangeError {
        match self {
            WaitError::Exited => ExchangeError::Unread,
            WaitError::TimedOut => ExchangeError::TimedOut,
        }
    }

    fn of_receive(self) -> ExchangeError {
        match self {
            WaitError::Exited => ExchangeError::Ended,
            WaitError::TimedOut => ExchangeError::TimedOut,
        }
    }
}

impl WorkerProcess {
    /// Starts a process. The caller does the [`handshake`](WorkerProcess::handshake) next.
    pub(super) fn start(
        program: &WorkerProgram,
        output: &OutputForwarder,
        pids: Arc<Pids>,
    ) -> io::Result<WorkerProcess> {
        let (socket, worker_socket) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        let (pipe, worker_pipe) = io::pipe()?;
        let mut command = Command::new(program.path()?.as_os_str());
        command.arg0(program.name()).arg(MARKER).arg(pool_argument()).process_group(0);
        command.stdin(OwnedFd::from(worker_socket));
        command.stdout(worker_pipe.try_clone()?).stderr(worker_pipe);
        // This thread, a worker of a pool, blocks signals that the process should take.
        let child = runtime_blocking::with_host_signals(|| command.spawn())?;
        // The command owns copies of the worker's ends. Once these copies are closed, this side
        // detects when the worker closes its own ends.
        drop(command);
        let guard = Arc::new(ChildGuard::new(child, pids));
        // The error drops the guard's child without a wait, so the child is reaped first.
        let output = output.add(guard.pid(), pipe).inspect_err(|_| _ = guard.reap())?;
        Ok(WorkerProcess {
            exit: guard.pidfd(),
            socket,
            output,
            incoming: FrameAssembler::new(0),
            calls: 0,
            state: WorkerState::Ready,
            guard,
        })
    }

    pub(super) fn guard(&self) -> &Arc<ChildGuard> {
        &self.guard
    }

    pub(super) fn output(&self) -> &WorkerOutput {
        &self.output
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
    ///
    /// The wait has no limit: the supervisor kills the process to end it.
    pub(super) fn call(&mut self, frame: &[u8]) -> Result<(), ExchangeError> {
        let deadline = Deadline::after(None);
        // A socket that a fork of the dead worker holds would accept the call.
        if self.guard.has_exited() {
            return Err(ExchangeError::Unread);
        }
        self.send(frame, deadline)?;
        self.receive(deadline)?;
        self.calls += 1;
        Ok(())
    }

    /// Returns the frame that was received last.
    pub(super) fn reply(&self) -> (FrameTag, &[u8]) {
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
                    self.wait(PollFlags::OUT, deadline).map_err(WaitError::of_send)?;
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
            self.wait(PollFlags::IN, deadline).map_err(WaitError::of_receive)?;
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

    /// Waits until the socket is ready.
    fn wait(&mut self, events: PollFlags, deadline: Deadline) -> Result<(), WaitError> {
        let mut is_dead = false;
        loop {
            let until = self.slice_of(deadline, is_dead);
            let ready = wait_for_either((&self.socket, events), self.exit.as_ref(), until);
            if ready.socket {
                return Ok(());
            }
            // The worker may have replied between the looks at the socket and at the process, so
            // the socket is looked at once more.
            if is_dead {
                return Err(WaitError::Exited);
            }
            is_dead = ready.exit || (self.exit.is_none() && self.guard.has_exited());
            if !is_dead && deadline.has_passed() {
                return Err(WaitError::TimedOut);
            }
        }
    }

    /// The time until which one poll may wait.
    fn slice_of(&self, deadline: Deadline, is_dead: bool) -> Deadline {
        match &self.exit {
            _ if is_dead => Deadline::now(),
            Some(_pidfd) => deadline,
            None => deadline.or_after(EXIT_CHECK),
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

    /// Ends the process, unless it is dead, and waits for it. Passes on its output, and returns its
    /// last lines.
    fn reap(&mut self) -> (Option<ExitStatus>, String) {
        let was_killed = match self.state {
            WorkerState::Reaped(status) => return (status, String::new()),
            WorkerState::Ready | WorkerState::Retiring => {
                self.request_exit();
                false
            }
            WorkerState::Broken => true,
        };
        let status = self.guard.reap();
        self.state = WorkerState::Reaped(status);
        let last_lines = self.output.close();
        if !was_killed {
            self.output.flush();
        }
        (status, last_lines)
    }

    /// Reaps a process that has died, and reports how it died.
    pub(super) fn death(&mut self) -> WorkerDeath {
        self.state = WorkerState::Broken;
        let (status, last_lines) = self.reap();
        WorkerDeath { pid: self.guard.pid(), status, last_lines }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.reap();
    }
}

#[cfg(test)]
mod tests;
