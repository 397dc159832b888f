//! A TCP server that sends back what it is sent, until a line comes on its own stdin.
//!
//! ```sh
//! cargo run --release --example echo -- --port 7007
//! ```
//!
//! `--port 0`, or none, is any free one; the first line of the output says which. When a line, or
//! the end, comes on stdin, it accepts no more, lets those that are connected finish for a second,
//! and says how many bytes it has sent back.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use aside::net::{TcpListener, TcpStream};
use aside::{Runtime, race, sleep, spawn, timeout};

type Done<T> = Result<T, Box<dyn Error>>;

/// What all connections have in common. One thread has it, so cells will do.
#[derive(Default)]
struct Counts {
    connected: Cell<u64>,
    served: Cell<u64>,
    bytes: Cell<u64>,
}

fn main() -> Done<()> {
    let port = port(std::env::args().skip(1))?;
    let runtime = Runtime::new();
    runtime.block_on(serve(port))?;
    // A thread may still wait for stdin; nothing is lost with it.
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
    say(format_args!("listening on {}", listener.local_addr()?))?;
    let counts = Rc::new(Counts::default());
    let stop = aside::spawn_blocking(|| io::stdin().lock().read_line(&mut String::new()));
    let accepting = accept(&listener, &counts);
    race((async { stop.await.map(drop).map_err(io::Error::other) }, accepting)).await?;
    drop(listener);
    let all_gone = async {
        while counts.connected.get() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let _left_behind = timeout(Duration::from_secs(1), all_gone).await;
    let (served, bytes) = (counts.served.get(), counts.bytes.get());
    say(format_args!("{served} connections, {bytes} bytes"))
}

/// Accepts as long as it is polled.
async fn accept(listener: &TcpListener, counts: &Rc<Counts>) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => spawn(connection(stream, Rc::clone(counts))).detach(),
            // No descriptors, say. It comes late, so this does not spin.
            Err(error) => eprintln!("a connection was not accepted: {error}"),
        }
    }
}

/// Sends back what comes, until nothing more does.
async fn connection(stream: TcpStream, counts: Rc<Counts>) {
    counts.connected.set(counts.connected.get() + 1);
    if let Err(error) = echo(&stream, &counts.bytes).await {
        eprintln!("a connection has failed: {error}");
    }
    counts.connected.set(counts.connected.get() - 1);
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

/// A line that is out when this returns, also into a pipe.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
