//! Macros that implement the methods of the I/O traits by passing the calls on.
//!
//! A stream passes the calls on to its descriptor, and a half passes them on to its stream. The
//! argument of a macro names the receiver of the calls.

/// Implements the methods of `AsyncRead`.
macro_rules! delegate_read {
    (|$this:ident| $to:expr) => {
        #[inline]
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            Pin::new(&mut $to).poll_read(cx, buffer)
        }

        fn poll_read_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffers: &mut [IoSliceMut<'_>],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            Pin::new(&mut $to).poll_read_vectored(cx, buffers)
        }
    };
}

/// Implements the methods of `AsyncWrite` that write.
macro_rules! delegate_write {
    (|$this:ident| $to:expr) => {
        #[inline]
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            Pin::new(&mut $to).poll_write(cx, bytes)
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            Pin::new(&mut $to).poll_write_vectored(cx, slices)
        }
    };
}

/// Implements the methods of `AsyncWrite` that flush and close.
macro_rules! delegate_end {
    (|$this:ident| $to:expr) => {
        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let $this = self;
            Pin::new(&mut $to).poll_flush(cx)
        }

        fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let $this = self;
            Pin::new(&mut $to).poll_close(cx)
        }
    };
}

pub(crate) use {delegate_end, delegate_read, delegate_write};
