//! The part of HTTP/1.1 that a benchmark needs: requests without a body, on persistent connections.

use std::io;

use aside::net::TcpStream;
use futures_lite::AsyncWriteExt;

/// The maximum length of a request.
const REQUEST_MAX: usize = 4096;
const END: &[u8] = b"\r\n\r\n";

/// An answer.
pub(crate) enum Answer {
    Ok(String),
    NotFound,
    Full,
}

/// The requests of a connection.
pub(crate) struct Requests<'a> {
    stream: &'a TcpStream,
    buffer: Box<[u8; REQUEST_MAX]>,
    /// The number of bytes in the buffer. They belong to the next requests.
    filled: usize,
}

impl<'a> Requests<'a> {
    pub(crate) fn of(stream: &'a TcpStream) -> Requests<'a> {
        Requests { stream, buffer: Box::new([0; REQUEST_MAX]), filled: 0 }
    }

    /// Returns the path of the next request; `None` at the end, or if the request is malformed.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let end = loop {
            let read = &self.buffer[..self.filled];
            if let Some(start) = read.windows(END.len()).position(|bytes| bytes == END) {
                break start + END.len();
            }
            // A request that is too long fills the buffer: the read returns 0.
            match self.stream.read(&mut self.buffer[self.filled..]).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.filled += length,
            }
        };
        let head = str::from_utf8(&self.buffer[..end]).ok()?;
        let path = head.strip_prefix("GET ")?.split(' ').next()?.to_owned();
        self.buffer.copy_within(end..self.filled, 0);
        self.filled -= end;
        Some(path)
    }

    pub(crate) async fn answer(&mut self, answer: Answer) -> io::Result<()> {
        let (status, body) = match answer {
            Answer::Ok(body) => ("200 OK", body),
            Answer::NotFound => ("404 Not Found", String::new()),
            Answer::Full => ("507 Insufficient Storage", String::new()),
        };
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        let mut stream = self.stream;
        stream.write_all(text.as_bytes()).await
    }
}
