//! The smallest HTTP service, by hyper, for the runtimes.

use std::convert::Infallible;
use std::io::Result;
use std::net::TcpListener;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::Http;
use crate::load::HELLO;
use crate::peers::{Aside, Form, OnTokio, Runtime};

async fn hello(
    _request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from(HELLO)))
}

impl Http for Aside {
    fn hello(listener: TcpListener) {
        let served: Result<()> = aside::run(async {
            let listener = aside::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                let connection = http1::Builder::new().serve_connection(stream, service_fn(hello));
                aside::spawn(connection).detach();
            }
        });
        served.expect("the listener accepts");
    }
}

impl<F: Form> Http for OnTokio<F> {
    fn hello(listener: TcpListener) {
        let served: Result<()> = Self::block_on(async move {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                let stream = TokioIo::new(stream);
                let connection = http1::Builder::new().serve_connection(stream, service_fn(hello));
                F::spawn(connection);
            }
        });
        served.expect("the listener accepts");
    }
}
