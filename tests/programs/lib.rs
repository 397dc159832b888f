//! The examples as processes, for tests with independent clients.
//!
//! `tests/programs/run` installs the clients (curl, wrk, Python with `websockets`) and runs the
//! tests. A process that still runs after a minute is killed, and its test fails.

use std::ffi::OsStr;
use std::fs::{File, remove_file};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The time limit of a process: far more than any process needs.
const BOUND: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The package of most examples.
pub const ASIDE: &str = "aside";
/// The package of the examples that need SQLite, TLS or other large libraries.
pub const INTEROP: &str = "interop";

/// Builds an example of a package, and returns the path of the program.
///
/// # Panics
/// If the example cannot be built.
pub fn build(package: &str, example: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet", "--package", package, "--all-features"]);
    cargo.args(["--example", example, "--message-format", "json"]).stderr(Stdio::inherit());
    let output = cargo.output().expect("cargo can be run");
    assert!(output.status.success(), "`{example}` cannot be built");
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut built = messages
        .lines()
        .filter_map(|line| line.split_once("\"executable\":\"")?.1.split('"').next());
    PathBuf::from(built.next_back().expect("an example is executable"))
}

/// Returns the command of a client program.
///
/// # Panics
/// If the client is not installed.
pub fn client(name: &str) -> Command {
    // `tests/programs/run` has created a Python environment with the packages.
    let own = root().join("target/clients/bin").join(name);
    let mut command = if own.exists() { Command::new(own) } else { Command::new(name) };
    let found = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(found.is_ok(), "`{name}` is missing: tests/programs/run installs it");
    Command::new(command.get_program())
}

/// A running process and its output. The process is killed when this value is dropped, or after a
/// minute.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    watchdog: Watchdog,
}

impl Program {
    /// Builds an example of a package, and starts it.
    ///
    /// # Panics
    /// If the example cannot be built or started.
    pub fn start<A: AsRef<OsStr>>(package: &str, example: &str, arguments: &[A]) -> Program {
        let mut command = Command::new(build(package, example));
        command.args(arguments);
        Program::of(command)
    }

    /// Starts a command, with pipes for its stdin and its stdout.
    ///
    /// # Panics
    /// If the command cannot be started.
    pub fn of(mut command: Command) -> Program {
        let name = command.get_program().to_string_lossy().into_owned();
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("`{name}`: {error}"));
        let stdout = child.stdout.take().map(BufReader::new);
        let watchdog = Watchdog::over(child.id());
        Program { name, child, stdout, watchdog }
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the next line of the process's output, without the newline.
    ///
    /// # Panics
    /// If the output has ended.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("`end` has not been called");
        stdout.read_line(&mut line).expect("the output is text");
        assert!(line.ends_with('\n'), "`{}` ended in the middle of a line: {line:?}", self.name);
        line.trim_end().to_owned()
    }

    /// Returns the address in the next line, which must be `listening on ADDRESS`.
    ///
    /// # Panics
    /// If the line has another form.
    pub fn address(&mut self) -> String {
        let line = self.line();
        let address = line.strip_prefix("listening on ");
        address.unwrap_or_else(|| panic!("its first line is {line:?}")).to_owned()
    }

    /// Sends the process a signal, which is named without `SIG`.
    ///
    /// # Panics
    /// If the signal does not exist.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("every Unix has kill").success());
    }

    /// Sends a server `SIGTERM`, which stops it. Returns the rest of the output.
    ///
    /// # Panics
    /// If the process fails, or does not end within a minute.
    pub fn stop(self) -> String {
        self.signal("TERM");
        self.succeed()
    }

    /// Closes the stdin of a process that ends then. Returns the rest of the output.
    ///
    /// # Panics
    /// If the process fails, or does not end within a minute.
    pub fn end_input(mut self) -> String {
        drop(self.child.stdin.take());
        self.succeed()
    }

    fn succeed(mut self) -> String {
        let (last, status) = self.end();
        assert!(status.success(), "`{}` failed with {status}", self.name);
        last
    }

    /// Waits for the end of the process. Returns the rest of its output, and its exit status.
    ///
    /// # Panics
    /// If the process does not end within a minute.
    pub fn end(&mut self) -> (String, ExitStatus) {
        let mut last = String::new();
        let mut stdout = self.stdout.take().expect("`end` is called once");
        stdout.read_to_string(&mut last).expect("the output is text");
        let status = self.child.wait().expect("the process is a child");
        assert!(self.watchdog.dismiss(), "`{}` was still running after {BOUND:?}", self.name);
        (last, status)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Killing an ended process fails, and is not needed.
        let _ended = self.child.kill();
        let _status = self.child.wait();
        self.watchdog.dismiss();
    }
}

/// A named pipe, in place of a file: a job that reads it blocks for as long as the test holds the
/// other end.
#[derive(Debug)]
pub struct Fifo(PathBuf);

impl Fifo {
    /// Makes a pipe in the folder for temporary files.
    ///
    /// # Panics
    /// If the pipe cannot be made.
    pub fn new(name: &str) -> Fifo {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("every Unix has mkfifo").success());
        Fifo(path)
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Waits until a process opens the pipe to read it.
    ///
    /// # Panics
    /// If the pipe cannot be opened.
    pub fn writer(&self) -> File {
        File::options().write(true).open(&self.0).expect("the pipe exists")
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _removed = remove_file(&self.0);
    }
}

/// A thread that kills a process after the time limit.
#[derive(Debug)]
struct Watchdog {
    dismissal: Option<Sender<()>>,
    watch: Option<JoinHandle<bool>>,
}

impl Watchdog {
    fn over(process: u32) -> Watchdog {
        let (dismissal, dismissed) = channel();
        let watch = thread::spawn(move || watch(process, &dismissed));
        Watchdog { dismissal: Some(dismissal), watch: Some(watch) }
    }

    /// Stops the thread. Returns false if it has killed the process.
    fn dismiss(&mut self) -> bool {
        drop(self.dismissal.take());
        self.watch.take().is_none_or(|watch| watch.join().expect("the watchdog does not panic"))
    }
}

fn watch(process: u32, dismissed: &Receiver<()>) -> bool {
    match dismissed.recv_timeout(BOUND) {
        Ok(()) | Err(RecvTimeoutError::Disconnected) => true,
        Err(RecvTimeoutError::Timeout) => {
            let _gone = Command::new("kill").args(["-s", "KILL", &process.to_string()]).status();
            false
        }
    }
}
