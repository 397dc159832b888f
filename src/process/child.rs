//! A process that was started.

use std::io;
use std::mem;
use std::process::{self, ExitStatus, Output};

use runtime_executor::Handle;
use rustix::process::Pid;

use super::child_pipes::{ChildStderr, ChildStdin, ChildStdout, read_all};
use super::exit::ExitNotifier;
use super::orphans;
use crate::try_gather;

/// A child process. [`Command::spawn`](super::Command::spawn) starts it.
///
/// ```
/// use std::process::Stdio;
/// use aside::process::Command;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// aside::run(async {
///     let mut sort = Command::new("sort");
///     let mut sort = sort.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
///     let mut stdin = sort.stdin.take().expect("it was asked for");
///     stdin.write_all(b"pear\napple\n").await?;
///     stdin.close().await?;
///     let mut sorted = String::new();
///     sort.stdout.take().expect("it was asked for").read_to_string(&mut sorted).await?;
///     assert_eq!(sorted, "apple\npear\n");
///     assert!(sort.wait().await?.success());
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Drop
/// The child goes on running, unless its command says
/// [`kill_on_drop`](super::Command::kill_on_drop). Either way it is waited for, so that no zombie
/// stays: by a task of its runtime, which that reports if it ends before the child does, and which
/// [`Runtime::drain`](crate::Runtime::drain) waits for; after the runtime's end by whoever starts
/// or waits for another child.
#[derive(Debug)]
pub struct Child {
    /// To be written to, if the command said [`Stdio::piped`](process::Stdio::piped).
    pub stdin: Option<ChildStdin>,
    /// To be read, likewise.
    pub stdout: Option<ChildStdout>,
    /// To be read, likewise.
    pub stderr: Option<ChildStderr>,
    state: ChildState,
    on_drop: OnDrop,
    handle: Handle,
    /// Who started it: a process that was forked off since then has no say in it.
    parent: u32,
}

#[derive(Debug)]
enum ChildState {
    /// It runs, or has ended and was not waited for: its number is its own.
    Unreaped {
        child: process::Child,
        exit: ExitNotifier,
    },
    Reaped(ExitStatus),
}

/// What becomes of a child whose holder is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDrop {
    Detach,
    Kill,
}

impl Child {
    /// Takes charge of a child of std's.
    ///
    /// # Errors
    /// If its pipes cannot be registered. Then it is killed.
    pub(super) fn of(child: process::Child, handle: Handle, on_drop: OnDrop) -> io::Result<Child> {
        let exit = ExitNotifier::of(Pid::from_child(&child));
        Child::with(child, exit, handle, on_drop)
    }

    pub(super) fn with(
        mut child: process::Child,
        exit: ExitNotifier,
        handle: Handle,
        on_drop: OnDrop,
    ) -> io::Result<Child> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut child = Child {
            stdin: None,
            stdout: None,
            stderr: None,
            state: ChildState::Unreaped { child, exit },
            on_drop: OnDrop::Kill,
            handle,
            parent: process::id(),
        };
        child.stdin = stdin.map(ChildStdin::of).transpose()?;
        child.stdout = stdout.map(ChildStdout::of).transpose()?;
        child.stderr = stderr.map(ChildStderr::of).transpose()?;
        child.on_drop = on_drop;
        Ok(child)
    }

    /// Its number, as long as it is its own: `None` once it was waited for, because the system may
    /// have given it to another process since then.
    pub fn id(&self) -> Option<u32> {
        match &self.state {
            ChildState::Unreaped { child, .. } => Some(child.id()),
            ChildState::Reaped(_) => None,
        }
    }

    /// Waits until it has ended, and says how. Again, it says the same again.
    ///
    /// First it closes [`stdin`](Child::stdin), unless that was taken out, so that a child which
    /// reads to the end of it comes to an end itself. It waits for the child alone, not for what
    /// the child has started, and not for the pipes. A child that writes more than a pipe holds (64
    /// KiB) waits for a reader: read the pipes meanwhile, or use
    /// [`wait_with_output`](Child::wait_with_output).
    ///
    /// # Errors
    /// As the system gives them: if other code has waited for the child. If a thread is needed and
    /// cannot be had.
    ///
    /// # Cancel safety
    /// Safe, but for stdin, which is closed by the first poll.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        orphans::sweep();
        let status = match &mut self.state {
            ChildState::Unreaped { child, exit } => {
                exit.wait_until_some(|| child.try_wait()).await?
            }
            ChildState::Reaped(status) => *status,
        };
        self.state = ChildState::Reaped(status);
        Ok(status)
    }

    /// How it has ended, if it has. It does not close stdin.
    ///
    /// # Errors
    /// As the system gives them: if other code has waited for the child.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = match &mut self.state {
            ChildState::Unreaped { child, .. } => child.try_wait()?,
            ChildState::Reaped(status) => Some(*status),
        };
        if let Some(status) = status {
            self.state = ChildState::Reaped(status);
        }
        Ok(status)
    }

    /// Waits as [`wait`](Child::wait) does and reads both pipes meanwhile, as far as they were not
    /// taken out, to their ends.
    ///
    /// A pipe ends when nobody has its other end any more. If the child has left it to another
    /// process that goes on (a daemon, a job in a shell's background), this waits for that one too.
    /// With [`timeout`](crate::timeout) it can be given up, and then the child goes on or dies, as
    /// at any drop of it. To keep what was read so far, take the pipes out and read them oneself.
    ///
    /// # Errors
    /// As [`wait`](Child::wait), and those of reading. The child is dropped.
    ///
    /// # Cancel safety
    /// Dropped, it drops the child and what was read.
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        let stdout = read_all(self.stdout.take().map(ChildStdout::into_inner));
        let stderr = read_all(self.stderr.take().map(ChildStderr::into_inner));
        let (status, stdout, stderr) = try_gather((self.wait(), stdout, stderr)).await?;
        Ok(Output { status, stdout, stderr })
    }

    /// Kills it by `SIGKILL`, and does not wait for its end. One that was waited for is left alone.
    ///
    /// # Errors
    /// As the system gives them: if it may not be killed.
    pub fn start_kill(&mut self) -> io::Result<()> {
        match &mut self.state {
            ChildState::Unreaped { child, .. } => child.kill(),
            ChildState::Reaped(_) => Ok(()),
        }
    }

    /// Kills it by `SIGKILL`, and waits for its end.
    ///
    /// # Errors
    /// As [`start_kill`](Child::start_kill) and [`wait`](Child::wait).
    ///
    /// # Cancel safety
    /// It is killed by the first poll.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let ChildState::Unreaped { mut child, exit } =
            mem::replace(&mut self.state, ChildState::Reaped(ExitStatus::default()))
        else {
            return;
        };
        if self.parent != process::id() {
            return;
        }
        if self.on_drop == OnDrop::Kill {
            // It fails if it was waited for by others, and then it is dead.
            let _dead = child.kill();
        }
        if let Ok(None) = child.try_wait() {
            orphans::adopt(child, exit, &self.handle);
        }
    }
}
