//! One request and its response.

use std::error::Error;
use std::sync::Arc;

use aside::compat::hyper::{Io, LoopExecutor};
use aside::net::TcpStream;
use futures_rustls::TlsConnector;
use futures_rustls::pki_types::ServerName;
use futures_rustls::rustls::{ClientConfig, RootCertStore};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::HOST;
use hyper::rt::{Read, Write};
use hyper::{Request, Response, StatusCode, Uri, Version, client};

type Done<T> = Result<T, Box<dyn Error>>;

pub(crate) struct Fetched {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    pub(crate) length: u64,
}

/// Requests a URL, and counts the bytes of the body.
pub(crate) async fn fetch(url: &Uri, roots: RootCertStore) -> Done<Fetched> {
    let authority = url.authority().ok_or("the URL has no host")?;
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    match url.scheme_str() {
        Some("http") => {
            let stream = TcpStream::connect((host, url.port_u16().unwrap_or(80))).await?;
            by_http1(stream, url).await
        }
        Some("https") => {
            let stream = TcpStream::connect((host.clone(), url.port_u16().unwrap_or(443))).await?;
            let name = ServerName::try_from(host)?;
            let stream = TlsConnector::from(config(roots)).connect(name, stream).await?;
            // The protocol that client and server have negotiated.
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let stream = Io::new(stream);
            if is_http2 { by_http2(stream, url).await } else { by_http1(stream, url).await }
        }
        _ => Err("the URL must start with http:// or https://".into()),
    }
}

fn config(roots: RootCertStore) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Sends the request by HTTP/1, which names the path in the request line and the host in a header.
async fn by_http1<S>(stream: S, url: &Uri) -> Done<Fetched>
where
    S: Read + Write + Unpin + 'static,
{
    let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
    let connection = aside::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path).header(HOST, host).body(Empty::<Bytes>::new())?;
    let fetched = read(sender.send_request(request).await?).await?;
    drop(sender);
    // Waits until the connection is closed.
    connection.await??;
    Ok(fetched)
}

/// Sends the request by HTTP/2, which names the complete URL.
async fn by_http2<S>(stream: S, url: &Uri) -> Done<Fetched>
where
    S: Read + Write + Unpin + 'static,
{
    let (mut sender, connection) = client::conn::http2::handshake(LoopExecutor, stream).await?;
    let connection = aside::spawn(connection);
    let request = Request::get(url).body(Empty::<Bytes>::new())?;
    let fetched = read(sender.send_request(request).await?).await?;
    drop(sender);
    connection.await??;
    Ok(fetched)
}

/// Reads the body frame by frame, so that its length does not matter.
async fn read(mut response: Response<Incoming>) -> Done<Fetched> {
    let mut length = 0;
    while let Some(frame) = response.body_mut().frame().await {
        length += frame?.data_ref().map_or(0, |bytes| bytes.len() as u64);
    }
    Ok(Fetched { version: response.version(), status: response.status(), length })
}
