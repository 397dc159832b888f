//! The pooled client, and one request of it.

use std::error::Error;
use std::io;
use std::sync::Arc;

use aside::compat::hyper::{Connector, LoopExecutor, LoopTimer, Secured};
use aside::net::TcpStream;
use futures_rustls::TlsConnector;
use futures_rustls::pki_types::ServerName;
use futures_rustls::rustls::{ClientConfig, RootCertStore};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::{Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;

type Done<T> = Result<T, Box<dyn Error>>;

pub(crate) struct Fetched {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    pub(crate) length: u64,
}

/// Makes a client that trusts these certificates, and keeps its connections open.
pub(crate) fn client(
    roots: RootCertStore,
) -> Client<impl Connect + Clone + Send + Sync + 'static, Empty<Bytes>> {
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let tls = TlsConnector::from(Arc::new(config));
    let handshake = move |host: String, stream: TcpStream| {
        let tls = tls.clone();
        async move {
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            let stream = tls.connect(name, stream).await?;
            // The protocol that client and server have negotiated.
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Ok(Secured::new(stream).negotiated_h2(is_http2))
        }
    };
    let mut builder = Client::builder(LoopExecutor);
    // The timer closes idle connections.
    builder.pool_timer(LoopTimer).build(Connector::new().with_tls(handshake))
}

/// Requests a URL, and counts the bytes of the body.
pub(crate) async fn fetch<C>(client: &Client<C, Empty<Bytes>>, url: &Uri) -> Done<Fetched>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    read(client.get(url.clone()).await?).await
}

/// Reads the body frame by frame, so that its length does not matter.
async fn read(mut response: Response<Incoming>) -> Done<Fetched> {
    let mut length = 0;
    while let Some(frame) = response.body_mut().frame().await {
        length += frame?.data_ref().map_or(0, |bytes| bytes.len() as u64);
    }
    Ok(Fetched { version: response.version(), status: response.status(), length })
}
