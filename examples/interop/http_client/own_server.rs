//! A TLS server with a self-signed certificate.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use aside::compat::hyper::{Io, LoopExecutor, LoopTimer};
use aside::net::{TcpListener, TcpStream};
use aside::spawn;
use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::PrivateKeyDer;
use futures_rustls::rustls::{RootCertStore, ServerConfig};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::server::conn::auto;

type Done<T> = Result<T, Box<dyn Error>>;

/// Starts a server for one connection on this loop. Returns the URLs of two pages, and the
/// certificate to trust.
pub(crate) async fn start() -> Done<(Vec<Uri>, RootCertStore)> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = own.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der())?;
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let url = |page| format!("https://localhost:{port}/{page}").parse();
    let urls = vec![url("one")?, url("two")?];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    spawn(async move {
        let served = async {
            let (stream, _peer) = listener.accept().await?;
            serve(stream, &acceptor).await
        };
        if let Err(error) = served.await {
            eprintln!("the server: {error}");
        }
    })
    .detach();
    Ok((urls, roots))
}

async fn serve(stream: TcpStream, acceptor: &TlsAcceptor) -> Done<()> {
    let stream = Io::new(acceptor.accept(stream).await?);
    let mut http = auto::Builder::new(LoopExecutor);
    http.http1().timer(LoopTimer);
    http.http2().timer(LoopTimer);
    let served = http.serve_connection(stream, service_fn(page)).await;
    served.map_err(|error| -> Box<dyn Error> { error })
}

async fn page(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello over TLS\n".repeat(10_000))))
}
