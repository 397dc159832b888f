//! The parts that all servers of the examples share. A server that is exposed to strangers needs
//! them: a log that never blocks the loop, a limit on its connections, and an orderly end.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use aside::signal::{Signal, Signals};
use async_lock::Semaphore;
use rustix::process::{Resource, getrlimit};

/// The maximum number of log lines that wait to be written.
const LINES_MAX: usize = 64;
/// The maximum number of connections, if the process may have that many descriptors.
const CONNECTIONS_MAX: u64 = 10_000;

/// A log on stderr.
///
/// A thread of its own writes the lines, because stderr may be a pipe that nothing reads: on the
/// thread of the loop, such a write would block all clients.
#[derive(Clone)]
pub(crate) struct Log(SyncSender<String>);

impl Log {
    pub(crate) fn start() -> io::Result<Log> {
        let (sender, lines) = sync_channel::<String>(LINES_MAX);
        let write = move || {
            for line in lines {
                // An error means that stderr is closed.
                let _closed = writeln!(io::stderr(), "{line}");
            }
        };
        thread::Builder::new().name("log".to_owned()).spawn(write)?;
        Ok(Log(sender))
    }

    /// Logs a line, or drops it if too many lines are waiting.
    pub(crate) fn line(&self, line: fmt::Arguments<'_>) {
        let _dropped = self.0.try_send(line.to_string());
    }
}

/// The places for connections. A server takes one *before* it accepts. If there is none, further
/// clients wait in the kernel's backlog. Half of the descriptors are left for everything else.
pub(crate) fn places() -> Arc<Semaphore> {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let places = (descriptors / 2).clamp(1, CONNECTIONS_MAX);
    Arc::new(Semaphore::new(places as usize))
}

/// The signals at which a server stops. At the second one, the process ends at once.
///
/// A terminal sends `SIGINT`; Docker, systemd and Kubernetes send `SIGTERM`. The end of stdin stops
/// no server: the stdin of a container, a service or a background job is often empty.
pub(crate) fn stop_signals() -> io::Result<Signals> {
    Signals::new([Signal::INT, Signal::TERM])?.then_default()
}

/// Waits for one of the signals.
pub(crate) async fn stopped(mut signals: Signals) -> io::Result<()> {
    signals.recv().await.map(drop)
}

/// Prints a line and flushes it, because stdout may be a pipe.
pub(crate) fn print_line(line: fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
