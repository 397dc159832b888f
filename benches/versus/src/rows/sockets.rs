//! Servers, kept busy by the [load generator](crate::load) on another core.
//!
//! The figure is the server's processor time for a request, or the number of requests answered in
//! a second.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Command, Stdio};
use std::thread;

use cpu_time::ProcessTime;

use crate::load::{self, Load};
use crate::run::{Meter, Run};
use crate::servers::{Http, Servers};

/// 64 bytes over TCP and back.
pub(super) fn tcp<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Load::Tcp, CONNECTIONS, S::echo_tcp)
}

/// 64 bytes over a Unix socket and back.
pub(super) fn unix<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    // An abstract name is not in any file system, and disappears with the process.
    let name = format!("aside-versus-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("the name is short");
    let listener = UnixListener::bind_addr(&address).expect("the name is free");
    measure(run, Load::Unix, &name, CONNECTIONS, move || S::echo_unix(listener))
}

/// A datagram of 64 bytes over UDP and back.
pub(super) fn udp<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
    let address = socket.local_addr().expect("it is bound").to_string();
    measure(run, Load::Udp, &address, CONNECTIONS, move || S::echo_udp(socket))
}

/// Accepts a connection, reads a byte, and closes the connection.
pub(super) fn accept<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Load::Short, CONNECTIONS, S::close)
}

/// A KiB of a bulk transfer over one connection.
pub(super) fn bulk<S: Servers, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Load::Bulk, CONNECTIONS, S::discard)
}

/// A request over HTTP, answered with a few words.
pub(super) fn http<S: Http, const CONNECTIONS: usize>(run: &Run) -> f64 {
    serve_tcp(run, Load::Http, CONNECTIONS, S::hello)
}

fn serve_tcp(run: &Run, load: Load, connections: usize, serve: fn(TcpListener)) -> f64 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
    let address = listener.local_addr().expect("it is bound").to_string();
    measure(run, load, &address, connections, move || serve(listener))
}

/// Serves in a new thread, and measures from this thread, which sleeps in between. When the figure
/// is known, the process ends, and the server ends with it.
fn measure(
    run: &Run,
    load: Load,
    address: &str,
    connections: usize,
    serve: impl FnOnce() + Send + 'static,
) -> f64 {
    thread::spawn(serve);
    let this = std::env::current_exe().expect("this program has a path");
    let milliseconds = run.budget.as_millis().to_string();
    let mut command = Command::new(this);
    command.args([load::ARGUMENT, load.name(), address, &connections.to_string(), &milliseconds]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut generator = command.spawn().expect("a process can be started");
    let mut orders = generator.stdin.take().expect("it is a pipe");
    let mut reports = BufReader::new(generator.stdout.take().expect("it is a pipe")).lines();
    let mut report = || reports.next().and_then(Result::ok).expect("the generator reports");
    assert_eq!(report(), load::READY);
    let began = ProcessTime::now();
    writeln!(orders).expect("the generator listens");
    let report = report();
    let processor = began.elapsed();
    let _ended = generator.wait();
    let (answered, nanoseconds) = report.split_once(' ').expect("it reports two numbers");
    let answered: f64 = answered.parse().expect("it counts");
    let nanoseconds: f64 = nanoseconds.parse().expect("it measures");
    match run.meter {
        Meter::Cpu => processor.as_secs_f64() * 1e9 / answered,
        Meter::Wall => answered / nanoseconds * 1e9,
    }
}
