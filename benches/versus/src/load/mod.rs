//! The load generator. It is the same for all servers, and runs as a process of its own, on another
//! core than the server or on the server's core.
//!
//! The generator does as little work as possible for a request, so that the server limits the rate:
//! it has one thread with edge-triggered epoll, and makes one `recv` and one `send`. Each
//! connection has one request in flight: the next request is sent when the answer to the previous
//! request has arrived.
//!
//! These steps ensure that the figure includes complete requests and nothing else:
//!
//! 1. The generator prints [`READY`], and waits for a line. The measuring process reads the
//!    server's clock and writes the line. The generator connects, and prints the number of
//!    connections and the nanoseconds that they took. Each connection has made one request.
//! 2. The generator runs a lap as warm-up. A lap ends when its time is over and every request is
//!    answered, so the server is idle at the end of a lap.
//! 3. The generator prints [`READY`], and waits for a line, as before. It runs the measured lap,
//!    and prints the number of requests and the nanoseconds that they took.

mod bulk;
mod exchange;
mod short;

use std::io::{self, Error, ErrorKind, Result};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The hidden first argument of the generator's process.
pub const ARGUMENT: &str = "--load";

/// The line that the generator prints when it waits for permission to go on.
pub const READY: &str = "ready";

/// A request to an echo server, and its answer.
pub const ECHOED: [u8; 64] = [7; 64];

/// A request to an HTTP server.
pub const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// The body of an HTTP answer. The heads of the servers' answers differ.
pub const HELLO: &str = "hello, world";

/// A load, with its number of connections.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// Requests over TCP, each of which is echoed.
    Tcp,
    /// Requests over Unix sockets, each of which is echoed.
    Unix,
    /// Requests in UDP datagrams, each of which is echoed.
    Udp,
    /// Requests over HTTP/1 on persistent connections.
    Http,
    /// Connects, sends a byte, and waits for the end of the connection.
    Short,
    /// Sends as many bytes as it can over one connection. Each KiB counts as a request.
    Bulk,
}

impl Load {
    const ALL: [Load; 6] = [Load::Tcp, Load::Unix, Load::Udp, Load::Http, Load::Short, Load::Bulk];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Load::Tcp => "tcp",
            Load::Unix => "unix",
            Load::Udp => "udp",
            Load::Http => "http",
            Load::Short => "short",
            Load::Bulk => "bulk",
        }
    }
}

/// The core on which the generator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// All cores except the server's. If there is no other core, this is [`Placement::Beside`].
    Apart,
    /// The server's core.
    Beside,
}

impl Placement {
    const ALL: [Placement; 2] = [Placement::Apart, Placement::Beside];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Placement::Apart => "apart",
            Placement::Beside => "beside",
        }
    }
}

/// Implemented by loads, which run in laps.
trait Lap {
    /// Runs for this time, then waits until the server is idle. Returns the number of answered
    /// requests.
    fn run(&mut self, length: Duration) -> Result<usize>;
}

/// Runs the load that the arguments after [`ARGUMENT`] describe: kind, placement, address of the
/// server, connections, milliseconds.
///
/// # Errors
/// If the arguments are wrong, or a connection fails.
pub fn main(arguments: &[String]) -> Result<()> {
    let wrong = || Error::new(ErrorKind::InvalidInput, "there is no such load");
    let [name, placement, address, connections, milliseconds] = arguments else {
        return Err(wrong());
    };
    let load = Load::ALL.into_iter().find(|load| load.name() == name).ok_or_else(wrong)?;
    let placement = Placement::ALL.into_iter().find(|one| one.name() == placement);
    let connections = connections.parse().map_err(|_| wrong())?;
    let budget = Duration::from_millis(milliseconds.parse().map_err(|_| wrong())?);
    if placement.ok_or_else(wrong)? == Placement::Apart {
        move_away()?;
    }
    permit_descriptors(connections)?;
    let mut lap = report(|| Ok((connect(load, address, connections)?, connections)))?;
    lap.run(budget / 10)?;
    report(|| Ok(((), lap.run(budget)?)))
}

/// Waits for permission, runs a part, and prints the number of requests and the nanoseconds.
fn report<T>(part: impl FnOnce() -> Result<(T, usize)>) -> Result<T> {
    println!("{READY}");
    io::stdin().read_line(&mut String::new())?;
    let began = Instant::now();
    let (output, answered) = part()?;
    println!("{answered} {}", began.elapsed().as_nanos());
    Ok(output)
}

fn connect(load: Load, address: &str, connections: usize) -> Result<Box<dyn Lap>> {
    Ok(match load {
        Load::Tcp | Load::Unix | Load::Udp => {
            Box::new(exchange::connect(load, address, connections, &ECHOED)?)
        }
        Load::Http => Box::new(exchange::connect(load, address, connections, GET)?),
        Load::Short => Box::new(short::begin(address, connections)?),
        Load::Bulk => Box::new(bulk::begin(address)?),
    })
}

/// The number of connections to one address of the server. The connections after them are made to
/// the next address of the loopback network: one address has 28,000 ports for clients, and the
/// kernel searches long for a free one when half of them are taken.
pub const PER_ADDRESS: usize = 8_192;

/// The number of descriptors that a process needs beside its connections, with a reserve.
const OTHER_DESCRIPTORS: u64 = 64;

/// Raises this process's limit of descriptors, so that it can have this number of connections.
///
/// # Errors
/// If the system does not permit that many.
pub fn permit_descriptors(connections: usize) -> Result<()> {
    let needed = connections as u64 + OTHER_DESCRIPTORS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(needed);
        limit.maximum = limit.maximum.map(|maximum| maximum.max(needed));
        setrlimit(Resource::Nofile, limit)?;
    }
    Ok(())
}

/// Pins this process to all cores except the one on which it was started, which is the server's. If
/// there is no other core, this process stays where it is.
fn move_away() -> Result<()> {
    let servers = sched_getaffinity(None)?;
    let mut others = CpuSet::new();
    (0..CpuSet::MAX_CPU).filter(|&core| !servers.is_set(core)).for_each(|core| others.set(core));
    // This call fails if there is only one core.
    let _one_core = sched_setaffinity(None, &others);
    Ok(())
}
