//! hyper-util's pooled client over `Connector`: connections are kept, used again, and closed.

use std::cell::Cell;
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use aside::compat::hyper::{Connector, LoopExecutor, LoopTimer, Secured};
use aside::net::{TcpListener, TcpStream};
use aside::time::Clock;
use aside::{Runtime, gather, sleep, spawn};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Response, Uri};
use hyper_util::client::legacy::{Builder, Client};
use runtime_core::sync::Mutex;

use crate::peers::{Version, serve, text};
use crate::watchdog::watched;

/// The bytes that a client sends in place of a TLS handshake.
const HELLO: &[u8] = b"client hello";

/// The connections that a server has accepted.
type Accepted = Rc<Cell<usize>>;

/// Serves connections, which begin with `hello`. Returns the authority of the server.
async fn server(version: Version, hello: &'static [u8]) -> (String, Accepted) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let accepted = Accepted::default();
    let count = Rc::clone(&accepted);
    spawn(async move {
        loop {
            let (mut stream, _peer) = listener.accept().await.unwrap();
            count.set(count.get() + 1);
            let mut begun = vec![0; hello.len()];
            stream.read_exact(&mut begun).await.unwrap();
            assert_eq!(begun, hello);
            let answer = async |request: hyper::Request<_>| {
                Response::new(text(request.uri().path().to_owned()))
            };
            serve(version, stream, answer).detach();
        }
    })
    .detach();
    (authority, accepted)
}

fn builder() -> Builder {
    let mut builder = Client::builder(LoopExecutor);
    builder.pool_timer(LoopTimer).timer(LoopTimer);
    builder
}

/// Requests a page, and checks the response.
macro_rules! get {
    ($client:expr, $url:expr) => {{
        let (client, url) = (&$client, $url.parse::<Uri>().unwrap());
        async move {
            let response = client.get(url.clone()).await.unwrap();
            let body = response.collect().await.unwrap().to_bytes();
            assert_eq!(body, url.path());
        }
    }};
}

#[test]
fn requests_one_after_the_other_use_one_connection() {
    watched(|| {
        aside::run(async {
            let (authority, accepted) = server(Version::One, b"").await;
            let client = builder().build::<_, Empty<Bytes>>(Connector::new());
            for number in 0..20 {
                get!(client, format!("http://{authority}/{number}")).await;
            }
            assert_eq!(accepted.get(), 1);
        });
    });
}

#[test]
fn connections_of_concurrent_requests_are_used_again() {
    watched(|| {
        aside::run(async {
            let (authority, accepted) = server(Version::One, b"").await;
            let client = builder().build::<_, Empty<Bytes>>(Connector::new());
            let (authority, client) = (&authority, &client);
            let requests = |round| {
                let request =
                    move |number| get!(*client, format!("http://{authority}/{round}/{number}"));
                gather((0..8).map(request).collect::<Vec<_>>())
            };
            requests(0).await;
            let opened = accepted.get();
            assert!((2..=8).contains(&opened), "{opened}");
            for round in 1..5 {
                requests(round).await;
            }
            assert!(accepted.get() <= 8, "{}", accepted.get());
        });
    });
}

#[test]
fn an_idle_connection_is_closed_on_the_clock_of_the_runtime() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let (authority, accepted) = server(Version::One, b"").await;
            let mut builder = builder();
            // Less than the thirty seconds for which a server waits for a request.
            builder.pool_idle_timeout(Duration::from_secs(10));
            let client = builder.build::<_, Empty<Bytes>>(Connector::new());
            let url = format!("http://{authority}/page");
            get!(client, url).await;
            sleep(Duration::from_secs(5)).await;
            get!(client, url).await;
            assert_eq!(accepted.get(), 1);
            sleep(Duration::from_secs(20)).await;
            get!(client, url).await;
            assert_eq!(accepted.get(), 2);
        });
    });
}

#[test]
fn https_connections_begin_with_the_handshake_of_the_program() {
    watched(|| {
        for version in [Version::One, Version::Two] {
            aside::run(async {
                let (plain, plain_accepted) = server(Version::One, b"").await;
                let (secret, secret_accepted) = server(version, HELLO).await;
                let hosts = Arc::new(Mutex::new(Vec::new()));
                let log = Arc::clone(&hosts);
                let handshake = move |host: String, mut stream: TcpStream| {
                    log.lock().push(host);
                    async move {
                        stream.write_all(HELLO).await?;
                        Ok(Secured::new(stream).negotiated_h2(version == Version::Two))
                    }
                };
                let connector = Connector::new().with_tls(handshake);
                let client = builder().build::<_, Empty<Bytes>>(connector);
                for number in 0..5 {
                    get!(client, format!("http://{plain}/{number}")).await;
                    get!(client, format!("https://{secret}/{number}")).await;
                }
                assert_eq!((plain_accepted.get(), secret_accepted.get()), (1, 1));
                assert_eq!(*hosts.lock(), ["127.0.0.1"]);
            });
        }
    });
}

/// Returns the message of the last cause.
async fn failure(url: &str) -> (io::ErrorKind, String) {
    let client = builder().build::<_, Empty<Bytes>>(Connector::new());
    let error = client.get(url.parse().unwrap()).await.unwrap_err();
    let mut cause: &(dyn Error + 'static) = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let cause = cause.downcast_ref::<io::Error>().expect("an error of the connector");
    (cause.kind(), cause.to_string())
}

#[test]
fn a_connection_that_cannot_be_made_is_an_error() {
    watched(|| {
        aside::run(async {
            let (kind, message) = failure("https://127.0.0.1/").await;
            assert_eq!(kind, io::ErrorKind::InvalidInput);
            assert!(message.contains("with_tls"), "{message}");
            let (kind, message) = failure("ftp://127.0.0.1/").await;
            assert_eq!(kind, io::ErrorKind::InvalidInput);
            assert!(message.contains("http://"), "{message}");
            // Nothing listens on a port that was bound and closed.
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let authority = listener.local_addr().unwrap();
            drop(listener);
            let (kind, _) = failure(&format!("http://{authority}/")).await;
            assert_eq!(kind, io::ErrorKind::ConnectionRefused);
        });
    });
}
