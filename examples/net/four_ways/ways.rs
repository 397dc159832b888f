//! The four ways to make many calls.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use aside::net::TcpStream;
use aside::{Runtime, gather, spawn, spawn_blocking};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};

use crate::Done;
use crate::figures::{Figures, Measure, Ticker};
use crate::server::ANSWER;

pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Makes this many calls to a server.
    pub(crate) go: fn(SocketAddr, usize) -> Done<Figures>,
}

pub(crate) const WAYS: [Way; 4] = [
    Way { name: "in sequence", go: in_sequence },
    Way { name: "blocking, on the pool", go: on_the_pool },
    Way { name: "async, on the loop", go: natively },
    Way { name: "blocking, on the loop", go: on_the_loop },
];

/// An error that may come from another thread.
type Called = Result<(), Box<dyn Error + Send + Sync>>;

/// Makes a call with a blocking client. All threads share the client and its idle connections.
fn call_blocking(agent: &ureq::Agent, address: SocketAddr) -> Called {
    let answer = agent.get(format!("http://{address}/")).call()?.body_mut().read_to_string()?;
    if answer == ANSWER { Ok(()) } else { Err(format!("the answer was {answer:?}").into()) }
}

/// Makes a call with an async client, on a new connection.
async fn call_async(address: SocketAddr) -> Called {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(stream).await?;
    let connection = spawn(connection);
    let request = Request::get("/").header("host", address.to_string());
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = response.status();
    let answer = response.collect().await?.to_bytes();
    drop(sender);
    connection.await??;
    if status == StatusCode::OK && answer == ANSWER {
        Ok(())
    } else {
        Err(format!("the answer was {status}, {answer:?}").into())
    }
}

/// Makes the calls one after the other, without a runtime.
fn in_sequence(address: SocketAddr, calls: usize) -> Done<Figures> {
    let agent = ureq::agent();
    let measure = Measure::begin()?;
    for _ in 0..calls {
        call_blocking(&agent, address).map_err(|error| error.to_string())?;
    }
    measure.end(None)
}

/// Makes all calls at once. Each call blocks a thread of the pool.
fn on_the_pool(address: SocketAddr, calls: usize) -> Done<Figures> {
    in_a_loop(async move || {
        let agent = ureq::agent();
        let call = |_| {
            let agent = agent.clone();
            spawn_blocking(move || call_blocking(&agent, address))
        };
        let calls: Vec<_> = (0..calls).map(call).collect();
        gather(calls).await.into_iter().try_for_each(|call| call?)
    })
}

/// Makes all calls at once, as tasks on the thread of the loop.
fn natively(address: SocketAddr, calls: usize) -> Done<Figures> {
    in_a_loop(async move || {
        let calls: Vec<_> = (0..calls).map(|_| spawn(call_async(address))).collect();
        gather(calls).await.into_iter().try_for_each(|call| call?)
    })
}

/// Makes the mistake: the calls are gathered, but each call blocks the loop until its answer
/// arrives.
fn on_the_loop(address: SocketAddr, calls: usize) -> Done<Figures> {
    in_a_loop(async move || {
        let agent = ureq::agent();
        let call = |_| {
            let agent = agent.clone();
            spawn(async move { call_blocking(&agent, address) })
        };
        let calls: Vec<_> = (0..calls).map(call).collect();
        gather(calls).await.into_iter().try_for_each(|call| call?)
    })
}

/// Measures calls in a runtime while a ticker runs.
fn in_a_loop(calls: impl AsyncFnOnce() -> Called) -> Done<Figures> {
    // This setting keeps all threads alive until they are counted at the end.
    let runtime = Runtime::builder().keep_alive(Duration::from_secs(3600)).build();
    runtime.block_on(async {
        let measure = Measure::begin()?;
        let ticker = Ticker::start();
        calls().await.map_err(|error| error.to_string())?;
        measure.end(Some(ticker.stop().await?))
    })
}
