//! The answers to the requests.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use aside::{sleep, timeout};
use futures_lite::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{self, Body as _, Bytes, Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Request, Response, StatusCode};

use crate::Server;
use crate::activity::Activity;
use crate::notes::Failure;

/// The body of a response: a page, a delayed page, or the body of the request.
pub(crate) type Body = Pin<Box<dyn body::Body<Data = Bytes, Error = hyper::Error>>>;

/// The maximum length of a note.
const NOTE_MAX: usize = 16 * 1024;

/// The maximum delay of a page. The server does not disconnect a client that waits for it, so
/// without a limit a few clients could occupy all connections for ever.
const DELAY_MAX: Duration = Duration::from_secs(60);

pub(crate) async fn respond(
    request: Request<Incoming>,
    server: &Server,
    activity: &Rc<Activity>,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, path) => get(path, server, activity).await,
        (&Method::HEAD, path) => without_body(get(path, server, activity).await),
        (&Method::POST | &Method::PUT, "/echo") => Response::new(Box::pin(request.into_body())),
        (&Method::POST, "/notes") => add(server, activity, request.into_body()).await,
        (_, "/" | "/echo" | "/notes") => {
            page(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n")
        }
        (_, _) => page(StatusCode::NOT_FOUND, "no such page\n"),
    }
}

async fn get(path: &str, server: &Server, activity: &Rc<Activity>) -> Response<Body> {
    match (path, path.strip_prefix("/sleep/").map(str::parse)) {
        ("/", _) => page(StatusCode::OK, "hello\n"),
        ("/notes", _) => list(server, activity).await,
        ("/echo", _) => page(StatusCode::METHOD_NOT_ALLOWED, "send a POST request\n"),
        (_, Some(Ok(milliseconds))) => delayed(milliseconds, activity),
        (_, Some(Err(_no_number))) => page(StatusCode::BAD_REQUEST, "/sleep/MILLISECONDS\n"),
        (_, None) => page(StatusCode::NOT_FOUND, "no such page\n"),
    }
}

fn page(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(text.into()).map_err(|never: Infallible| match never {});
    let mut response = Response::<Body>::new(Box::pin(body));
    *response.status_mut() = status;
    response
}

/// Removes the body, and states its length in the header. (In HTTP/1 hyper does this itself.)
fn without_body(mut response: Response<Body>) -> Response<Body> {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    let empty = Full::default().map_err(|never: Infallible| match never {});
    response.map(|_| -> Body { Box::pin(empty) })
}

/// Sends the header at once, and the body after the time has passed, or after [`DELAY_MAX`].
fn delayed(milliseconds: u64, activity: &Rc<Activity>) -> Response<Body> {
    let delay = Duration::from_millis(milliseconds).min(DELAY_MAX);
    let owed = activity.owe();
    let frame = async move {
        sleep(delay).await;
        drop(owed);
        Ok(Frame::data(Bytes::from(format!("slept for {} ms\n", delay.as_millis()))))
    };
    Response::new(Box::pin(StreamBody::new(stream::once_future(frame))))
}

async fn list(server: &Server, activity: &Rc<Activity>) -> Response<Body> {
    let _owed = activity.owe();
    match server.notes.latest().await {
        Ok(texts) => {
            let lines: String = texts.iter().map(|text| format!("{text}\n")).collect();
            page(StatusCode::OK, lines)
        }
        Err(failure) => failed(&failure, server),
    }
}

async fn add(server: &Server, activity: &Rc<Activity>, body: Incoming) -> Response<Body> {
    let body = match timeout(server.patience, Limited::new(body, NOTE_MAX).collect()).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return page(StatusCode::PAYLOAD_TOO_LARGE, "the note is too long or incomplete\n");
        }
        Err(_elapsed) => return page(StatusCode::REQUEST_TIMEOUT, "the note took too long\n"),
    };
    let _owed = activity.owe();
    let Ok(text) = String::from_utf8(body.to_bytes().into()) else {
        return page(StatusCode::BAD_REQUEST, "not UTF-8\n");
    };
    match server.notes.add(text).await {
        Ok(number) => page(StatusCode::CREATED, format!("note {number}\n")),
        Err(failure) => failed(&failure, server),
    }
}

fn failed(failure: &Failure, server: &Server) -> Response<Body> {
    match failure {
        Failure::Busy => page(StatusCode::SERVICE_UNAVAILABLE, "too many requests for notes\n"),
        Failure::Broken(error) => {
            server.log.line(format_args!("the notes: {error}"));
            page(StatusCode::INTERNAL_SERVER_ERROR, "the notes cannot be read\n")
        }
    }
}
