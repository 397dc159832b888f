//! Servers, kept busy by the [load generator](crate::load).
//!
//! The figure is the server's processor time for a request, or the number of requests answered in
//! a second.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Child, Command, Stdio};
use std::thread;

use cpu_time::ProcessTime;

use crate::load::{self, Load, Placement};
use crate::peers::Peer;
use crate::row::{Of, Row, Work};
use crate::run::{Meter, Run};
use crate::servers::{EchoTcp, Http, Servers};

/// The rows of servers. The server runs on the first core. The generator runs on the others, or in
/// the rows `beside` on the first core, too.
pub(super) fn rows() -> Vec<Row> {
    let row = |key, name, cells| Row::new(key, name, cells).on_one_core();
    let cost = |key, name, cells| row(key, name, cells).floor(0.999, Of::BestBut(Peer::URING));
    let tcp_cost = |key, name, cells| cost(key, name, cells).floor(1.02, Of::Limit);
    let with_safina = |mut cells: Vec<(Peer, Work)>, work| {
        cells.push((Peer::Safina, Work::Call(work)));
        cells
    };
    vec![
        tcp_cost(
            "tcp-1",
            "TCP echo, 1 connection, per request",
            with_safina(servers!(tcp, 1), tcp::<crate::peers::Safina, 1>),
        ),
        tcp_cost(
            "tcp-64",
            "TCP echo, 64 connections, per request",
            with_safina(servers!(tcp, 64), tcp::<crate::peers::Safina, 64>),
        ),
        tcp_cost("tcp-1000", "TCP echo, 1,000 connections, per request", servers!(tcp, 1_000)),
        tcp_cost("tcp-beside-1", "server and load on one core: 1 connection", servers!(beside, 1)),
        tcp_cost("tcp-beside-64", "one core: 64 connections", servers!(beside, 64)),
        tcp_cost("tcp-beside-1000", "one core: 1,000 connections", servers!(beside, 1_000)),
        row("rate-1", "TCP echo, 1 connection", servers!(tcp, 1)).rate("requests/s"),
        row("rate-64", "TCP echo, 64 connections", servers!(tcp, 64)).rate("requests/s"),
        row("rate-1000", "TCP echo, 1,000 connections", servers!(tcp, 1_000)).rate("requests/s"),
        cost("unix", "Unix echo, 64 connections, per request", servers!(unix, 64)),
        cost("udp", "UDP echo, 64 senders, per request", servers!(udp, 64)),
        cost("accept", "accept, read a byte, close", servers!(accept, 16)),
        cost("bulk", "1 GiB through one connection, per KiB", servers!(bulk, 1)),
        row("http", "hyper, 64 connections, per request", hyper())
            .floor(0.999, Of::BestOf(Peer::TOKIO)),
    ]
}

fn hyper() -> Vec<(Peer, Work)> {
    let mut cells = each!(http, 64: Aside, Tokio, TokioLocal);
    cells.push((Peer::Limit, Work::Call(http::<crate::servers::BareEpoll, 64>)));
    cells
}

/// The load on a server.
#[derive(Clone, Copy, Debug)]
struct Trial {
    load: Load,
    connections: usize,
    generator: Placement,
    part: Part,
}

/// The measured part of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The connections are made. Each of them makes one request.
    Connecting,
    /// The connections make requests.
    Answering,
}

impl Trial {
    fn answering(load: Load, connections: usize) -> Trial {
        Trial { load, connections, generator: Placement::Apart, part: Part::Answering }
    }
}

/// 64 bytes over TCP and back.
pub(super) fn tcp<S: EchoTcp, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Trial::answering(Load::Tcp, CONNECTIONS), S::echo_tcp)
}

/// 64 bytes over TCP and back, with the generator on the server's core.
pub(super) fn beside<S: EchoTcp, const CONNECTIONS: usize>(run: &Run) -> f64 {
    let trial = Trial::answering(Load::Tcp, CONNECTIONS);
    serve_tcp(run, Trial { generator: Placement::Beside, ..trial }, S::echo_tcp)
}

/// A new connection over TCP, with its first 64 bytes and back.
pub(super) fn connect<S: EchoTcp, const CONNECTIONS: usize>(run: &Run) -> f64 {
    let trial = Trial::answering(Load::Tcp, CONNECTIONS);
    serve_tcp(run, Trial { part: Part::Connecting, ..trial }, S::echo_tcp)
}

/// 64 bytes over a Unix socket and back.
pub(super) fn unix<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    // An abstract name is not in any file system, and disappears with the process.
    let name = format!("aside-versus-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("the name is short");
    let listener = UnixListener::bind_addr(&address).expect("the name is free");
    let trial = Trial::answering(Load::Unix, CONNECTIONS);
    measure(run, trial, &name, move || S::echo_unix(listener))
}

/// A datagram of 64 bytes over UDP and back.
pub(super) fn udp<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
    let address = socket.local_addr().expect("it is bound").to_string();
    let trial = Trial::answering(Load::Udp, CONNECTIONS);
    measure(run, trial, &address, move || S::echo_udp(socket))
}

/// Accepts a connection, reads a byte, and closes the connection.
pub(super) fn accept<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Trial::answering(Load::Short, CONNECTIONS), S::close)
}

/// A KiB of a bulk transfer over one connection.
pub(super) fn bulk<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Trial::answering(Load::Bulk, CONNECTIONS), S::discard)
}

/// A request over HTTP, answered with a few words.
pub(super) fn http<S: Http, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Trial::answering(Load::Http, CONNECTIONS), S::hello)
}

fn serve_tcp(run: &Run, trial: Trial, serve: fn(TcpListener)) -> f64 {
    // Many connections need several addresses.
    let is_large = trial.connections > load::PER_ADDRESS;
    let host = if is_large { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    let listener = TcpListener::bind((host, 0)).expect("there is a port");
    let port = listener.local_addr().expect("it is bound").port();
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).to_string();
    measure(run, trial, &address, move || serve(listener))
}

/// Serves in a new thread, and measures from this thread, which sleeps in between. When the figure
/// is known, the process ends, and the server ends with it.
fn measure(run: &Run, trial: Trial, address: &str, serve: impl FnOnce() + Send + 'static) -> f64 {
    load::permit_descriptors(trial.connections).expect("the system permits that many connections");
    thread::spawn(serve);
    let mut generator = Generator::start(run, trial, address);
    let connecting = generator.run_part();
    if trial.part == Part::Connecting {
        generator.child.kill().expect("the generator can be ended");
        let _ended = generator.child.wait();
        return connecting.figure(run.meter);
    }
    let answering = generator.run_part();
    let _ended = generator.child.wait();
    answering.figure(run.meter)
}

/// The process of the load generator, with the two ends by which it is controlled.
struct Generator {
    child: Child,
    orders: std::process::ChildStdin,
    reports: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

/// The measured values of a part.
struct Requests {
    answered: f64,
    nanoseconds: f64,
    server_cpu: f64,
}

impl Generator {
    fn start(run: &Run, trial: Trial, address: &str) -> Generator {
        let this = std::env::current_exe().expect("this program has a path");
        let connections = trial.connections.to_string();
        let milliseconds = run.budget.as_millis().to_string();
        let mut command = Command::new(this);
        command.args([load::ARGUMENT, trial.load.name(), trial.generator.name()]);
        command.args([address, &connections, &milliseconds]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process can be started");
        let orders = child.stdin.take().expect("it is a pipe");
        let reports = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
        Generator { child, orders, reports }
    }

    fn report(&mut self) -> String {
        self.reports.next().and_then(Result::ok).expect("the generator reports")
    }

    /// Starts the next part when the generator is ready, and waits until it is over.
    fn run_part(&mut self) -> Requests {
        assert_eq!(self.report(), load::READY);
        let began = ProcessTime::now();
        writeln!(self.orders).expect("the generator listens");
        let report = self.report();
        let server_cpu = began.elapsed().as_secs_f64() * 1e9;
        let (answered, nanoseconds) = report.split_once(' ').expect("it reports two numbers");
        Requests {
            answered: answered.parse().expect("it counts"),
            nanoseconds: nanoseconds.parse().expect("it measures"),
            server_cpu,
        }
    }
}

impl Requests {
    fn figure(&self, meter: Meter) -> f64 {
        match meter {
            Meter::Cpu => self.server_cpu / self.answered,
            Meter::Wall => self.answered / self.nanoseconds * 1e9,
        }
    }
}
