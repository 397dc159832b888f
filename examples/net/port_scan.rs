//! A port scanner: connects to a range of TCP ports and prints which are open.
//!
//! ```sh
//! cargo run --release --example port_scan -- example.org 1-1024 --at-once 100 --patience 500
//! ```
//!
//! One thread makes at most `--at-once` connections at a time (200 by default). A port that does
//! not answer within `--patience` milliseconds (1000 by default) counts as silent. Without
//! arguments the scanner opens a listener on localhost and scans the ports around it.

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use aside::net::{TcpListener, TcpStream, lookup_host};
use aside::{timeout, try_gather};

type Done<T> = Result<T, Box<dyn Error>>;

const USAGE: &str =
    "usage: port_scan [HOST FIRST-LAST [--at-once NUMBER] [--patience MILLISECONDS]]";

/// The settings of a scan.
struct Scan {
    host: String,
    ports: RangeInclusive<u16>,
    at_once: usize,
    patience: Duration,
}

/// The state of a port, derived from the answer to a connection attempt.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Open,
    Closed,
    /// No answer came in time, or a router reported that the host is unreachable.
    Silent,
}

fn main() -> Done<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    aside::run(async {
        if arguments.is_empty() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let port = listener.local_addr()?.port();
            writeln!(io::stdout(), "this program listens on port {port}")?;
            // The program never accepts: the kernel completes the connection and keeps it in the
            // backlog.
            return scan(around(port)).await;
        }
        scan(parse(&arguments)?).await
    })
}

fn around(port: u16) -> Scan {
    let ports = port.saturating_sub(500)..=port.saturating_add(500);
    let host = Ipv4Addr::LOCALHOST.to_string();
    Scan { host, ports, at_once: 200, patience: Duration::from_secs(1) }
}

fn parse(arguments: &[String]) -> Done<Scan> {
    let [host, ports, options @ ..] = arguments else { return Err(USAGE.into()) };
    let (first, last) = ports.split_once('-').ok_or(USAGE)?;
    let ports = first.parse()?..=last.parse()?;
    let host = host.clone();
    let mut scan = Scan { host, ports, at_once: 200, patience: Duration::from_secs(1) };
    for option in options.chunks(2) {
        match option {
            [name, value] if name == "--at-once" => scan.at_once = value.parse::<usize>()?.max(1),
            [name, value] if name == "--patience" => {
                scan.patience = Duration::from_millis(value.parse()?);
            }
            _ => return Err(USAGE.into()),
        }
    }
    Ok(scan)
}

async fn scan(scan: Scan) -> Done<()> {
    // The name is looked up once, and not for each port.
    let addresses = lookup_host((scan.host.as_str(), 0)).await?;
    let address = addresses.first().ok_or("the name has no address")?.ip();
    let probes = scan.ports.clone().map(|port| async move {
        let answer = probe(address, port, scan.patience).await;
        answer.map(|answer| (port, answer)).map_err(|error| format!("at port {port}: {error}"))
    });
    // `limit` takes the next future from the iterator when a running future ends, so a scan of
    // 65,536 ports never holds more than `at_once` futures.
    let answers = try_gather(probes).limit(scan.at_once).await?;
    let mut out = io::stdout().lock();
    for (port, _open) in answers.iter().filter(|(_, answer)| *answer == Answer::Open) {
        writeln!(out, "{port} is open")?;
    }
    let count = |wanted| answers.iter().filter(|(_, answer)| *answer == wanted).count();
    let [open, closed, silent] = [Answer::Open, Answer::Closed, Answer::Silent].map(count);
    writeln!(out, "{address}: {open} open, {closed} closed, {silent} silent")?;
    Ok(())
}

/// Connects to one port. An error of this machine, such as too few descriptors, ends the scan.
async fn probe(address: IpAddr, port: u16, patience: Duration) -> io::Result<Answer> {
    let Ok(connected) = timeout(patience, TcpStream::connect((address, port))).await else {
        return Ok(Answer::Silent);
    };
    match connected {
        Ok(_stream) => Ok(Answer::Open),
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Ok(Answer::Closed),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::TimedOut => {
                Ok(Answer::Silent)
            }
            _ => Err(error),
        },
    }
}
