//! The load generator. It is the same for all servers, and runs as a process of its own on another
//! core than the server.
//!
//! The generator does as little work as possible for a request, so that the server limits the rate:
//! it has one thread with edge-triggered epoll, and makes one `recv` and one `send`. Each
//! connection has one request in flight: the next request is sent when the answer to the previous
//! request has arrived.
//!
//! These steps ensure that the figure includes complete requests and nothing else:
//!
//! 1. The generator connects, and runs a lap as warm-up. A lap ends when its time is over and every
//!    request is answered, so the server is idle at the end of a lap.
//! 2. The generator prints [`READY`], and waits for a line. The measuring process reads the
//!    server's clock and writes the line.
//! 3. The generator runs the measured lap, and prints the number of requests and the nanoseconds
//!    that they took.

mod bulk;
mod exchange;
mod short;

use std::io::{self, Error, ErrorKind, Result};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The hidden first argument of the generator's process.
pub const ARGUMENT: &str = "--load";

/// The line that the generator prints after the warm-up.
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

/// Implemented by loads, which run in laps.
trait Lap {
    /// Runs for this time, then waits until the server is idle. Returns the number of answered
    /// requests.
    fn run(&mut self, length: Duration) -> Result<usize>;
}

/// Runs the load that the arguments after [`ARGUMENT`] describe: kind, address of the server,
/// connections, milliseconds.
///
/// # Errors
/// If the arguments are wrong, or a connection fails.
pub fn main(arguments: &[String]) -> Result<()> {
    let wrong = || Error::new(ErrorKind::InvalidInput, "there is no such load");
    let [name, address, connections, milliseconds] = arguments else { return Err(wrong()) };
    let load = Load::ALL.into_iter().find(|load| load.name() == name).ok_or_else(wrong)?;
    let connections = connections.parse().map_err(|_| wrong())?;
    let budget = Duration::from_millis(milliseconds.parse().map_err(|_| wrong())?);
    move_away()?;
    let mut lap: Box<dyn Lap> = match load {
        Load::Tcp | Load::Unix | Load::Udp => {
            Box::new(exchange::connect(load, address, connections, &ECHOED)?)
        }
        Load::Http => Box::new(exchange::connect(load, address, connections, GET)?),
        Load::Short => Box::new(short::begin(address, connections)?),
        Load::Bulk => Box::new(bulk::begin(address)?),
    };
    lap.run(budget / 10)?;
    println!("{READY}");
    io::stdin().read_line(&mut String::new())?;
    let began = Instant::now();
    let answered = lap.run(budget)?;
    println!("{answered} {}", began.elapsed().as_nanos());
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
