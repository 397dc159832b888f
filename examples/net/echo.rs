//! A TCP server that sends back all bytes that it receives.
//!
//! ```sh
//! cargo run --release --example echo --features signal -- --port 7007
//! ```
//!
//! Without `--port` the system chooses a free port. The first line printed is `listening on
//! ADDRESS`. The server stops on ctrl-c or `SIGTERM`. It then accepts no more connections, gives
//! the open connections one second to finish, and prints how many connections and bytes it has
//! served, and how many connections have failed. A second ctrl-c ends the server at once.
//!
//! A client is disconnected if it neither sends nor reads for `--patience SECONDS` (60 by default).
//! Otherwise silent clients would sooner or later take all places of the server.

#[path = "../shared/servers.rs"]
mod servers;

use std::cell::Cell;
use std::error::Error;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use aside::net::{TcpListener, TcpStream};
use aside::{race, sleep, spawn, timeout};
use async_lock::SemaphoreGuardArc;

use crate::servers::{Log, places, print_line, stop_signals, stopped};

type Done<T> = Result<T, Box<dyn Error>>;

/// The time limit for the open connections when the server stops.
const GRACE: Duration = Duration::from_secs(1);

struct Settings {
    port: u16,
    patience: Duration,
}

/// The counters of all connections. They stay on one thread, so they are cells.
#[derive(Default)]
struct Counts {
    open: Cell<u64>,
    served: Cell<u64>,
    failed: Cell<u64>,
    bytes: Cell<u64>,
}

fn main() -> Done<()> {
    let settings = settings(std::env::args().skip(1))?;
    aside::run(serve(settings))?;
    Ok(())
}

fn settings(mut arguments: impl Iterator<Item = String>) -> Done<Settings> {
    let mut settings = Settings { port: 0, patience: Duration::from_secs(60) };
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--port", Some(port)) => settings.port = port.parse()?,
            ("--patience", Some(seconds)) => {
                settings.patience = Duration::try_from_secs_f64(seconds.parse()?)?;
            }
            _ => return Err("usage: echo [--port NUMBER] [--patience SECONDS]".into()),
        }
    }
    Ok(settings)
}

async fn serve(settings: Settings) -> io::Result<()> {
    let signals = stop_signals()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    print_line(format_args!("listening on {}", listener.local_addr()?))?;
    let counts = Rc::new(Counts::default());
    race((stopped(signals), accept(&listener, &counts, settings.patience))).await?;
    drop(listener);
    let all_closed = async {
        while counts.open.get() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let _left_behind = timeout(GRACE, all_closed).await;
    let (served, bytes) = (counts.served.get(), counts.bytes.get());
    match counts.failed.get() {
        0 => print_line(format_args!("{served} connections, {bytes} bytes")),
        failed => print_line(format_args!("{served} connections, {bytes} bytes, {failed} failed")),
    }
}

/// Accepts connections until its future is dropped.
async fn accept(listener: &TcpListener, counts: &Rc<Counts>, patience: Duration) -> io::Result<()> {
    let (log, places) = (Log::start()?, places());
    loop {
        let place = places.acquire_arc().await;
        match listener.accept().await {
            Ok((stream, _peer)) => {
                spawn(connection(stream, Rc::clone(counts), patience, place)).detach();
            }
            // Descriptors may be exhausted. `accept` delays such errors, so this loop does not
            // spin.
            Err(error) => log.line(format_args!("a connection was not accepted: {error}")),
        }
    }
}

/// Serves one connection until its end.
async fn connection(
    stream: TcpStream,
    counts: Rc<Counts>,
    patience: Duration,
    _place: SemaphoreGuardArc,
) {
    counts.open.set(counts.open.get() + 1);
    // Clients that reset their connections are counted. A line for each would let them fill the
    // log.
    if echo(&stream, &counts.bytes, patience).await.is_err() {
        counts.failed.set(counts.failed.get() + 1);
    }
    counts.open.set(counts.open.get() - 1);
    counts.served.set(counts.served.get() + 1);
}

async fn echo(stream: &TcpStream, bytes: &Cell<u64>, patience: Duration) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = timeout(patience, stream.read(&mut buffer)).await??;
        if length == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            let written = timeout(patience, stream.write(rest)).await??;
            rest = &rest[written..];
        }
        bytes.set(bytes.get() + length as u64);
    }
}
