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
//! ADDRESS`. The server stops on ctrl-c, at the first line of its stdin, or at the end of its
//! stdin. It then accepts no more connections, answers the open requests, and prints how many
//! requests it has served. A second ctrl-c ends the server at once.

#[path = "http_server/notes.rs"]
mod notes;
#[path = "http_server/routes.rs"]
mod routes;

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use aside::compat::hyper::{LoopExecutor, LoopTimer};
use aside::io::stdio;
use aside::net::{TcpListener, TcpStream};
use aside::signal::{CtrlC, Signal, ctrl_c};
use aside::{race, spawn, timeout};
use futures_lite::AsyncBufReadExt;
use futures_lite::io::BufReader;
use hyper::service::service_fn;
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};

use crate::notes::Notes;

type Done<T> = Result<T, Box<dyn Error>>;

/// The time limit for the open requests when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// The time limit for the header of a request.
const HEADER_TIME_MAX: Duration = Duration::from_secs(30);

/// The state of all connections. It stays on one thread, so it consists of cells.
struct Server {
    http: auto::Builder<LoopExecutor>,
    notes: Notes,
    connections: Cell<u64>,
    requests: Cell<u64>,
}

fn main() -> Done<()> {
    let port = port(std::env::args().skip(1))?;
    aside::run(serve(port))
}

fn port(mut arguments: impl Iterator<Item = String>) -> Done<u16> {
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(0),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("usage: http_server [--port NUMBER]".into()),
    }
}

async fn serve(port: u16) -> Done<()> {
    let mut http = auto::Builder::new(LoopExecutor);
    http.http1().timer(LoopTimer).header_read_timeout(HEADER_TIME_MAX);
    http.http2().timer(LoopTimer);
    let notes = Notes::open().await?;
    let (connections, requests) = (Cell::new(0), Cell::new(0));
    let server = Rc::new(Server { http, notes, connections, requests });

    let mut interrupt = ctrl_c();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    print_line(format_args!("listening on {}", listener.local_addr()?))?;
    let graceful = GracefulShutdown::new();
    let mut line = String::new();
    let mut stdin = BufReader::new(stdio::stdin());
    let stdin_ends = async { stdin.read_line(&mut line).await.map(drop) };
    race((&mut interrupt, stdin_ends, accept(&listener, &server, &graceful))).await?;

    drop(listener);
    finish(interrupt, graceful).await?;
    let (requests, connections) = (server.requests.get(), server.connections.get());
    print_line(format_args!("{requests} requests on {connections} connections"))?;
    Ok(())
}

/// Waits for the open requests, unless ctrl-c is pressed again.
async fn finish(interrupt: CtrlC, graceful: GracefulShutdown) -> io::Result<()> {
    let at_once = async {
        interrupt.await?;
        // The program still handles SIGINT, so the signal alone would not end it.
        Signal::INT.act_by_default()
    };
    let all_ended = async {
        if timeout(GRACE, graceful.shutdown()).await.is_err() {
            eprintln!("some requests took too long and were abandoned");
        }
        Ok(())
    };
    race((at_once, all_ended)).await
}

/// Accepts connections until its future is dropped.
async fn accept(
    listener: &TcpListener,
    server: &Rc<Server>,
    graceful: &GracefulShutdown,
) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => {
                spawn(connection(stream, Rc::clone(server), graceful.watcher())).detach();
            }
            // Descriptors may be exhausted. `accept` delays such errors, so this loop does not
            // spin.
            Err(error) => eprintln!("a connection was not accepted: {error}"),
        }
    }
}

/// Serves a connection until its end. `watcher` closes the connection when the server stops.
async fn connection(stream: TcpStream, server: Rc<Server>, watcher: Watcher) {
    server.connections.set(server.connections.get() + 1);
    let service = service_fn(|request| {
        let server = Rc::clone(&server);
        async move {
            server.requests.set(server.requests.get() + 1);
            Ok::<_, Infallible>(routes::respond(request, &server.notes).await)
        }
    });
    let connection = server.http.serve_connection(stream, service);
    // An error means that the client has disconnected, or that its request was not a valid one.
    let _broken_off = watcher.watch(connection).await;
}

/// Prints a line and flushes it, because stdout may be a pipe.
fn print_line(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
