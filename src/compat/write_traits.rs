//! The write traits of tokio and hyper, implemented through the write trait of `futures`.
//!
//! Both traits have the same methods under the same names, so one macro implements both.

/// Implements the methods of tokio's `AsyncWrite`, and of hyper's `Write`. `$to` is a pinned writer
/// of the `futures` traits. `$vectored` is `true` if this writer writes several slices in one call.
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
