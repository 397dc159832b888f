//! A TCP server that sends back all bytes that it receives.
//!
//! ```sh
//! cargo run --release --example echo -- --port 7007
//! ```
//!
//! Without `--port` the system chooses a free port. The first line printed is `listening on
//! ADDRESS`. The server stops at the first line of its stdin, or at the end of its stdin. It then
//! accepts no more connections, gives the open connections one second to finish, and prints how
//! many connections and bytes it has served.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use aside::net::{TcpListener, TcpStream};
use aside::{Runtime, race, sleep, spawn, timeout};

type Done<T> = Result<T, Box<dyn Error>>;

/// The counters of all connections. They stay on one thread, so they are cells.
#[derive(Default)]
struct Counts {
    open: Cell<u64>,
    served: Cell<u64>,
    bytes: Cell<u64>,
}

fn main() -> Done<()> {
    let port = port(std::env::args().skip(1))?;
    let runtime = Runtime::new();
    runtime.block_on(serve(port))?;
    // A worker may still be reading stdin, so the shutdown does not wait.
    let _report = runtime.shutdown(aside::blocking::Shutdown::Leave);
    Ok(())
}

fn port(mut arguments: impl Iterator<Item = String>) -> Done<u16> {
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(0),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("usage: echo [--port NUMBER]".into()),
    }
}

async fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    print_line(format_args!("listening on {}", listener.local_addr()?))?;
    let counts = Rc::new(Counts::default());
    let stop = aside::spawn_blocking(|| io::stdin().lock().read_line(&mut String::new()));
    let accepting = accept(&listener, &counts);
    race((async { stop.await.map(drop).map_err(io::Error::other) }, accepting)).await?;
    drop(listener);
    let all_closed = async {
        while counts.open.get() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let _left_behind = timeout(Duration::from_secs(1), all_closed).await;
    let (served, bytes) = (counts.served.get(), counts.bytes.get());
    print_line(format_args!("{served} connections, {bytes} bytes"))
}

/// Accepts connections until its future is dropped.
async fn accept(listener: &TcpListener, counts: &Rc<Counts>) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => spawn(connection(stream, Rc::clone(counts))).detach(),
            // Descriptors may be exhausted. `accept` delays such errors, so this loop does not
            // spin.
            Err(error) => eprintln!("a connection was not accepted: {error}"),
        }
    }
}

/// Serves one connection until its end.
async fn connection(stream: TcpStream, counts: Rc<Counts>) {
    counts.open.set(counts.open.get() + 1);
    if let Err(error) = echo(&stream, &counts.bytes).await {
        eprintln!("a connection has failed: {error}");
    }
    counts.open.set(counts.open.get() - 1);
    counts.served.set(counts.served.get() + 1);
}

async fn echo(stream: &TcpStream, bytes: &Cell<u64>) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            let written = stream.write(rest).await?;
            rest = &rest[written..];
        }
        bytes.set(bytes.get() + length as u64);
    }
}

/// Prints a line and flushes it, because stdout may be a pipe.
fn print_line(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
