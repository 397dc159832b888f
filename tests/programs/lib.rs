//! The examples as processes of their own, for tests that talk to them with other people's clients.
//!
//! The clients (curl, wrk, Python with `websockets`) are installed by `tests/programs/run`, which
//! then runs the tests. A test has a minute; what still runs then is killed, and the test fails.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Far more than any program here takes.
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

/// A program of somebody else's, ready for arguments.
///
/// # Panics
/// If it is not installed.
pub fn client(name: &str) -> Command {
    // Python is the one of `tests/programs/run`, with its packages.
    let own = root().join("target/clients/bin").join(name);
    let mut command = if own.exists() { Command::new(own) } else { Command::new(name) };
    let found = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(found.is_ok(), "`{name}` is missing: tests/programs/run installs it");
    Command::new(command.get_program())
}

/// A process that runs, with what it says. Killed when it is dropped, or after a minute.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    warden: Warden,
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
    /// If it cannot be started.
    pub fn of(mut command: Command) -> Program {
        let name = command.get_program().to_string_lossy().into_owned();
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("`{name}`: {error}"));
        let stdout = child.stdout.take().map(BufReader::new);
        let warden = Warden::over(child.id());
        Program { name, child, stdout, warden }
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints, without the end of the line.
    ///
    /// # Panics
    /// If it has printed its last.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("its output is read here only");
        stdout.read_line(&mut line).expect("it prints text");
        assert!(line.ends_with('\n'), "`{}` ended within a line: {line:?}", self.name);
        line.trim_end().to_owned()
    }

    /// The address of its line `listening on ADDRESS`, which has to be the next one.
    ///
    /// # Panics
    /// If it is another one.
    pub fn address(&mut self) -> String {
        let line = self.line();
        let address = line.strip_prefix("listening on ");
        address.unwrap_or_else(|| panic!("it said {line:?} first")).to_owned()
    }

    /// Sends it a signal, by its name without `SIG`.
    ///
    /// # Panics
    /// If it has none of this name.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("every Unix has kill").success());
    }

    /// Ends its stdin, on which the servers end, and gives what it has printed since.
    ///
    /// # Panics
    /// If it ends with a failure, or not within a minute.
    pub fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        let (last, status) = self.end();
        assert!(status.success(), "`{}` has ended with {status}", self.name);
        last
    }

    /// Waits until it has ended by itself. Gives what it has printed since, and how it ended.
    ///
    /// # Panics
    /// If it does not within a minute.
    pub fn end(&mut self) -> (String, ExitStatus) {
        let mut last = String::new();
        let mut stdout = self.stdout.take().expect("its end is waited for once");
        stdout.read_to_string(&mut last).expect("it prints text");
        let status = self.child.wait().expect("it is our child");
        assert!(self.warden.dismiss(), "`{}` was still running after {BOUND:?}", self.name);
        (last, status)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It fails if the process has ended, which is as well.
        let _over = self.child.kill();
        let _status = self.child.wait();
        self.warden.dismiss();
    }
}

/// A thread that kills a process which takes too long, so that nobody waits for it for ever.
#[derive(Debug)]
struct Warden {
    dismissal: Option<Sender<()>>,
    watch: Option<JoinHandle<bool>>,
}

impl Warden {
    fn over(process: u32) -> Warden {
        let (dismissal, dismissed) = channel();
        let watch = thread::spawn(move || watch(process, &dismissed));
        Warden { dismissal: Some(dismissal), watch: Some(watch) }
    }

    /// Says whether the process was let live.
    fn dismiss(&mut self) -> bool {
        drop(self.dismissal.take());
        self.watch.take().is_none_or(|watch| watch.join().expect("a warden does not panic"))
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
