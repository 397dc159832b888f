//! The methods of the I/O traits, passed on to whoever does the work.
//!
//! A stream reads by its descriptor, by reference or not, and so does one of its halves. Each names
//! what `self` stands for; the macros are the methods.

/// The methods of `AsyncRead`.
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

/// The writing methods of `AsyncWrite`.
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

/// The other methods of `AsyncWrite`.
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
