//! The program to start, and its settings.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use runtime_executor::Handle;

use super::child::{Child, ChildGroup, OnDrop};
use super::orphans;

/// A program to start, with the names and the defaults of [`std::process::Command`].
///
/// Settings that have no method here (`pre_exec`, for example) are set on the [inner command of
/// std](Command::as_std_mut).
///
/// ```
/// use std::time::Duration;
/// use aside::{process::Command, timeout};
///
/// aside::run(async {
///     let mut forever = Command::new("sleep");
///     // The timeout drops the child, which is killed and leaves no zombie.
///     let status = forever.arg("1000").kill_on_drop(true).status();
///     assert!(timeout(Duration::from_millis(10), status).await.is_err());
/// });
/// ```
#[doc(alias("create_subprocess_exec", "Popen", "subprocess"))]
#[derive(Debug)]
pub struct Command {
    std: process::Command,
    stdin: StdioSetting,
    stdout: StdioSetting,
    stderr: StdioSetting,
    on_drop: OnDrop,
    group: ChildGroup,
}

/// The part of a standard stream's setting that `output` needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StdioSetting {
    /// The child inherits the parent's stream. With `output`, however, the child's input is empty
    /// and its outputs are read.
    Unset,
    Set,
}

impl Command {
    /// Makes a command for a program, which is a path, or a name that is searched in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command::from(process::Command::new(program))
    }

    /// Adds an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg(argument);
        self
    }

    /// Sets the name under which the program is started, its argument 0. See
    /// [`CommandExt::arg0`].
    pub fn arg0(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg0(name);
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> &mut Command {
        self.std.args(arguments);
        self
    }

    /// Sets a variable of the child's environment. The child inherits the other variables.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.std.env(name, value);
        self
    }

    /// Sets several variables of the child's environment.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> &mut Command {
        self.std.envs(variables);
        self
    }

    /// Removes a variable from the child's environment.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.std.env_remove(name);
        self
    }

    /// Removes all variables, those of the parent included.
    pub fn env_clear(&mut self) -> &mut Command {
        self.std.env_clear();
        self
    }

    /// Sets the working directory of the child.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.std.current_dir(directory);
        self
    }

    /// Sets the child's standard input.
    pub fn stdin(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.std.stdin(stream);
        self.stdin = StdioSetting::Set;
        self
    }

    /// Sets the child's standard output.
    pub fn stdout(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.std.stdout(stream);
        self.stdout = StdioSetting::Set;
        self
    }

    /// Sets the child's standard error.
    pub fn stderr(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.std.stderr(stream);
        self.stderr = StdioSetting::Set;
        self
    }

    /// Sets the user of the child. See [`CommandExt::uid`].
    pub fn uid(&mut self, user: u32) -> &mut Command {
        self.std.uid(user);
        self
    }

    /// Sets the group of users of the child. See [`CommandExt::gid`].
    pub fn gid(&mut self, group: u32) -> &mut Command {
        self.std.gid(group);
        self
    }

    /// Sets the process group of the child, as std's method of this name does. 0 makes a new group,
    /// which the child leads. Any other number is that of a group to join.
    ///
    /// A child that leads a group of its own is killed *with its group*: by
    /// [`kill_on_drop`](Command::kill_on_drop), [`Child::start_kill`] and [`Child::kill`]. The
    /// processes that the child has started are in its group, unless they left it. Without this
    /// setting they outlive the child:
    ///
    /// ```
    /// use std::time::Duration;
    /// use aside::{process::Command, timeout};
    ///
    /// aside::run(async {
    ///     // The shell starts another process. Both are killed.
    ///     let mut script = Command::new("sh");
    ///     script.args(["-c", "sleep 1000; true"]).process_group(0).kill_on_drop(true);
    ///     assert!(timeout(Duration::from_millis(10), script.status()).await.is_err());
    /// });
    /// ```
    ///
    /// - The system kills all members of the group at once, so no member escapes by a fork.
    /// - A process that has left the group (`setsid`, a daemon, a job of an interactive shell) is
    ///   not killed.
    /// - If the child has exited, but has not been reaped, the rest of its group is killed. Once
    ///   [`wait`](Child::wait) has returned, or other code has waited for the child, nothing is
    ///   killed, because the number of the group may belong to other processes. Read the pipes to
    ///   their ends before you wait, as [`output`](Command::output) does.
    /// - Ctrl-C at a terminal signals the terminal's foreground group only, and so not this child.
    ///   A child that reads from the terminal is stopped.
    pub fn process_group(&mut self, group: i32) -> &mut Command {
        self.std.process_group(group);
        self.group = if group == 0 { ChildGroup::Own } else { ChildGroup::Other };
        self
    }

    /// Sets whether the child is killed by `SIGKILL` if its [`Child`] is dropped before the child
    /// has been reaped. Dropping a future of this module that owns the [`Child`] drops the
    /// [`Child`], too.
    ///
    /// The processes that the child has started live on, unless the child leads a [process
    /// group](Command::process_group) of its own.
    pub fn kill_on_drop(&mut self, kill_on_drop: bool) -> &mut Command {
        self.on_drop = if kill_on_drop { OnDrop::Kill } else { OnDrop::Detach };
        self
    }

    /// Returns whether the child is killed if its [`Child`] is dropped.
    pub fn get_kill_on_drop(&self) -> bool {
        self.on_drop == OnDrop::Kill
    }

    /// Starts the program.
    ///
    /// # Errors
    /// Those of std, for example if the program does not exist or no descriptor is left. An error,
    /// if this thread has no runtime. An error, if the pipes of the started child cannot be
    /// registered, because no descriptor is left or the runtime is gone. In this case the child is
    /// killed.
    ///
    /// # Blocking
    /// Blocks until the child has called `exec`; see the [module](super).
    pub fn spawn(&mut self) -> io::Result<Child> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        orphans::sweep();
        // Inside a job, this thread blocks signals that the child should take.
        let child = runtime_blocking::with_host_signals(|| self.std.spawn())?;
        Child::of(child, handle, self.on_drop, self.group)
    }

    /// Starts the program at once, not at the first poll, and waits for its exit as [`Child::wait`]
    /// does. The child's pipes, if it has any, are closed.
    ///
    /// # Errors
    /// Those of [`spawn`](Command::spawn), and those of [`Child::wait`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the child.
    ///
    /// # Blocking
    /// Blocks as [`spawn`](Command::spawn) does.
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + Send + use<> {
        let child = self.spawn();
        async move {
            let mut child = child?;
            drop((child.stdout.take(), child.stderr.take()));
            child.wait().await
        }
    }

    /// Starts the program at once, not at the first poll, reads its output, and waits for its exit
    /// as [`Child::wait_with_output`] does. Streams that were not set have the defaults of std's
    /// `output`: the input is empty, and the outputs are read.
    ///
    /// # Errors
    /// Those of [`spawn`](Command::spawn), and those of [`Child::wait_with_output`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the child and the bytes that were read.
    ///
    /// # Blocking
    /// Blocks as [`spawn`](Command::spawn) does.
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + Send + use<> {
        self.set_unset_stdio(Stdio::null, Stdio::piped);
        let child = self.spawn();
        self.set_unset_stdio(Stdio::inherit, Stdio::inherit);
        async move { child?.wait_with_output().await }
    }

    fn set_unset_stdio(&mut self, input: fn() -> Stdio, output: fn() -> Stdio) {
        if self.stdin == StdioSetting::Unset {
            self.std.stdin(input());
        }
        if self.stdout == StdioSetting::Unset {
            self.std.stdout(output());
        }
        if self.stderr == StdioSetting::Unset {
            self.std.stderr(output());
        }
    }

    /// Returns the inner command of std.
    pub fn as_std(&self) -> &process::Command {
        &self.std
    }

    /// Returns the inner command of std, to change further settings. Set the streams on this type,
    /// not on the inner command.
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.std
    }

    /// Returns the inner command of std. The setting of [`kill_on_drop`](Command::kill_on_drop) is
    /// lost.
    pub fn into_std(self) -> process::Command {
        self.std
    }
}

/// The streams of a command of std cannot be queried, so [`output`](Command::output) treats them as
/// not set. Its process group cannot be queried either, so a kill ends the child only.
impl From<process::Command> for Command {
    fn from(std: process::Command) -> Command {
        let (stdin, stdout, stderr) =
            (StdioSetting::Unset, StdioSetting::Unset, StdioSetting::Unset);
        let (on_drop, group) = (OnDrop::Detach, ChildGroup::Other);
        Command { std, stdin, stdout, stderr, on_drop, group }
    }
}
