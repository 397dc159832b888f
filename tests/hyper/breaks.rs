//! Connections that end too early.

use std::cell::Cell;
use std::net;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use aside::net::TcpStream;
use aside::yield_now;
use futures_lite::future::poll_once;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Bytes, Frame};

use crate::peers::{BOTH, Unending, any, connect, connected, serve, text};
use crate::watchdog::watched;

/// Returns a second descriptor of the connection, to close the connection from outside.
fn knife(stream: &TcpStream) -> net::TcpStream {
    stream.as_fd().try_clone_to_owned().unwrap().into()
}

fn cut(knife: &net::TcpStream) {
    knife.shutdown(net::Shutdown::Both).unwrap();
}

/// A body that reports its drop.
struct Watched {
    body: Unending,
    dropped: Rc<Cell<bool>>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.dropped.set(true);
    }
}

#[test]
fn a_server_that_disconnects_during_a_body_is_an_error_of_the_reader() {
    watched(|| {
        for version in BOTH {
            aside::run(async {
                let (near, far) = connected().await;
                let server =
                    serve(version, far, async |_| Response::new(any(Unending(vec!["half of it"]))));
                let (mut sender, connection) = connect(version, near).await;
                let mut body = sender.send("/", text("")).await.into_body();
                let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
                assert_eq!(first, "half of it");
                server.abort();
                assert!(server.await.unwrap_err().is_cancelled());
                assert!(body.frame().await.unwrap().is_err(), "{version:?}");
                assert!(sender.try_send("/", text("")).await.is_err());
                // The result does not matter, as long as the connection ends.
                let _ended = connection.await.unwrap();
            });
        }
    });
}

#[test]
fn a_client_that_disconnects_during_a_body_makes_the_server_drop_the_body() {
    watched(|| {
        for version in BOTH {
            aside::run(async {
                let (near, far) = connected().await;
                let knife = knife(&near);
                let dropped = Rc::new(Cell::new(false));
                let of_body = Rc::clone(&dropped);
                let server = serve(version, far, async move |_| {
                    let body = Unending(vec!["half of it"]);
                    Response::new(any(Watched { body, dropped: Rc::clone(&of_body) }))
                });
                let (mut sender, connection) = connect(version, near).await;
                let mut body = sender.send("/", text("")).await.into_body();
                body.frame().await.unwrap().unwrap();
                assert!(!dropped.get());
                cut(&knife);
                let _ended = server.await.unwrap();
                assert!(body.frame().await.unwrap().is_err(), "{version:?}");
                let _ended = connection.await.unwrap();
                // In HTTP/2 the task of the request owns the body, and drops it last.
                while !dropped.get() {
                    yield_now().await;
                }
            });
        }
    });
}

#[test]
fn a_request_with_an_incomplete_body_is_an_error_of_its_service() {
    watched(|| {
        for version in BOTH {
            aside::run(async {
                let (near, far) = connected().await;
                let knife = knife(&near);
                let (began, broke) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
                let (begins, breaks) = (Rc::clone(&began), Rc::clone(&broke));
                let server = serve(version, far, async move |request| {
                    let mut body = request.into_body();
                    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
                    begins.set(true);
                    breaks.set(body.frame().await.unwrap().is_err());
                    Response::new(text(""))
                });
                let (mut sender, connection) = connect(version, near).await;
                let mut request = Box::pin(sender.try_send("/", any(Unending(vec!["half"]))));
                while !began.get() {
                    assert!(poll_once(&mut request).await.is_none());
                    yield_now().await;
                }
                cut(&knife);
                assert!(request.await.is_err(), "{version:?}");
                while !broke.get() {
                    yield_now().await;
                }
                let _ended = (server.await.unwrap(), connection.await.unwrap());
            });
        }
    });
}
