//! [`Connector`]: the connections of hyper-util's pooled client.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

use super::client_stream::{ClientStream, Secured};
use crate::net::TcpStream;

/// Connects [hyper-util's client][client], which keeps connections open and uses them again.
/// Available with the feature `hyper-client`.
///
/// [client]: https://docs.rs/hyper-util/latest/hyper_util/client/legacy/struct.Client.html
///
/// The connections are those of [`TcpStream::connect`]: names are looked up on the pool, and the
/// addresses of a host are tried concurrently. They send without delay (`TCP_NODELAY`).
///
/// ```no_run
/// use aside::compat::hyper::{Connector, LoopExecutor, LoopTimer};
/// use http_body_util::{BodyExt, Empty};
/// use hyper::body::Bytes;
/// use hyper_util::client::legacy::Client;
///
/// aside::run(async {
///     let mut builder = Client::builder(LoopExecutor);
///     // The timer closes idle connections.
///     let client = builder.pool_timer(LoopTimer).build::<_, Empty<Bytes>>(Connector::new());
///     for page in ["one", "two"] {
///         // The second request uses the connection of the first one.
///         let url = format!("http://127.0.0.1:7007/{page}").parse()?;
///         let body = client.get(url).await?.collect().await?.to_bytes();
///         println!("{} bytes", body.len());
///     }
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A connection fails with the errors of [`TcpStream::connect`], and with
/// [`InvalidInput`](io::ErrorKind::InvalidInput) if the URL does not begin with `http://HOST`, or
/// with `https://HOST` after [`with_tls`](Connector::with_tls).
#[derive(Clone, Copy, Debug, Default)]
pub struct Connector<T = NoTls> {
    tls: T,
}

/// The TLS of a [`Connector`] that connects to `http` URLs only.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTls;

impl Connector {
    /// Makes a connector for `http` URLs.
    pub fn new() -> Connector {
        Connector::default()
    }

    /// Makes a connector for `https` URLs, too. For each of their connections it calls `handshake`
    /// with the name of the host and the TCP stream. `handshake` returns the stream of a TLS
    /// library of the program's choice. The example `http_client` uses rustls:
    ///
    /// ```text
    /// let connector = Connector::new().with_tls(move |host: String, stream| {
    ///     let tls = futures_rustls::TlsConnector::from(Arc::clone(&config));
    ///     async move {
    ///         let name = ServerName::try_from(host).map_err(io::Error::other)?;
    ///         let stream = tls.connect(name, stream).await?;
    ///         let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    ///         Ok(Secured::new(stream).negotiated_h2(is_http2))
    ///     }
    /// });
    /// ```
    pub fn with_tls<F, H, S>(self, handshake: F) -> Connector<F>
    where
        F: Fn(String, TcpStream) -> H,
        H: Future<Output = io::Result<Secured<S>>>,
    {
        Connector { tls: handshake }
    }
}

/// The peer of a connection.
struct Target {
    host: String,
    port: u16,
    is_https: bool,
}

impl Target {
    fn of(url: &Uri) -> io::Result<Target> {
        let (is_https, port) = match url.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(invalid("the URL begins neither with http:// nor with https://")),
        };
        let host = url.host().ok_or_else(|| invalid("the URL has no host"))?;
        // An IPv6 address is in brackets.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Target { host, port: url.port_u16().unwrap_or(port), is_https })
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// A connection that is being made.
type Connecting<S> = Pin<Box<dyn Future<Output = io::Result<ClientStream<S>>> + Send>>;

impl Service<Uri> for Connector<NoTls> {
    type Response = ClientStream;
    type Error = io::Error;
    type Future = Connecting<TcpStream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        Box::pin(async move {
            let target = Target::of(&url)?;
            if target.is_https {
                return Err(invalid("https:// needs `Connector::with_tls`"));
            }
            Ok(ClientStream::plain(target.connect().await?))
        })
    }
}

impl<F, H, S> Service<Uri> for Connector<F>
where
    F: Fn(String, TcpStream) -> H + Clone + Send + 'static,
    H: Future<Output = io::Result<Secured<S>>> + Send + 'static,
    S: Send + 'static,
{
    type Response = ClientStream<S>;
    type Error = io::Error;
    type Future = Connecting<S>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let handshake = self.tls.clone();
        Box::pin(async move {
            let target = Target::of(&url)?;
            let stream = target.connect().await?;
            if target.is_https {
                handshake(target.host, stream).await.map(ClientStream::secured)
            } else {
                Ok(ClientStream::plain(stream))
            }
        })
    }
}

impl<S> Connection for ClientStream<S> {
    fn connected(&self) -> Connected {
        if self.is_http2() { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}
