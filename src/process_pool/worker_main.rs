//! The worker's side: what a process does that was started to be one.
//!
//! 1. It moves the connection away from standard input, and puts nothing there, so that no job reads from
//!    it or writes to it. (Standard output and standard error lead to the pool already.)
//! 2. It is told the longest body, and says hello.
//! 3. A thread watches the connection for its end, which comes when the pool's process dies, and then
//!    kills the group: the worker, whatever it is doing, and what its jobs have started.
//! 4. It answers one call after the other, until the pool sends no more.

use std::env;
use std::fs::File;
use std::io::{self, Error, ErrorKind, Read, Write, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::OnceLock;

use runtime_core::catch_panic::{drop_catching, panic_text};
use runtime_core::sync::thread;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};

use super::call_error::CallError;
use super::frame::{self, Assembler, FrameKind};
use super::function::{Registered, answer};

/// The first argument of a process that is a worker. An argument and no variable of the
/// environment, so that what a job starts does not inherit it.
pub(super) const MARKER: &str = "--aside-process-pool-worker";

/// Whether [`init`] has been called.
static INITIALISED: OnceLock<()> = OnceLock::new();

/// To be called first in `main`, with every function that a worker may be asked for.
///
/// In a worker process it never returns: it answers calls until the pool needs it no more, and then
/// exits. In any other process it does nothing but take note.
///
/// What `main` does before it is done again in every worker.
///
/// # Panics
/// If two functions bear the same name.
#[track_caller]
pub fn init(functions: &[&dyn Registered]) {
    for (index, function) in functions.iter().enumerate() {
        let name = function.name();
        let is_taken = functions[..index].iter().any(|other| other.name() == name);
        assert!(!is_taken, "two functions are called `{name}`");
    }
    let _ = INITIALISED.set(());
    if is_started_as_worker() {
        let mut connection = None;
        let code = match serve(functions, &mut connection) {
            Ok(()) => 0,
            Err(error) => {
                // Goes to the pool, which puts it into the error of the call.
                let _ = writeln!(io::stderr(), "a worker of a process pool gave up: {error}");
                1
            }
        };
        // With the connection open: the pool takes its end for the end of this process.
        process::exit(code);
    }
}

pub(super) fn is_initialised() -> bool {
    INITIALISED.get().is_some()
}

/// Whether this process was started to be a worker, but its program does not know. It must start no
/// workers, or they would start workers.
pub(super) fn is_uninitialised_worker() -> bool {
    is_started_as_worker() && !is_initialised()
}

fn is_started_as_worker() -> bool {
    env::args_os().nth(1).is_some_and(|argument| argument == MARKER)
}

fn serve(functions: &[&dyn Registered], connection: &mut Option<PoolConnection>) -> io::Result<()> {
    let incoming = Assembler::new(frame::HELLO_BODY);
    let connection = connection.insert(PoolConnection { socket: take_connection()?, incoming });
    if !connection.receive()? {
        return Ok(());
    }
    connection.socket.write_all(&frame::hello(u32::MAX))?;
    let (kind, body) = connection.frame()?;
    let body_max = frame::read_hello(kind, body).map_err(invalid)?;
    connection.incoming.allow(body_max);
    let watched = connection.socket.try_clone()?;
    thread::spawn("pool-watcher".to_owned(), Some(64 * 1024), move || watch(&watched))?;
    let mut reply = Vec::new();
    while connection.receive()? {
        let (kind, body) = connection.frame()?;
        let (name, arguments) = frame::read_call(kind, body).map_err(invalid)?;
        write_reply(functions, name, arguments, body_max, &mut reply);
        // What the job printed is to come before its result. Nobody is left to tell of a failure.
        let _ = io::stdout().flush();
        connection.socket.write_all(&reply)?;
        if reply.capacity() > frame::KEPT {
            reply = Vec::new();
        }
    }
    Ok(())
}

fn invalid(error: frame::FrameError) -> Error {
    Error::new(ErrorKind::InvalidData, error.to_string())
}

/// Step 1.
fn take_connection() -> io::Result<UnixStream> {
    let connection: OwnedFd = stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let connection = UnixStream::from(connection);
    // Fails if it is none, as when somebody has given the marker by hand.
    connection.peer_addr()?;
    Ok(connection)
}

struct PoolConnection {
    socket: UnixStream,
    incoming: Assembler,
}

impl PoolConnection {
    /// Waits for a frame. False if the pool sends no more.
    fn receive(&mut self) -> io::Result<bool> {
        self.incoming.clear();
        let mut has_begun = false;
        loop {
            match self.socket.read(self.incoming.room()) {
                Ok(0) if has_begun => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(0) => return Ok(false),
                Ok(bytes) => self.incoming.filled(bytes),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            has_begun = true;
            if self.incoming.frame().map_err(invalid)?.is_some() {
                return Ok(true);
            }
        }
    }

    /// The frame that was received.
    fn frame(&self) -> io::Result<(FrameKind, &[u8])> {
        let frame = self.incoming.frame().map_err(invalid)?;
        Ok(frame.expect("a frame that was received is whole"))
    }
}

/// Step 3.
fn watch(socket: &UnixStream) {
    // Without events only the end of the connection is news. So calls do not wake this thread.
    while poll(&mut [PollFd::new(socket, PollFlags::empty())], None).is_err() {}
    // If it leads no group of its own, somebody has started it by hand in his.
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    process::exit(1);
}

/// Step 4: the whole frame of the reply.
fn write_reply(
    functions: &[&dyn Registered],
    name: &str,
    arguments: &[u8],
    body_max: u32,
    reply: &mut Vec<u8>,
) {
    frame::begin(reply, FrameKind::Result);
    // Of what a panic leaves behind in the program, nobody here knows; nor does a thread know of
    // another's. A program to which that matters sets `panic = "abort"`.
    let called = catch_unwind(AssertUnwindSafe(|| answer(functions, name, arguments, reply)));
    let error = match called {
        Ok(Ok(())) => match frame::finish(reply, body_max) {
            Ok(()) => return,
            Err(bytes) => CallError::ResultTooBig { bytes, max: body_max.into() },
        },
        Ok(Err(error)) => error,
        Err(payload) => {
            let text = panic_text(&payload).unwrap_or("with something that is no text");
            *reply = frame::text(FrameKind::Panicked, text);
            drop_catching(payload);
            return;
        }
    };
    *reply = match error {
        CallError::UnknownFunction(_) => frame::short(FrameKind::UnknownFunction, &[]),
        CallError::BadArguments(why) => frame::text(FrameKind::BadArguments, &why),
        CallError::ResultTooBig { bytes, .. } => {
            frame::short(FrameKind::ResultTooBig, &bytes.to_le_bytes())
        }
        // Only these two are left for a `Registered` that is not ours to answer with.
        CallError::BadResult(why) => frame::text(FrameKind::BadResult, &why),
        CallError::Start(_)
        | CallError::WorkerDied(_)
        | CallError::TimedOut(_)
        | CallError::Aborted
        | CallError::ArgumentsTooBig { .. }
        | CallError::BadReply(_) => frame::text(FrameKind::BadResult, &error.to_string()),
    };
}
