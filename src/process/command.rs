//! What to start, and how.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use runtime_executor::Handle;

use super::child::{Child, OnDrop};
use super::orphans;

/// A program to be started, in the names and with the defaults of [`std::process::Command`].
///
/// What it has no method for (a user, a process group, a name) is set on std's, which is
/// [within](Command::as_std_mut).
///
/// ```
/// use std::time::Duration;
/// use aside::{process::Command, timeout};
///
/// aside::run(async {
///     let mut forever = Command::new("sleep");
///     // It is given up, and so it is killed; it leaves no zombie.
///     let status = forever.arg("1000").kill_on_drop().status();
///     assert!(timeout(Duration::from_millis(10), status).await.is_err());
/// });
/// ```
#[derive(Debug)]
pub struct Command {
    std: process::Command,
    stdin: StdioSetting,
    stdout: StdioSetting,
    stderr: StdioSetting,
    on_drop: OnDrop,
}

/// Whether it was said what becomes of a standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StdioSetting {
    /// It is the parent's; but `output` reads what the child writes, and gives it nothing to read.
    Unset,
    Set,
}

impl Command {
    /// A program by its path, or by its name, to be looked for in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command::from(process::Command::new(program))
    }

    /// Adds an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> &mut Command {
        self.std.args(arguments);
        self
    }

    /// Sets a variable of the child's environment, which is the parent's else.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.std.env(name, value);
        self
    }

    /// Sets several.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> &mut Command {
        self.std.envs(variables);
        self
    }

    /// Removes a variable.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.std.env_remove(name);
        self
    }

    /// Removes all, those of the parent included.
    pub fn env_clear(&mut self) -> &mut Command {
        self.std.env_clear();
        self
    }

    /// Where the child works.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.std.current_dir(directory);
        self
    }

    /// What its standard input is.
    pub fn stdin(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.std.stdin(stream);
        self.stdin = StdioSetting::Set;
        self
    }

    /// What its standard output is.
    pub fn stdout(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.std.stdout(stream);
        self.stdout = StdioSetting::Set;
        self
    }

    /// What its standard error is.
    pub fn stderr(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.std.stderr(stream);
        self.stderr = StdioSetting::Set;
        self
    }

    /// Kills the child, by `SIGKILL`, when its [`Child`] is dropped, or one of the futures here
    /// that hold it, before it was waited for.
    pub fn kill_on_drop(&mut self) -> &mut Command {
        self.on_drop = OnDrop::Kill;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// As std gives them: among others if there is no such program, or no descriptors are left. If
    /// there is no runtime on this thread. If the pipes of a child that was started cannot be
    /// registered, because descriptors are lacking or the runtime is gone; then it is killed.
    ///
    /// # Blocking
    /// Until the child has begun to be its program; see the [module](super).
    pub fn spawn(&mut self) -> io::Result<Child> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        orphans::sweep();
        Child::of(self.std.spawn()?, handle, self.on_drop)
    }

    /// Starts it, by this call, and waits for its end as [`Child::wait`] does. Its pipes, if any
    /// were asked for, are closed.
    ///
    /// # Errors
    /// As [`spawn`](Command::spawn) and [`Child::wait`].
    ///
    /// # Cancel safety
    /// Dropped, it drops the child.
    ///
    /// # Blocking
    /// As [`spawn`](Command::spawn).
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + Send + use<> {
        let child = self.spawn();
        async move {
            let mut child = child?;
            drop((child.stdout.take(), child.stderr.take()));
            child.wait().await
        }
    }

    /// Starts it, by this call, reads what it writes, and waits for its end, as
    /// [`Child::wait_with_output`] does. What was not said about its streams is as with std:
    /// nothing to read, and what it writes is read here.
    ///
    /// # Errors
    /// As [`spawn`](Command::spawn) and [`Child::wait_with_output`].
    ///
    /// # Cancel safety
    /// Dropped, it drops the child and what was read.
    ///
    /// # Blocking
    /// As [`spawn`](Command::spawn).
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

    /// The command as std has it.
    pub fn as_std(&self) -> &process::Command {
        &self.std
    }

    /// The command as std has it, to be set up further. (Its streams are to be set here.)
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.std
    }
}

/// What std's command says of its streams cannot be seen: [`output`](Command::output) takes it for
/// unsaid.
impl From<process::Command> for Command {
    fn from(std: process::Command) -> Command {
        let (stdin, stdout, stderr) =
            (StdioSetting::Unset, StdioSetting::Unset, StdioSetting::Unset);
        Command { std, stdin, stdout, stderr, on_drop: OnDrop::Detach }
    }
}
