//! The activity of a connection, and the end of the server's patience.
//!
//! Each of these clients would occupy a connection for ever: one that sends nothing, half of a
//! protocol's preface, half a header or half a body, and one that does not read its answer. The
//! server disconnects a client when no byte has moved for a while, unless the client waits for the
//! server. Before the first request, bytes do not count: the client has to send a request at once.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use aside::net::TcpStream;
use aside::sleep;
use hyper::rt::{Read, ReadBufCursor, Write};

/// The activity of one connection.
#[derive(Default)]
pub(crate) struct Activity {
    /// The number of requests, and of reads and writes since the first request.
    events: Cell<u64>,
    has_asked: Cell<bool>,
    /// The number of answers for which the client waits.
    owed: Cell<u32>,
}

impl Activity {
    pub(crate) fn begin_request(&self) {
        self.has_asked.set(true);
        self.record();
    }

    /// Tells that the client waits for the server, until the value is dropped.
    pub(crate) fn owe(self: &Rc<Activity>) -> Owed {
        self.owed.set(self.owed.get() + 1);
        Owed(Rc::clone(self))
    }

    /// Returns when nothing has happened for `patience`.
    pub(crate) async fn silence(&self, patience: Duration) {
        loop {
            let before = self.events.get();
            sleep(patience).await;
            if self.events.get() == before && self.owed.get() == 0 {
                return;
            }
        }
    }

    fn record(&self) {
        if self.has_asked.get() {
            self.events.set(self.events.get() + 1);
        }
    }
}

/// An answer for which a client waits.
pub(crate) struct Owed(Rc<Activity>);

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.owed.set(self.0.owed.get() - 1);
        self.0.record();
    }
}

/// A stream that records its activity.
pub(crate) struct Recorded {
    pub(crate) stream: TcpStream,
    pub(crate) activity: Rc<Activity>,
}

impl Recorded {
    fn note<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.activity.record();
        }
        result
    }
}

impl Read for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Read::poll_read(Pin::new(&mut self.stream), cx, buffer);
        self.note(read)
    }
}

impl Write for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Write::poll_write(Pin::new(&mut self.stream), cx, bytes);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_flush(Pin::new(&mut self.stream), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_shutdown(Pin::new(&mut self.stream), cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Write::poll_write_vectored(Pin::new(&mut self.stream), cx, parts);
        self.note(written)
    }
}
