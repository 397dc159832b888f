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
//! ADDRESS`. Without `--cores` all cores are used. The server stops on ctrl-c or `SIGTERM`. It
//! answers the open requests, and prints the counts of each core. A second ctrl-c ends the server
//! at once.
//!
//! A client is disconnected if it sends no whole request, or does not read its answer, for
//! `--patience SECONDS` (30 by default).

#[path = "per_core/core.rs"]
mod core;
#[path = "per_core/http.rs"]
mod http;
#[path = "../shared/servers.rs"]
mod servers;

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use aside::Handle;
use aside::net::SocketBuilder;

use crate::core::{Care, Core, Cores};
use crate::servers::{Log, places, print_line, stop_signals, stopped};

type Done<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: per_core [--port NUMBER] [--cores NUMBER] [--patience SECONDS]";

struct Settings {
    port: u16,
    cores: usize,
    patience: Duration,
}

fn main() -> Done<()> {
    let settings = settings(std::env::args().skip(1))?;
    let care = Care { patience: settings.patience, places: places(), log: Log::start()? };
    // Nothing is ever sent on this channel. All cores end when the channel closes.
    let (stop, closed) = async_channel::bounded(1);
    let start = |number| Core::start(number, closed.clone());
    let cores = (0..settings.cores).map(start).collect::<io::Result<Vec<_>>>()?;
    let all: Arc<[Handle]> = cores.iter().map(|core| core.handle.clone()).collect();

    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let mut listeners = Vec::new();
    for core in &cores {
        // A listener belongs to the runtime on whose thread it is created.
        let listening = core.handle.spawn(async move {
            SocketBuilder::new().reuse_address(true).reuse_port(true).listen(address)
        });
        let listener = core.handle.block_on(listening)??;
        // With port 0 the system chooses a port for the first listener. The other listeners use the
        // same port.
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    for (here, listener) in listeners.into_iter().enumerate() {
        let (cores, care) = (Cores { all: Arc::clone(&all), here }, care.clone());
        all[here].spawn_with(move || core::accept(listener, cores, care)).detach();
    }
    // The main thread has a runtime of its own, which waits for the end.
    aside::run(async {
        let signals = stop_signals()?;
        print_line(format_args!("listening on {address}"))?;
        stopped(signals).await
    })?;
    drop(stop);
    for core in cores {
        print_line(format_args!("{}", core.join()))?;
    }
    Ok(())
}

fn settings(mut arguments: impl Iterator<Item = String>) -> Done<Settings> {
    let cores = available_parallelism()?.get();
    let mut settings = Settings { port: 0, cores, patience: Duration::from_secs(30) };
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--port", Some(port)) => settings.port = port.parse()?,
            ("--cores", Some(cores)) => settings.cores = cores.parse::<usize>()?.max(1),
            ("--patience", Some(seconds)) => {
                settings.patience = Duration::try_from_secs_f64(seconds.parse()?)?;
            }
            _ => return Err(USAGE.into()),
        }
    }
    Ok(settings)
}
