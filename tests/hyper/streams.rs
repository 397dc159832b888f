//! Streams under HTTP, and streams over an upgraded HTTP connection.

use std::pin::Pin;
use std::task::{Context, Poll};

use aside::compat::hyper::{Io, LoopTimer};
use aside::net::UnixStream;
use aside::{spawn, yield_now};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};

use crate::peers::{BOTH, Version, connect, connected, read, serve, text};
use crate::watchdog::watched;

#[test]
fn http_runs_over_unix_sockets() {
    watched(|| {
        for version in BOTH {
            aside::run(async {
                let (near, far) = UnixStream::pair().unwrap();
                let server = serve(version, far, async |_| Response::new(text("by a path")));
                let (mut sender, _connection) = connect(version, near).await;
                assert_eq!(read(sender.send("/", text("")).await).await, "by a path");
                drop(sender);
                server.await.unwrap().unwrap();
            });
        }
    });
}

// Readers are nested, and each except the innermost one has a buffer.
#[test]
fn http_runs_over_any_stream_of_the_futures_traits_however_wrapped() {
    watched(|| {
        for version in BOTH {
            aside::run(async {
                let (near, far) = connected().await;
                let wrapped = Io::new(Io::new(Io::new(far)));
                let server = serve(version, wrapped, async |request| {
                    Response::new(crate::peers::any(request.into_body()))
                });
                let (mut sender, connection) = connect(version, Io::new(near)).await;
                let sent = "0123456789".repeat(100_000);
                let response = sender.send("/", text(sent.clone())).await;
                assert!(read(response).await == sent);
                drop(sender);
                connection.await.unwrap().unwrap();
                server.await.unwrap().unwrap();
            });
        }
    });
}

/// A reader that panics at its first read.
struct Bad;

impl AsyncRead for Bad {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        panic!("as meant")
    }
}

#[test]
fn a_reader_that_panics_leaves_the_others_on_its_thread_as_they_were() {
    watched(|| {
        aside::run(async {
            // The reader is converted to the traits of hyper and back.
            let bad = spawn(async { Io::new(Io::new(Bad)).read(&mut [0; 8]).await });
            assert!(bad.await.unwrap_err().is_panic());
            let (near, far) = connected().await;
            let server = serve(Version::One, far, async |_| Response::new(text("well")));
            let (mut sender, _connection) = connect(Version::One, near).await;
            assert_eq!(read(sender.send("/", text("")).await).await, "well");
            drop(sender);
            server.await.unwrap().unwrap();
        });
    });
}

/// Upgrades the connection to an echo protocol.
async fn switch(request: Request<Incoming>) -> hyper::Result<Response<Empty<Bytes>>> {
    spawn(async move {
        let mut stream = Io::new(hyper::upgrade::on(request).await.unwrap());
        let mut buffer = [0; 1000];
        loop {
            let length = stream.read(&mut buffer).await.unwrap();
            if length == 0 {
                return stream.close().await.unwrap();
            }
            stream.write_all(&buffer[..length]).await.unwrap();
        }
    })
    .detach();
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    Ok(response.header("upgrade", "echo").body(Empty::new()).unwrap())
}

#[test]
fn an_upgraded_connection_is_a_stream_of_the_futures_traits() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let mut http = server::conn::http1::Builder::new();
            let server = http.timer(LoopTimer).serve_connection(far, service_fn(switch));
            let server = spawn(server.with_upgrades());
            let (mut sender, connection) = client::conn::http1::handshake(near).await.unwrap();
            spawn(connection.with_upgrades()).detach();
            let request = Request::get("/").header("host", "localhost").header("upgrade", "echo");
            let request = request.header("connection", "upgrade").body(Empty::<Bytes>::new());
            let response = sender.send_request(request.unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
            server.await.unwrap().unwrap();

            let mut stream = Io::new(hyper::upgrade::on(response).await.unwrap());
            for length in [1, 999, 1000, 1001, 5000] {
                let sent = vec![length as u8; length];
                stream.write_all(&sent).await.unwrap();
                stream.flush().await.unwrap();
                let mut echoed = vec![0; length];
                stream.read_exact(&mut echoed).await.unwrap();
                assert!(echoed == sent);
                yield_now().await;
            }
            stream.close().await.unwrap();
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        });
    });
}
