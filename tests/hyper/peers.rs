//! Servers and clients of both versions of HTTP.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use aside::compat::hyper::{LoopExecutor, LoopTimer};
use aside::net::{TcpListener, TcpStream};
use aside::{JoinHandle, spawn};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};

/// A body of any type. It is not `Send`, because nothing here has to be `Send`.
pub(crate) type AnyBody = Pin<Box<dyn Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>>>>;

pub(crate) fn any<B>(body: B) -> AnyBody
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    Box::pin(body.map_err(Into::into))
}

pub(crate) fn text(text: impl Into<Bytes>) -> AnyBody {
    any(Full::new(text.into()))
}

/// A body that yields its chunks and then never ends.
pub(crate) struct Unending(pub(crate) Vec<&'static str>);

impl Body for Unending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.pop() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))))),
            None => Poll::Pending,
        }
    }
}

/// One version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Version {
    One,
    Two,
}

pub(crate) const BOTH: [Version; 2] = [Version::One, Version::Two];

/// The two ends of a connection.
pub(crate) async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// Serves one connection.
pub(crate) fn serve<S, F>(version: Version, stream: S, respond: F) -> JoinHandle<hyper::Result<()>>
where
    S: Read + Write + Unpin + 'static,
    F: AsyncFn(Request<Incoming>) -> Response<AnyBody> + 'static,
{
    let respond = Rc::new(respond);
    let service = service_fn(move |request| {
        let respond = Rc::clone(&respond);
        async move { Ok::<_, Infallible>(respond(request).await) }
    });
    match version {
        Version::One => {
            let mut http = server::conn::http1::Builder::new();
            spawn(http.timer(LoopTimer).serve_connection(stream, service))
        }
        Version::Two => {
            let mut http = server::conn::http2::Builder::new(LoopExecutor);
            spawn(http.timer(LoopTimer).serve_connection(stream, service))
        }
    }
}

/// The client's end of a connection. A task drives the connection.
pub(crate) enum Sender {
    One(client::conn::http1::SendRequest<AnyBody>),
    Two(client::conn::http2::SendRequest<AnyBody>),
}

pub(crate) async fn connect<S>(
    version: Version,
    stream: S,
) -> (Sender, JoinHandle<hyper::Result<()>>)
where
    S: Read + Write + Unpin + 'static,
{
    match version {
        Version::One => {
            let (sender, connection) = client::conn::http1::handshake(stream).await.unwrap();
            (Sender::One(sender), spawn(connection))
        }
        Version::Two => {
            let (sender, connection) =
                client::conn::http2::handshake(LoopExecutor, stream).await.unwrap();
            (Sender::Two(sender), spawn(connection))
        }
    }
}

impl Sender {
    pub(crate) async fn send(&mut self, path: &str, body: AnyBody) -> Response<Incoming> {
        self.try_send(path, body).await.unwrap()
    }

    pub(crate) async fn try_send(
        &mut self,
        path: &str,
        body: AnyBody,
    ) -> hyper::Result<Response<Incoming>> {
        let post = |uri: String| Request::post(uri).header("host", "localhost").body(body).unwrap();
        match self {
            Sender::One(sender) => {
                sender.ready().await?;
                sender.send_request(post(path.to_owned())).await
            }
            Sender::Two(sender) => {
                sender.ready().await?;
                sender.send_request(post(format!("http://localhost{path}"))).await
            }
        }
    }
}

/// Returns the complete body as text.
pub(crate) async fn read(response: Response<Incoming>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.into()).unwrap()
}
