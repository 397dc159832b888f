//! The answers to the requests.

use std::convert::Infallible;
use std::time::Duration;

use aside::sleep;
use futures_lite::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Body as _, Bytes, Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Request, Response, StatusCode};

use crate::notes::{Failure, Notes};

/// The body of a response: a page, a delayed page, or the body of the request.
pub(crate) type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// The maximum length of a note.
const NOTE_MAX: usize = 16 * 1024;

pub(crate) async fn respond(request: Request<Incoming>, notes: &Notes) -> Response<Body> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, path) => get(path, notes).await,
        (&Method::HEAD, path) => without_body(get(path, notes).await),
        (&Method::POST | &Method::PUT, "/echo") => {
            Response::new(request.into_body().boxed_unsync())
        }
        (&Method::POST, "/notes") => add(notes, request.into_body()).await,
        (_, "/" | "/echo" | "/notes") => {
            page(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n")
        }
        (_, _) => page(StatusCode::NOT_FOUND, "no such page\n"),
    }
}

async fn get(path: &str, notes: &Notes) -> Response<Body> {
    match (path, path.strip_prefix("/sleep/").map(str::parse)) {
        ("/", _) => page(StatusCode::OK, "hello\n"),
        ("/notes", _) => list(notes).await,
        ("/echo", _) => page(StatusCode::METHOD_NOT_ALLOWED, "send a POST request\n"),
        (_, Some(Ok(milliseconds))) => delayed(milliseconds),
        (_, Some(Err(_no_number))) => page(StatusCode::BAD_REQUEST, "/sleep/MILLISECONDS\n"),
        (_, None) => page(StatusCode::NOT_FOUND, "no such page\n"),
    }
}

fn page(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(text.into()).map_err(|never: Infallible| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response
}

/// Removes the body, and states its length in the header. (In HTTP/1 hyper does this itself.)
fn without_body(mut response: Response<Body>) -> Response<Body> {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    let empty = Full::default().map_err(|never: Infallible| match never {});
    response.map(|_| empty.boxed_unsync())
}

/// Sends the header at once, and the body after the time has passed.
fn delayed(milliseconds: u64) -> Response<Body> {
    let frame = async move {
        sleep(Duration::from_millis(milliseconds)).await;
        Ok(Frame::data(Bytes::from(format!("slept for {milliseconds} ms\n"))))
    };
    Response::new(StreamBody::new(stream::once_future(frame)).boxed_unsync())
}

async fn list(notes: &Notes) -> Response<Body> {
    match notes.latest().await {
        Ok(texts) => {
            let lines: String = texts.iter().map(|text| format!("{text}\n")).collect();
            page(StatusCode::OK, lines)
        }
        Err(failure) => failed(&failure),
    }
}

async fn add(notes: &Notes, body: Incoming) -> Response<Body> {
    let Ok(body) = Limited::new(body, NOTE_MAX).collect().await else {
        return page(StatusCode::PAYLOAD_TOO_LARGE, "the note is too long or incomplete\n");
    };
    let Ok(text) = String::from_utf8(body.to_bytes().into()) else {
        return page(StatusCode::BAD_REQUEST, "not UTF-8\n");
    };
    match notes.add(text).await {
        Ok(number) => page(StatusCode::CREATED, format!("note {number}\n")),
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> Response<Body> {
    match failure {
        Failure::Busy => page(StatusCode::SERVICE_UNAVAILABLE, "too many requests for notes\n"),
        Failure::Broken(error) => {
            eprintln!("the notes: {error}");
            page(StatusCode::INTERNAL_SERVER_ERROR, "the notes cannot be read\n")
        }
    }
}
