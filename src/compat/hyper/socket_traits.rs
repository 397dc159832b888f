//! hyper's traits for the streams of `net`, which need no wrapper.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};

use super::io::read;
use crate::compat::write_traits::translate_write;
use crate::net::{TcpStream, UnixStream};

macro_rules! translate_read {
    () => {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            cursor: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            read(self, cx, cursor)
        }
    };
}

impl Read for TcpStream {
    translate_read!();
}

impl Write for TcpStream {
    translate_write!(|this| this, true);
}

impl Read for UnixStream {
    translate_read!();
}

impl Write for UnixStream {
    translate_write!(|this| this, true);
}
