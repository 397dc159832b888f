//! A runtime for each core: an HTTP server on several threads that share a port and no memory.
//!
//! ```sh
//! cargo run --release --package interop --example per_core -- --port 7007 --cores 2
//! curl http://127.0.0.1:7007/count/apples
//! ```
//!
//! Each core has a listener of its own, and the kernel distributes the connections
//! (`SO_REUSEPORT`). A connection stays on its core. The cores hold a partitioned table of
//! counters. A request for a counter of another core is sent to that core through its `Handle`. No
//! memory is shared, so no lock is needed.
//!
//! | path | answer |
//! |---|---|
//! | `/` | a greeting |
//! | `/count/NAME` | the number of requests for this name |
//! | `/work` | the BLAKE3 digest of 64 KiB, which takes tens of microseconds |
//!
//! Without `--port` the system chooses a free port. The first line printed is `listening on
//! ADDRESS`. Without `--cores` all cores are used. The server stops at the first line of its stdin,
//! or at the end of its stdin, and prints the counts of each core.

#[path = "per_core/core.rs"]
mod core;
#[path = "per_core/http.rs"]
mod http;

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::available_parallelism;

use aside::Handle;
use aside::net::SocketBuilder;

use crate::core::{Core, Cores};

type Done<T> = Result<T, Box<dyn Error>>;

struct Settings {
    port: u16,
    cores: usize,
}

fn main() -> Done<()> {
    let settings = settings(std::env::args().skip(1))?;
    // Nothing is ever sent on this channel. All cores end when the channel closes.
    let (stop, stopped) = async_channel::bounded(1);
    let start = |number| Core::start(number, stopped.clone());
    let cores = (0..settings.cores).map(start).collect::<io::Result<Vec<_>>>()?;
    let all: Arc<[Handle]> = cores.iter().map(|core| core.handle.clone()).collect();

    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let mut listeners = Vec::new();
    for core in &cores {
        // A listener belongs to the runtime on whose thread it is created.
        let listening = core.handle.spawn(async move {
            SocketBuilder::new().reuse_address().reuse_port().listen(address)
        });
        let listener = core.handle.block_on(listening)??;
        // With port 0 the system chooses a port for the first listener. The other listeners use the
        // same port.
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    for (here, listener) in listeners.into_iter().enumerate() {
        let cores = Cores { all: Arc::clone(&all), here };
        all[here].spawn_with(move || core::accept(listener, cores)).detach();
    }
    print_line(format_args!("listening on {address}"))?;

    io::stdin().lock().read_line(&mut String::new())?;
    drop(stop);
    for core in cores {
        print_line(format_args!("{}", core.join()))?;
    }
    Ok(())
}

fn settings(mut arguments: impl Iterator<Item = String>) -> Done<Settings> {
    let mut settings = Settings { port: 0, cores: available_parallelism()?.get() };
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--port", Some(port)) => settings.port = port.parse()?,
            ("--cores", Some(cores)) => settings.cores = cores.parse::<usize>()?.max(1),
            _ => return Err("usage: per_core [--port NUMBER] [--cores NUMBER]".into()),
        }
    }
    Ok(settings)
}

/// Prints a line and flushes it, because stdout may be a pipe.
fn print_line(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
