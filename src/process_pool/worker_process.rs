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
use super::child_guard::Leash;
use super::frame::{self, Assembler, FrameError, Kind};
use super::pids::Roll;
use super::poll_fds::{Deadline, look};
use super::program::Program;
use super::worker_main::MARKER;
use super::worker_output::{Lines, Sink};

/// How long a worker that is told to exit may take for it before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How often what it prints is read without looking for anything else. A pipe holds a sixteenth of
/// that; one that is always full belongs to a process that outlives the worker.
const READS_MAX: usize = 16;

/// A worker process. Dropping it ends and buries it.
#[derive(Debug)]
pub(super) struct Process {
    leash: Arc<Leash>,
    /// Where its number is until it has been waited for.
    roll: Arc<Roll>,
    /// The wire. Never blocks.
    socket: UnixStream,
    /// What it prints, until nobody can print any more.
    output: Option<PipeReader>,
    lines: Lines,
    incoming: Assembler,
    calls: u64,
    fitness: Fitness,
}

/// What may be done with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fitness {
    /// It may be called.
    Fit,
    /// It has done its share, and may exit in peace.
    Spent,
    /// It is dead, or must be killed: what it says next would be no answer.
    Broken,
    /// It has been waited for.
    Buried(Option<ExitStatus>),
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Failure {
    /// The process is gone, and did not read the call to its end: so it has done nothing for it.
    Unread,
    /// The process is gone.
    Ended,
    TimedOut,
    Garbage(FrameError),
    /// Its job was cancelled.
    Killed,
}

impl Process {
    /// Starts a process. [`greet`](Process::greet) it next.
    pub(super) fn start(program: &Program, sink: Sink, roll: Arc<Roll>) -> io::Result<Process> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        let (output, printed) = io::pipe()?;
        let mut command = Command::new(program.path()?.as_os_str());
        command.arg0(program.name()).arg(MARKER).process_group(0);
        command.stdin(OwnedFd::from(theirs)).stdout(printed.try_clone()?).stderr(printed);
        let child = command.spawn()?;
        // With it goes our copy of the worker's ends, so that their end can be seen.
        drop(command);
        let leash = Arc::new(Leash::new(child));
        let lines = Lines::new(leash.pid(), sink);
        let process = Process {
            roll,
            socket,
            output: Some(output),
            lines,
            incoming: Assembler::new(0),
            calls: 0,
            fitness: Fitness::Fit,
            leash,
        };
        process.roll.enter(process.leash.pid());
        Ok(process)
    }

    pub(super) fn leash(&self) -> &Arc<Leash> {
        &self.leash
    }

    pub(super) fn fitness(&self) -> Fitness {
        self.fitness
    }

    pub(super) fn make(&mut self, fitness: Fitness) {
        self.fitness = fitness;
    }

    /// How many calls it has answered.
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    /// Step 1 of the protocol.
    pub(super) fn greet(&mut self, body_max: u32, deadline: Deadline) -> Result<(), Failure> {
        self.incoming.allow(frame::HELLO_BODY);
        self.send(&frame::hello(body_max), deadline)?;
        self.receive(deadline)?;
        let (kind, body) = self.reply();
        frame::read_hello(kind, body).map_err(Failure::Garbage)?;
        self.incoming.allow(body_max.max(frame::TEXT_MAX));
        Ok(())
    }

    /// Step 2. The [`reply`](Process::reply) is there afterwards.
    pub(super) fn call(&mut self, frame: &[u8], deadline: Deadline) -> Result<(), Failure> {
        self.send(frame, deadline)?;
        self.receive(deadline)?;
        self.calls += 1;
        Ok(())
    }

    /// What it answered.
    pub(super) fn reply(&self) -> (Kind, &[u8]) {
        let frame = self.incoming.frame().ok().flatten();
        frame.expect("a frame that was received is whole")
    }

    /// Frees what a long reply took.
    pub(super) fn forget_reply(&mut self) {
        self.incoming.clear();
    }

    fn send(&mut self, frame: &[u8], deadline: Deadline) -> Result<(), Failure> {
        let mut sent = 0;
        while sent < frame.len() {
            match self.socket.write(&frame[sent..]) {
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait(PollFlags::OUT, deadline)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_gone) => return Err(Failure::Unread),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Deadline) -> Result<(), Failure> {
        self.incoming.clear();
        loop {
            self.wait(PollFlags::IN, deadline)?;
            match self.socket.read(self.incoming.room()) {
                Ok(0) => return Err(Failure::Ended),
                Ok(bytes) => self.incoming.filled(bytes),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => continue,
                    // It is gone, and left behind what we sent.
                    ErrorKind::ConnectionReset => return Err(Failure::Unread),
                    _ => return Err(Failure::Ended),
                },
            }
            if self.incoming.frame().map_err(Failure::Garbage)?.is_some() {
                return Ok(());
            }
        }
    }

    /// Waits until the socket is ready, and passes on meanwhile what is printed. What was printed
    /// before the socket became ready has been passed on when it returns: a read takes all that a
    /// pipe holds.
    fn wait(&mut self, events: PollFlags, deadline: Deadline) -> Result<(), Failure> {
        loop {
            let ready = look(Some((&self.socket, events)), self.output.as_ref(), deadline);
            if ready.output {
                self.read_output();
            }
            if ready.socket {
                return Ok(());
            }
            if deadline.has_passed() {
                return Err(Failure::TimedOut);
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
            if !look(None, self.output.as_ref(), Deadline::now()).output {
                return;
            }
            self.read_output();
        }
    }

    /// Step 3: waits until it has exited, but not long.
    fn dismiss(&mut self) {
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let deadline = Deadline::after(Some(GRACE));
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
    fn bury(&mut self) -> Option<ExitStatus> {
        match self.fitness {
            Fitness::Buried(status) => return status,
            Fitness::Fit | Fitness::Spent => self.dismiss(),
            Fitness::Broken => {}
        }
        // Before its number can become another's.
        self.roll.strike(self.leash.pid());
        let status = self.leash.reap();
        self.fitness = Fitness::Buried(status);
        self.read_all_output();
        self.lines.finish();
        status
    }

    /// How it died, for one that has.
    pub(super) fn death(&mut self) -> WorkerDeath {
        self.fitness = Fitness::Broken;
        let status = self.bury();
        WorkerDeath { pid: self.leash.pid(), status, last_lines: self.lines.last() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.bury();
    }
}
