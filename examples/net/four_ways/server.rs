//! A slow HTTP server.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::time::Duration;

use aside::compat::hyper::LoopTimer;
use aside::net::TcpListener;
use aside::{race, sleep, spawn, spawn_blocking};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::Done;

/// The body of every answer.
pub(crate) const ANSWER: &str = "hello\n";

/// Serves until stdin ends.
pub(crate) fn serve(one_call: Duration) -> Done<()> {
    aside::run(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on {}", listener.local_addr()?);
        io::stdout().flush()?;
        let stdin = spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
        let stdin_ends = async { stdin.await.map(drop).map_err(io::Error::other) };
        race((stdin_ends, accept(&listener, one_call))).await?;
        Ok(())
    })
}

async fn accept(listener: &TcpListener, one_call: Duration) -> io::Result<()> {
    let answer = move |_: Request<Incoming>| async move {
        sleep(one_call).await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(ANSWER)))
    };
    loop {
        let (stream, _peer) = listener.accept().await?;
        let mut http = http1::Builder::new();
        let connection = http.timer(LoopTimer).serve_connection(stream, service_fn(answer));
        spawn(async { connection.await.unwrap_or_default() }).detach();
    }
}
