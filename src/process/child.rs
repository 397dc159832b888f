//! A child process.

use std::io;
use std::mem;
use std::process::{self, ExitStatus, Output};

use runtime_core::budget;
use runtime_executor::Handle;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::child_pipes::{ChildStderr, ChildStdin, ChildStdout, read_all};
use super::exit::ExitNotifier;
use super::orphans;
use crate::try_gather;

/// A child process. [`Command::spawn`](super::Command::spawn) starts it;
/// [`from_std`](Child::from_std) adopts a child that std has started.
///
/// ```
/// use std::process::Stdio;
/// use aside::process::Command;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// aside::run(async {
///     let mut sort = Command::new("sort");
///     let mut sort = sort.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
///     let mut stdin = sort.stdin.take().expect("it is piped");
///     stdin.write_all(b"pear\napple\n").await?;
///     stdin.close().await?;
///     let mut sorted = String::new();
///     sort.stdout.take().expect("it is piped").read_to_string(&mut sorted).await?;
///     assert_eq!(sorted, "apple\npear\n");
///     assert!(sort.wait().await?.success());
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Drop
/// The child continues to run, unless its command was set to
/// [`kill_on_drop`](super::Command::kill_on_drop). In both cases the child leaves no zombie: a task
/// of the child's runtime reaps the child after the exit. [`Runtime::drain`](crate::Runtime::drain)
/// waits for this task. If the runtime ends before the child, its shutdown report names the task.
/// After the runtime's end, the child is reaped when another child is started or waited for.
#[derive(Debug)]
pub struct Child {
    /// The pipe to the child's standard input, if the command set it to
    /// [`Stdio::piped`](process::Stdio::piped).
    pub stdin: Option<ChildStdin>,
    /// The pipe from the child's standard output, if the command set it to a pipe.
    pub stdout: Option<ChildStdout>,
    /// The pipe from the child's standard error, if the command set it to a pipe.
    pub stderr: Option<ChildStderr>,
    state: ChildState,
    on_drop: OnDrop,
    group: ChildGroup,
    handle: Handle,
    /// The pid of the process that started the child. In a fork of that process, dropping this
    /// value does nothing.
    parent: u32,
}

#[derive(Debug)]
enum ChildState {
    /// The child runs or is a zombie, so its pid still belongs to it.
    Unreaped {
        child: process::Child,
        exit: ExitNotifier,
    },
    Reaped(ExitStatus),
}

/// The effect of dropping a [`Child`] on the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDrop {
    Detach,
    Kill,
}

/// The process group of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChildGroup {
    /// The child leads a group of its own, and is killed with it.
    Own,
    Other,
}

/// The pipes of a child of std.
type StdPipes =
    (Option<process::ChildStdin>, Option<process::ChildStdout>, Option<process::ChildStderr>);

fn take_pipes(child: &mut process::Child) -> StdPipes {
    (child.stdin.take(), child.stdout.take(), child.stderr.take())
}

impl Child {
    /// Adopts a child that std has started. Its pipes become streams of the current runtime.
    ///
    /// The child is not killed when this value is dropped. std has no record of the child's
    /// [process group](super::Command::process_group), so a kill ends the child only.
    ///
    /// ```
    /// use aside::process::Child;
    ///
    /// aside::run(async {
    ///     let child = std::process::Command::new("true").spawn()?;
    ///     assert!(Child::from_std(child)?.wait().await?.success());
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// An error, if this thread has no runtime, if the pipes cannot be registered, or if other code
    /// has waited for the child. The child then continues to run without pipes, and is reaped after
    /// its exit as a dropped child is.
    pub fn from_std(mut child: process::Child) -> io::Result<Child> {
        let pipes = take_pipes(&mut child);
        let handle = match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => {
                orphans::leave(child);
                return Err(io::Error::other(error));
            }
        };
        // A child that std has reaped has no pid any more.
        let state = match child.try_wait()? {
            Some(status) => ChildState::Reaped(status),
            None => {
                let exit = ExitNotifier::new(Pid::from_child(&child));
                ChildState::Unreaped { child, exit }
            }
        };
        let mut adopted = Child::without_pipes(state, handle, OnDrop::Detach, ChildGroup::Other);
        adopted.register(pipes)?;
        Ok(adopted)
    }

    /// Wraps a child of std.
    ///
    /// # Errors
    /// An error, if the child's pipes cannot be registered. The child is then killed.
    pub(super) fn of(
        child: process::Child,
        handle: Handle,
        on_drop: OnDrop,
        group: ChildGroup,
    ) -> io::Result<Child> {
        let exit = ExitNotifier::new(Pid::from_child(&child));
        Child::with(child, exit, handle, on_drop, group)
    }

    pub(super) fn with(
        mut child: process::Child,
        exit: ExitNotifier,
        handle: Handle,
        on_drop: OnDrop,
        group: ChildGroup,
    ) -> io::Result<Child> {
        let pipes = take_pipes(&mut child);
        let state = ChildState::Unreaped { child, exit };
        let mut child = Child::without_pipes(state, handle, OnDrop::Kill, group);
        child.register(pipes)?;
        child.on_drop = on_drop;
        Ok(child)
    }

    fn without_pipes(
        state: ChildState,
        handle: Handle,
        on_drop: OnDrop,
        group: ChildGroup,
    ) -> Child {
        let (stdin, stdout, stderr) = (None, None, None);
        Child { stdin, stdout, stderr, state, on_drop, group, handle, parent: process::id() }
    }

    fn register(&mut self, (stdin, stdout, stderr): StdPipes) -> io::Result<()> {
        self.stdin = stdin.map(ChildStdin::from_std).transpose()?;
        self.stdout = stdout.map(ChildStdout::from_std).transpose()?;
        self.stderr = stderr.map(ChildStderr::from_std).transpose()?;
        Ok(())
    }

    /// The pid of the child. `None` once the child has been reaped, because the pid may belong to
    /// another process from then on.
    pub fn id(&self) -> Option<u32> {
        match &self.state {
            ChildState::Unreaped { child, .. } => Some(child.id()),
            ChildState::Reaped(_) => None,
        }
    }

    /// Waits until the child has exited, reaps it, and returns its status. Another call returns the
    /// same status.
    ///
    /// `wait` first closes [`stdin`](Child::stdin), unless `stdin` was taken out, so that a child
    /// which reads its input to the end can exit. `wait` waits only for the child, not for the
    /// child's own children, and not for the pipes. A child that writes more than a pipe holds (64
    /// KiB) blocks until the pipe is read: read the pipes at the same time, or use
    /// [`wait_with_output`](Child::wait_with_output).
    ///
    /// # Errors
    /// The system's error, if other code has waited for the child. An error, if waiting needs a
    /// thread and no thread can be started.
    ///
    /// # Cancel safety
    /// Safe, except that the first poll closes stdin.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        budget::consume().await;
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

    /// Reaps the child and returns its status, if it has exited. It does not close stdin.
    ///
    /// # Errors
    /// The system's error, if other code has waited for the child.
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

    /// Reads both output pipes to their ends, and then waits as [`wait`](Child::wait) does. A pipe
    /// that was taken out is not read.
    ///
    /// A pipe ends when no process has its other end open. If the child has passed the pipe on to a
    /// process that continues to run (a daemon, a background job of a shell), this function waits
    /// for that process as well. Use [`timeout`](crate::timeout) to limit the wait. When the time
    /// has passed, the timeout drops the child, which then continues or is killed as after any
    /// drop. To keep the bytes that were read so far, take the pipes out and read them directly.
    ///
    /// # Errors
    /// Those of [`wait`](Child::wait), and those of reading. In both cases the child is dropped.
    ///
    /// # Cancel safety
    /// Dropping the future drops the child and the bytes that were read.
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let stdout = read_all(self.stdout.take().map(ChildStdout::into_inner));
        let stderr = read_all(self.stderr.take().map(ChildStderr::into_inner));
        let (stdout, stderr) = try_gather((stdout, stderr)).await?;
        // The child is reaped last. Until then, a drop kills its group, which may hold the pipes.
        let status = self.wait().await?;
        Ok(Output { status, stdout, stderr })
    }

    /// Sends the child a signal, by its number in the system. Does nothing if the child has been
    /// reaped, because its pid may then belong to another process.
    ///
    /// Only the child receives the signal, even if it leads a process group. [`start_kill`] and
    /// [`kill`] end its group.
    ///
    /// ```
    /// use std::os::unix::process::ExitStatusExt;
    /// use aside::process::Command;
    ///
    /// aside::run(async {
    ///     let mut child = Command::new("sleep").arg("1000").spawn()?;
    ///     // Asks the child to exit. With the feature `signal`: `Signal::TERM`.
    ///     child.signal(15)?;
    ///     assert_eq!(child.wait().await?.signal(), Some(15));
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a number that belongs to no signal, and
    /// for the real-time signals. The system's error, if this process may not signal the child, or
    /// if other code has waited for it; nothing is signalled then.
    ///
    /// [`start_kill`]: Child::start_kill
    /// [`kill`]: Child::kill
    #[doc(alias = "send_signal")]
    pub fn signal(&mut self, signal: impl Into<i32>) -> io::Result<()> {
        let signal = Signal::from_named_raw(signal.into()).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "no signal that can be sent has this number",
            )
        })?;
        match &self.state {
            ChildState::Unreaped { child, .. } => Ok(kill_process(own_pid(child)?, signal)?),
            ChildState::Reaped(_) => Ok(()),
        }
    }

    /// Sends the child `SIGKILL`, and does not wait for its exit. Does nothing if the child has
    /// been reaped. A child that leads a [process group](super::Command::process_group) of its own
    /// is killed with its group.
    ///
    /// # Errors
    /// The system's error, if this process may not kill the child, or if other code has waited for
    /// it. In the latter case nothing is killed.
    pub fn start_kill(&mut self) -> io::Result<()> {
        match &mut self.state {
            ChildState::Unreaped { child, .. } => kill(child, self.group),
            ChildState::Reaped(_) => Ok(()),
        }
    }

    /// Sends `SIGKILL` as [`start_kill`](Child::start_kill) does, and waits until the child has
    /// exited.
    ///
    /// # Errors
    /// Those of [`start_kill`](Child::start_kill), and those of [`wait`](Child::wait).
    ///
    /// # Cancel safety
    /// Safe. The first poll sends the signal.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }
}

/// Returns the pid of a child that has not been reaped. Until the child is reaped, no other process
/// can have its pid, and no other group its number.
///
/// # Errors
/// The system's error, if other code has waited for the child. The pid may then belong to another
/// process, and the number to another group.
fn own_pid(child: &process::Child) -> io::Result<Pid> {
    let pid = Pid::from_child(child);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    waitid(WaitId::Pid(pid), options)?;
    Ok(pid)
}

/// Adopts the child as [`Child::from_std`] does.
///
/// # Errors
/// Those of [`Child::from_std`].
impl TryFrom<process::Child> for Child {
    type Error = io::Error;

    fn try_from(child: process::Child) -> io::Result<Child> {
        Child::from_std(child)
    }
}

/// Kills a child that has not been reaped, and its group if it leads one.
fn kill(child: &mut process::Child, group: ChildGroup) -> io::Result<()> {
    let pid = own_pid(child)?;
    if group == ChildGroup::Own {
        // This fails if the child has left its group, and no other member is left.
        let _killed = kill_process_group(pid, Signal::KILL);
    }
    child.kill()
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
            // The kill fails if other code has reaped the child, which is then dead.
            let _killed = kill(&mut child, self.group);
        }
        if let Ok(None) = child.try_wait() {
            orphans::adopt(child, exit, &self.handle);
        }
    }
}
