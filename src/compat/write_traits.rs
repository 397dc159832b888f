//! Other people's writing traits, by the one of `futures`.
//!
//! tokio and hyper have traits of their own with the same methods under the same names, so that one
//! macro is the methods of both.

/// The methods of tokio's `AsyncWrite`, and of hyper's `Write`. `$to` is a pinned writer of the
/// `futures` traits; `$vectored`, whether it writes several slices at a time.
macro_rules! translate_write {
    (|$this:ident| $to:expr, $vectored:literal) => {
        #[inline]
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            futures_io::AsyncWrite::poll_write($to, cx, bytes)
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            futures_io::AsyncWrite::poll_write_vectored($to, cx, slices)
        }

        fn is_write_vectored(&self) -> bool {
            $vectored
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let $this = self;
            futures_io::AsyncWrite::poll_flush($to, cx)
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let $this = self;
            futures_io::AsyncWrite::poll_close($to, cx)
        }
    };
}

pub(super) use translate_write;
