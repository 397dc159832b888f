//! A web application: axum on aside, with blocking work on the pool and graceful shutdown.
//!
//! ```sh
//! cargo run --release --package interop --example axum_server -- --port 7007
//! curl http://127.0.0.1:7007/hello/world
//! curl http://127.0.0.1:7007/hash --data-binary @Cargo.lock    # BLAKE3, on the pool
//! curl http://127.0.0.1:7007/sleep/500                         # milliseconds
//! ```
//!
//! Without `--port` the system chooses a free port. The first line printed is `listening on
//! ADDRESS`. The server stops on ctrl-c or `SIGTERM`. It then accepts no more connections, answers
//! the open requests, and prints how many requests it has served. A second ctrl-c ends the server
//! at once.
//!
//! axum's own server, `axum::serve`, is for tokio. A router is a service of `tower`, which
//! hyper-util's server calls. axum requires that the futures of its handlers are `Send`; those of
//! aside are.

#[path = "../shared/servers.rs"]
mod servers;

use std::error::Error;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aside::compat::hyper::{LoopExecutor, LoopTimer};
use aside::net::{TcpListener, TcpStream};
use aside::{race, sleep, spawn, spawn_blocking, timeout};
use async_lock::SemaphoreGuardArc;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;

use crate::servers::{Log, places, print_line, stop_signals, stopped};

type Done<T> = Result<T, Box<dyn Error>>;

/// The time limit for the open requests when the server stops. Docker kills after ten seconds.
const GRACE: Duration = Duration::from_secs(8);
/// The time limit for the header of a request.
const HEADER_MAX: Duration = Duration::from_secs(10);
/// The maximum length of a body that is hashed.
const BODY_MAX: usize = 16 * 1024 * 1024;
/// The maximum delay of a page.
const DELAY_MAX: Duration = Duration::from_secs(60);

/// The number of requests, which all handlers share. axum requires that it is `Send`.
type Requests = Arc<AtomicU64>;

fn main() -> Done<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match &arguments[..] {
        [] => 0,
        [name, port] if name == "--port" => port.parse()?,
        _ => return Err("usage: axum_server [--port NUMBER]".into()),
    };
    aside::run(serve(port))
}

fn application(requests: Requests) -> Router {
    Router::new()
        .route("/hello/{name}", get(hello))
        .route("/hash", post(hash))
        .route("/sleep/{milliseconds}", get(delayed))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(requests, count))
}

async fn count(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    requests.fetch_add(1, Ordering::Relaxed);
    next.run(request).await
}

async fn hello(Path(name): Path<String>) -> String {
    format!("hello, {name}\n")
}

/// Hashes the body on the pool, because hashing megabytes would stall all connections.
async fn hash(body: Bytes) -> Result<String, StatusCode> {
    let hashed = spawn_blocking(move || blake3::hash(&body)).await;
    hashed.map(|hash| format!("{hash}\n")).map_err(|_cancelled| StatusCode::SERVICE_UNAVAILABLE)
}

async fn delayed(Path(milliseconds): Path<u64>) -> String {
    let delay = Duration::from_millis(milliseconds).min(DELAY_MAX);
    sleep(delay).await;
    format!("slept for {} ms\n", delay.as_millis())
}

async fn serve(port: u16) -> Done<()> {
    let signals = stop_signals()?;
    let requests = Requests::default();
    let application = application(Arc::clone(&requests));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    print_line(format_args!("listening on {}", listener.local_addr()?))?;
    let (log, graceful) = (Log::start()?, GracefulShutdown::new());
    race((stopped(signals), accept(&listener, &application, &graceful, &log))).await?;

    drop(listener);
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        log.line(format_args!("some requests took too long and were abandoned"));
    }
    print_line(format_args!("{} requests", requests.load(Ordering::Relaxed)))?;
    Ok(())
}

/// Accepts connections until its future is dropped.
async fn accept(
    listener: &TcpListener,
    application: &Router,
    graceful: &GracefulShutdown,
    log: &Log,
) -> io::Result<()> {
    let places = places();
    loop {
        let place = places.acquire_arc().await;
        match listener.accept().await {
            Ok((stream, _peer)) => {
                spawn(connection(stream, application.clone(), graceful.watcher(), place)).detach();
            }
            // Descriptors may be exhausted. `accept` delays such errors, so this loop does not
            // spin.
            Err(error) => log.line(format_args!("a connection was not accepted: {error}")),
        }
    }
}

/// Serves a connection until its end. `watcher` closes the connection when the server stops.
async fn connection(
    stream: TcpStream,
    application: Router,
    watcher: Watcher,
    _place: SemaphoreGuardArc,
) {
    let mut http = auto::Builder::new(LoopExecutor);
    http.http1().timer(LoopTimer).header_read_timeout(HEADER_MAX);
    http.http2().timer(LoopTimer);
    let connection = http.serve_connection(stream, TowerToHyperService::new(application));
    // An error means that the client has disconnected, or that its request was not a valid one.
    let _disconnected = watcher.watch(connection).await;
}
