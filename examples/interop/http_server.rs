//! An HTTP server: hyper with HTTP/1 and HTTP/2 on one port, and a blocking database.
//!
//! ```sh
//! cargo run --release --package interop --example http_server -- --port 7007
//! curl http://127.0.0.1:7007/
//! curl http://127.0.0.1:7007/echo --data 'to be echoed'        # a body of any length
//! curl http://127.0.0.1:7007/sleep/500                         # milliseconds
//! curl http://127.0.0.1:7007/notes --data 'buy milk'; curl http://127.0.0.1:7007/notes
//! ```
//!
//! Without `--port` the system chooses a free port. The first line printed is `listening on
//! ADDRESS`. The server stops on ctrl-c or `SIGTERM`. It then accepts no more connections, answers
//! the open requests, and prints how many requests it has served. A second ctrl-c ends the server
//! at once.
//!
//! Clients that do nothing do not stop the service: a client has `--patience SECONDS` (10 by
//! default) for its first request, for the header of each request, and for a note, and is
//! disconnected when no byte has moved for that time. The number of connections is limited.

#[path = "http_server/activity.rs"]
mod activity;
#[path = "http_server/notes.rs"]
mod notes;
#[path = "../shared/private_folder.rs"]
mod private_folder;
#[path = "http_server/routes.rs"]
mod routes;
#[path = "../shared/servers.rs"]
mod servers;

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use aside::compat::hyper::{LoopExecutor, LoopTimer};
use aside::net::{TcpListener, TcpStream};
use aside::{race, spawn, timeout};
use async_lock::SemaphoreGuardArc;
use hyper::service::service_fn;
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};

use crate::activity::{Activity, Recorded};
use crate::notes::Notes;
use crate::servers::{Log, places, print_line, stop_signals, stopped};

type Done<T> = Result<T, Box<dyn Error>>;

/// The time limit for the open requests when the server stops. Docker kills after ten seconds.
const GRACE: Duration = Duration::from_secs(8);

struct Settings {
    port: u16,
    patience: Duration,
}

/// The state of all connections. It stays on one thread, so it consists of cells.
struct Server {
    http: auto::Builder<LoopExecutor>,
    patience: Duration,
    notes: Notes,
    log: Log,
    connections: Cell<u64>,
    requests: Cell<u64>,
}

fn main() -> Done<()> {
    let settings = settings(std::env::args().skip(1))?;
    aside::run(serve(settings))
}

fn settings(mut arguments: impl Iterator<Item = String>) -> Done<Settings> {
    let mut settings = Settings { port: 0, patience: Duration::from_secs(10) };
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--port", Some(port)) => settings.port = port.parse()?,
            ("--patience", Some(seconds)) => {
                settings.patience = Duration::try_from_secs_f64(seconds.parse()?)?;
            }
            _ => return Err("usage: http_server [--port NUMBER] [--patience SECONDS]".into()),
        }
    }
    Ok(settings)
}

async fn serve(Settings { port, patience }: Settings) -> Done<()> {
    let signals = stop_signals()?;
    let mut http = auto::Builder::new(LoopExecutor);
    http.http1().timer(LoopTimer).header_read_timeout(patience);
    http.http2().timer(LoopTimer);
    let (notes, log) = (Notes::open().await?, Log::start()?);
    let (connections, requests) = (Cell::new(0), Cell::new(0));
    let server = Rc::new(Server { http, patience, notes, log, connections, requests });

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    print_line(format_args!("listening on {}", listener.local_addr()?))?;
    let graceful = GracefulShutdown::new();
    race((stopped(signals), accept(&listener, &server, &graceful))).await?;

    drop(listener);
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        server.log.line(format_args!("some requests took too long and were abandoned"));
    }
    let (requests, connections) = (server.requests.get(), server.connections.get());
    print_line(format_args!("{requests} requests on {connections} connections"))?;
    Ok(())
}

/// Accepts connections until its future is dropped.
async fn accept(
    listener: &TcpListener,
    server: &Rc<Server>,
    graceful: &GracefulShutdown,
) -> io::Result<()> {
    let places = places();
    loop {
        let place = places.acquire_arc().await;
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let (server, watcher) = (Rc::clone(server), graceful.watcher());
                spawn(connection(stream, server, watcher, place)).detach();
            }
            // Descriptors may be exhausted. `accept` delays such errors, so this loop does not
            // spin.
            Err(error) => server.log.line(format_args!("a connection was not accepted: {error}")),
        }
    }
}

/// Serves a connection until its end. `watcher` closes the connection when the server stops.
async fn connection(
    stream: TcpStream,
    server: Rc<Server>,
    watcher: Watcher,
    _place: SemaphoreGuardArc,
) {
    server.connections.set(server.connections.get() + 1);
    let activity = Rc::new(Activity::default());
    let service = service_fn(|request| {
        server.requests.set(server.requests.get() + 1);
        activity.begin_request();
        let (server, activity) = (Rc::clone(&server), Rc::clone(&activity));
        async move { Ok::<_, Infallible>(routes::respond(request, &server, &activity).await) }
    });
    let stream = Recorded { stream, activity: Rc::clone(&activity) };
    let connection = watcher.watch(server.http.serve_connection(stream, service));
    // An error means that the client has disconnected, or that its request was not a valid one.
    let served = async { drop(connection.await) };
    race((served, activity.silence(server.patience))).await;
}
