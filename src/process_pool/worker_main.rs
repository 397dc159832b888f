//! The worker's side: the main function of a process that was started as a worker.
//!
//! - M1. The worker moves the connection from standard input to another descriptor, and puts
//!   `/dev/null` in its place, so that no job reads from the connection or writes to it. Standard
//!   output and standard error already lead to the pool, through a pipe.
//! - M2. The worker receives the pool's hello, with the length of the longest body, and sends a
//!   hello of its own.
//! - M3. A watcher thread waits for the end of the connection, and for the exit of the pool's
//!   process and of the parent process. The connection ends when the pool's process dies, unless a
//!   fork of that process holds it. The parent is the pool's process, unless a wrapper has started
//!   this program, or the pool died before this process looked and another process has adopted it.
//!   The pool therefore passes its pid as an argument. The thread then kills the process group: the
//!   worker, whatever it is doing, and the processes that its jobs have started. The thread starts
//!   before the hellos of M2.
//! - M4. The worker replies to one call after the other, until the pool shuts down its sending
//!   side.

use std::env;
use std::fs::{self, File};
use std::io::{self, Error, ErrorKind, Read, Write, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::OnceLock;

use runtime_core::catch_panic::{drop_catching, panic_text};
use runtime_core::sync::thread;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, getpgrp, getpid, getppid, kill_current_process_group, test_kill_process,
};

use super::call_error::CallError;
use super::child_guard::open_pidfd;
use super::frame::{self, FrameAssembler, FrameTag};
use super::function::{Registered, answer};

/// The first argument of a worker process, which marks the process as a worker. The mark is an
/// argument rather than a variable of the environment, so that a program which a job starts does
/// not inherit it.
pub(super) const MARKER: &str = "--aside-process-pool-worker";

/// Returns the second argument of a worker process: the pid of this process, which owns the pool,
/// and the pid namespace in which the pid is valid.
pub(super) fn pool_argument() -> String {
    format!("{}:{}", process::id(), pid_namespace())
}

/// The number of the pid namespace of this process, or 0 if the system does not say.
fn pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |namespace| namespace.ino())
}

/// Returns the pid of the pool's process. `None` if the arguments do not name it, or if this
/// process runs in another pid namespace, where the pid may belong to another process.
fn pool_pid() -> Option<Pid> {
    let argument = env::args_os().nth(2)?.into_string().ok()?;
    let (pid, namespace) = argument.split_once(':')?;
    let is_valid = namespace.parse() == Ok(pid_namespace());
    Pid::from_raw(pid.parse().ok()?).filter(|_| is_valid)
}

/// Filled by [`init`].
static INITIALISED: OnceLock<()> = OnceLock::new();

/// Runs the worker, if this process was started as a worker. Call this function first in `main`,
/// with every function that a worker may be asked for.
///
/// In a worker process this function never returns: it replies to calls until the pool no longer
/// needs the worker, and then exits. In any other process this function only records that it was
/// called.
///
/// Everything that `main` does before this call is repeated in every worker.
///
/// # Panics
/// If two functions have the same name.
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
                // The pool reads this line and adds it to the error of the call.
                let _ = writeln!(io::stderr(), "a worker of a process pool gave up: {error}");
                1
            }
        };
        // The connection is still open here, because the pool takes the end of the connection as
        // the end of this process.
        process::exit(code);
    }
}

pub(super) fn is_initialised() -> bool {
    INITIALISED.get().is_some()
}

/// Returns whether this process was started as a worker by a program without [`init`]. Such a
/// process must start no workers, because those workers would start workers in turn.
pub(super) fn is_uninitialised_worker() -> bool {
    is_started_as_worker() && !is_initialised()
}

fn is_started_as_worker() -> bool {
    env::args_os().nth(1).is_some_and(|argument| argument == MARKER)
}

/// Serves the pool's calls (steps M1 to M4). The connection stays open in `connection` when this
/// function returns.
fn serve(functions: &[&dyn Registered], connection: &mut Option<PoolConnection>) -> io::Result<()> {
    let incoming = FrameAssembler::new(frame::HELLO_BODY);
    let connection = connection.insert(PoolConnection { socket: take_connection()?, incoming });
    let watched = connection.socket.try_clone()?;
    thread::spawn("pool-watcher".to_owned(), Some(64 * 1024), move || watch(&watched))?;
    if !connection.receive()? {
        return Ok(());
    }
    connection.socket.write_all(&frame::hello(u32::MAX))?;
    let (kind, body) = connection.frame()?;
    let body_max = frame::read_hello(kind, body).map_err(invalid)?;
    connection.incoming.allow(body_max);
    let mut reply = Vec::new();
    while connection.receive()? {
        let (kind, body) = connection.frame()?;
        let (name, arguments) = frame::read_call(kind, body).map_err(invalid)?;
        write_reply(functions, name, arguments, body_max, &mut reply);
        // The output of a job precedes its result. A failure to flush cannot be reported.
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

/// Moves the connection away from standard input: step M1.
fn take_connection() -> io::Result<UnixStream> {
    let connection: OwnedFd = stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let connection = UnixStream::from(connection);
    // `peer_addr` fails if standard input was not a socket, for example when a user passed the
    // marker by hand.
    connection.peer_addr()?;
    Ok(connection)
}

/// The connection to the pool.
struct PoolConnection {
    socket: UnixStream,
    incoming: FrameAssembler,
}

impl PoolConnection {
    /// Waits for a frame. Returns false if the pool has shut down its sending side.
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

    /// Returns the frame that was received.
    fn frame(&self) -> io::Result<(FrameTag, &[u8])> {
        let frame = self.incoming.frame().map_err(invalid)?;
        Ok(frame.expect("a received frame is complete"))
    }
}

/// Kills the process group when the connection ends, or the pool's process or the parent exits:
/// step M3.
fn watch(socket: &UnixStream) {
    let parent = getppid();
    let pool = pool_pid().filter(|&pool| Some(pool) != parent);
    let exits: Vec<_> = [parent, pool].into_iter().flatten().filter_map(open_pidfd).collect();
    // A process that has exited before its pidfd was opened has none.
    let is_orphan =
        getppid() != parent || pool.is_some_and(|pool| test_kill_process(pool) == Err(Errno::SRCH));
    // With no events requested, poll reports only the end of the connection. Calls do not wake this
    // thread.
    let mut ends = vec![PollFd::new(socket, PollFlags::empty())];
    ends.extend(exits.iter().map(|exit| PollFd::new(exit, PollFlags::IN)));
    while !is_orphan && poll(&mut ends, None).is_err() {}
    // A worker that a user has started by hand is a member of the user's group, and must not kill
    // that group.
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    process::exit(1);
}

/// Runs the function and writes the complete frame of the reply: step M4.
fn write_reply(
    functions: &[&dyn Registered],
    name: &str,
    arguments: &[u8],
    body_max: u32,
    reply: &mut Vec<u8>,
) {
    frame::begin(reply, FrameTag::Result);
    // A panic may leave the program's statics in a broken state, as a panic in another thread may.
    // A program for which that matters sets `panic = "abort"`.
    let called = catch_unwind(AssertUnwindSafe(|| answer(functions, name, arguments, reply)));
    let error = match called {
        Ok(Ok(())) => match frame::finish(reply, body_max) {
            Ok(()) => return,
            Err(bytes) => CallError::ResultTooBig { bytes, max: body_max.into() },
        },
        Ok(Err(error)) => error,
        Err(payload) => {
            let text = panic_text(&payload).unwrap_or("with a payload that is no text");
            *reply = frame::text(FrameTag::Panicked, text);
            drop_catching(payload);
            return;
        }
    };
    *reply = match error {
        CallError::UnknownFunction(_) => frame::short(FrameTag::UnknownFunction, &[]),
        CallError::BadArguments(why) => frame::text(FrameTag::BadArguments, &why),
        CallError::ResultTooBig { bytes, .. } => {
            frame::short(FrameTag::ResultTooBig, &bytes.to_le_bytes())
        }
        CallError::BadResult(why) => frame::text(FrameTag::BadResult, &why),
        // Only a user's own implementation of `Registered` can return these errors.
        CallError::Start(_)
        | CallError::WorkerDied(_)
        | CallError::TimedOut(_)
        | CallError::Aborted
        | CallError::ArgumentsTooBig { .. }
        | CallError::BadReply(_) => frame::text(FrameTag::BadResult, &error.to_string()),
    };
}
