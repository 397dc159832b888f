//! The broker and the hosts, as processes that end with the test.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program of the hosts.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cluster");

/// Far more than any wait takes on any machine.
pub(crate) const BOUND: Duration = Duration::from_secs(120);

/// Looks again and again whether something is so, and fails after [`BOUND`].
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < BOUND, "{what}: not within {BOUND:?}");
        aside::sleep(Duration::from_millis(20)).await;
    }
}

/// RabbitMQ, in a folder that is deleted at the end.
pub(crate) struct Broker {
    folder: PathBuf,
    port: u16,
    process: RefCell<Child>,
}

impl Broker {
    pub(crate) fn start() -> Broker {
        let port = free_ports();
        let folder = std::env::temp_dir().join(format!("aside-cluster-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let process = RefCell::new(run(&folder, port));
        let broker = Broker { folder, port, process };
        broker.wait();
        broker
    }

    /// Stops RabbitMQ, as an operator does, and starts it on the same data.
    pub(crate) fn restart(&self) {
        stop(&mut self.process.borrow_mut());
        *self.process.borrow_mut() = run(&self.folder, self.port);
        self.wait();
    }

    fn wait(&self) {
        aside::run(until("RabbitMQ listens", async || {
            let ended = self.process.borrow_mut().try_wait().unwrap();
            assert!(ended.is_none(), "RabbitMQ ended: {ended:?}; see {:?}", self.folder);
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        }));
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
    }

    /// A new file for the numbers of the jobs that hosts run.
    pub(crate) fn stamps(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, "").unwrap();
        path
    }

    /// Starts a host, and waits until it takes jobs.
    pub(crate) fn host(&self, slots: u16, stamps: &Path) -> Host {
        Host::start(Command::new(PROGRAM), &self.address(), slots, stamps)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        stop(self.process.get_mut());
        let _deleted = fs::remove_dir_all(&self.folder);
    }
}

fn run(folder: &Path, port: u16) -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("broker");
    Command::new(script).arg(folder).arg(port.to_string()).spawn().unwrap()
}

/// Sends `SIGTERM`, and waits for the end.
fn stop(process: &mut Child) {
    let killed = Command::new("kill").arg(process.id().to_string()).status();
    assert!(killed.unwrap().success(), "the broker is gone");
    process.wait().unwrap();
}

/// Three ports in a row that nothing listens on.
fn free_ports() -> u16 {
    loop {
        let port = fastrand::u16(20_000..32_000);
        if (port..port + 3).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return port;
        }
    }
}

/// A process of `cluster worker`. Dropping it kills it.
pub(crate) struct Host {
    process: Child,
}

impl Host {
    /// Starts a host by a command that runs its program, and waits until it takes jobs.
    pub(crate) fn start(mut command: Command, address: &str, slots: u16, stamps: &Path) -> Host {
        let mut process = command
            .args(["worker", "--broker", address, "--slots", &slots.to_string()])
            .env("CLUSTER_STAMPS", stamps)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("runs"), "the host did not start: {line:?}");
        Host { process }
    }

    /// Kills the process by `SIGKILL`. Its worker processes end with it.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait_for_its_end(&mut self) {
        aside::run(until("the host ends", async || self.process.try_wait().unwrap().is_some()));
    }

    /// Returns whether the host has started a worker process, which it does for its first job.
    pub(crate) fn has_worker(&self) -> bool {
        let host = self.process.id().to_string();
        Command::new("pgrep").args(["-P", &host]).stdout(Stdio::null()).status().unwrap().success()
    }

    /// Asks the process to finish its jobs.
    pub(crate) fn ask_to_finish(&self) {
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(asked.unwrap().success());
    }

    /// Asks the process to finish its jobs, and waits for its end.
    pub(crate) fn finish(mut self) {
        self.ask_to_finish();
        self.wait_for_its_end();
        assert!(self.process.wait().unwrap().success(), "the host failed");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}
