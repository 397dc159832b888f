//! HTTP by hyper 1: its `rt` traits, with which it runs on any runtime. With the feature `hyper`.
//!
//! # The problem
//!
//! hyper has no runtime. What reads, writes, waits for a time or starts a task it is handed, by
//! five traits: `Read`, `Write`, `Timer`, `Sleep` and `Executor`.
//!
//! # The idea
//!
//! [`TcpStream`](crate::net::TcpStream) and [`UnixStream`](crate::net::UnixStream) have the first
//! two themselves. [`Io`] gives them to any other stream of the `futures` traits, such as one of
//! TLS. [`Timer`] is the loop's clock, and [`Executor`] spawns on the loop. Nothing has to be
//! `Send`: a service may share an `Rc` among all its connections.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use aside::net::{TcpListener, TcpStream};
//! use http_body_util::{BodyExt, Empty, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::service::service_fn;
//! use hyper::{Request, Response, client, server};
//!
//! async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let name = request.uri().path().trim_start_matches('/');
//!     Ok(Response::new(Full::from(format!("hello, {name}"))))
//! }
//!
//! aside::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = aside::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         let mut http = server::conn::http1::Builder::new();
//!         http.timer(aside::compat::hyper::Timer);
//!         http.serve_connection(stream, service_fn(hello)).await?;
//!         Ok::<(), Box<dyn std::error::Error>>(())
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
//!     let connection = aside::spawn(connection);
//!     let request = Request::get("/world").header("host", "localhost");
//!     let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
//!     assert_eq!(response.status(), 200);
//!     assert_eq!(response.collect().await?.to_bytes(), "hello, world");
//!
//!     drop(sender);
//!     connection.await??;
//!     server.await?
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The examples `http_server` and `http_client` are whole programs, with HTTP/2 and TLS.
//!
//! # What holds
//!
//! - hyper is taken without its default features: add it to your program with those you need
//!   (`http1`, `http2`, `client`, `server`).
//! - hyper's time limits follow the clock of the runtime. By a virtual clock a header that is late
//!   by minutes is late at once.
//! - A time limit that is set anew keeps its memory.
//! - Dropping a connection's future drops the stream, and what was in flight is lost. To end in
//!   order, call `graceful_shutdown` and drive it to its end.
//! - Each read is copied once more than by code with `unsafe`, which costs some 0.03 s for a GiB.
//!   Where that counts, hyper-util's `TokioIo` around one of our streams leaves it out: they have
//!   tokio's traits by the feature `tokio-io`.
//!
//! # In reading order
//!
//! [`Io`], then [`Timer`], then [`Executor`].

mod io;
mod loop_executor;
#[cfg(all(feature = "net", unix))]
mod socket_traits;
mod timer;

pub use io::Io;
pub use loop_executor::Executor;
pub use timer::Timer;
