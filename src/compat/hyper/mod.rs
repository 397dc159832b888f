//! HTTP with hyper 1, through hyper's `rt` traits. Available with the feature `hyper`.
//!
//! # The problem
//!
//! hyper has no runtime. It uses five traits to read, write, sleep and spawn: `Read`, `Write`,
//! `Timer`, `Sleep` and `Executor`.
//!
//! # The idea
//!
//! [`TcpStream`](crate::net::TcpStream) and [`UnixStream`](crate::net::UnixStream) implement `Read`
//! and `Write` themselves. [`Io`] implements these two traits for every other stream of the
//! `futures` traits, such as a TLS stream. [`LoopTimer`] uses the loop's clock, and
//! [`LoopExecutor`] spawns on the loop. Nothing needs to be `Send`: a service may share an `Rc`
//! among all its connections.
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
//!         http.timer(aside::compat::hyper::LoopTimer);
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
//! With the feature `hyper-client`, [`Connector`] makes the connections of hyper-util's client,
//! which keeps them open and uses them again.
//!
//! The examples `http_server`, `axum_server` and `http_client` are complete programs, with HTTP/2
//! and TLS.
//!
//! # Notes
//!
//! - hyper is used without its default features: add it to your program with the features that you
//!   need (`http1`, `http2`, `client`, `server`).
//! - hyper's timeouts follow the runtime's clock. With a virtual clock, a header that is minutes
//!   late times out at once.
//! - Resetting a timeout does not allocate.
//! - Dropping a connection's future drops the stream, and data in flight is lost. To lose no data,
//!   call `graceful_shutdown` and drive the connection's future until it is ready.
//! - The bytes of each read are copied once more than with `unsafe` code. This copy costs 0.03 s
//!   for each GiB. To avoid that copy, put hyper-util's `TokioIo` around a stream, with the feature
//!   `tokio-io`.
//!
//! # In reading order
//!
//! [`Io`], then [`LoopTimer`], then [`LoopExecutor`], then [`Connector`].

#[cfg(all(feature = "hyper-client", unix))]
mod client_stream;
#[cfg(all(feature = "hyper-client", unix))]
mod connector;
mod io;
mod loop_executor;
mod loop_timer;
#[cfg(all(feature = "net", unix))]
mod socket_traits;

#[cfg(all(feature = "hyper-client", unix))]
pub use client_stream::{ClientStream, Secured};
#[cfg(all(feature = "hyper-client", unix))]
pub use connector::{Connector, NoTls};
pub use io::Io;
pub use loop_executor::LoopExecutor;
pub use loop_timer::LoopTimer;
