//! A runtime for each core: one HTTP server on several threads, which share a port and no memory.
//!
//! ```sh
//! cargo run --release --package interop --example per_core -- --port 7007 --cores 2
//! curl http://127.0.0.1:7007/count/apples
//! ```
//!
//! Each core has a listener of its own, and the system spreads the connections (`SO_REUSEPORT`). A
//! connection stays on its core. What all cores have in common is a table of counters, of which
//! each core has the part that nobody else touches: a request for another core's counter is sent
//! there by that core's `Handle`. So no lock is needed, and nothing is shared.
//!
//! | path | answer |
//! |---|---|
//! | `/` | a greeting |
//! | `/count/NAME` | how often this was asked for this name |
//! | `/work` | the BLAKE3 of 64 KiB, some tens of microseconds of computing |
//!
//! `--port 0`, or none, is any free one; the first line of the output says which. `--cores` is the
//! number of cores, if it is not given. When a line, or the end, comes on stdin, it ends, and says
//! what each core has done.

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
    // Nothing is sent on it: all cores end when it is closed.
    let (stop, stopped) = async_channel::bounded(1);
    let start = |number| Core::start(number, stopped.clone());
    let cores = (0..settings.cores).map(start).collect::<io::Result<Vec<_>>>()?;
    let all: Arc<[Handle]> = cores.iter().map(|core| core.handle.clone()).collect();

    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let mut listeners = Vec::new();
    for core in &cores {
        // A listener belongs to the runtime on whose thread it was made.
        let listening = core.handle.spawn(async move {
            SocketBuilder::new().reuse_address().reuse_port().listen(address)
        });
        let listener = core.handle.block_on(listening)??;
        // Port 0 is any for the first, and the others take the same.
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    for (here, listener) in listeners.into_iter().enumerate() {
        let cores = Cores { all: Arc::clone(&all), here };
        all[here].spawn_with(move || core::accept(listener, cores)).detach();
    }
    say(format_args!("listening on {address}"))?;

    io::stdin().lock().read_line(&mut String::new())?;
    drop(stop);
    for core in cores {
        say(format_args!("{}", core.join()))?;
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

/// A line that is out when this returns, also into a pipe.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
