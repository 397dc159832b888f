//! Waits for readiness, and operations of the program's own, for streams and sockets for datagrams.

/// Implements the waits and the operations for a socket whose field is `io: AsyncFd<_>`.
macro_rules! impl_readiness {
    ($socket:ident) => {
        impl $socket {
            /// Waits until the system has reported data, or the end of the stream.
            ///
            /// The report may be older than the last read: after a read that left no data, the wait
            /// may return at once, and the next operation that does not wait returns `WouldBlock`.
            /// Wait again then.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe.
            pub async fn readable(&self) -> io::Result<()> {
                self.io.readable().await.map(drop)
            }

            /// Waits until the system has reported that it accepts bytes, or that the peer has
            /// stopped reading. As for [`readable`](Self::readable), the report may be old.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe.
            pub async fn writable(&self) -> io::Result<()> {
                self.io.writable().await.map(drop)
            }

            /// Waits until the system has reported a direction of `interest` as ready, and returns
            /// the directions that are ready. As for [`readable`](Self::readable), the report may
            /// be old.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe.
            pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                self.io.ready(interest).await.map(|guard| guard.ready())
            }

            /// Tries an operation of the program's own on the socket once, whatever events the loop
            /// has received: for system calls that this type does not have. The operation must not
            /// block. See [`AsyncFd::try_io`].
            ///
            /// ```
            /// use std::os::fd::AsFd;
            /// use aside::net::{Interest, UnixStream};
            ///
            /// aside::run(async {
            ///     let (near, far) = UnixStream::pair()?;
            ///     near.write(b"hello").await?;
            ///     far.readable().await?;
            ///     let mut buffer = [0; 16];
            ///     let length = far.try_io(Interest::READABLE, || {
            ///         Ok(rustix::io::read(far.as_fd(), &mut buffer)?)
            ///     })?;
            ///     assert_eq!(&buffer[..length], b"hello");
            ///     Ok::<(), std::io::Error>(())
            /// })?;
            /// # Ok::<(), std::io::Error>(())
            /// ```
            ///
            /// # Errors
            /// Those of `operation`, and an error if the runtime is gone.
            pub fn try_io<R>(
                &self,
                interest: Interest,
                operation: impl FnOnce() -> io::Result<R>,
            ) -> io::Result<R> {
                self.io.try_io(interest, |_socket| operation())
            }

            /// Waits until the socket is ready, and tries an operation of the program's own, again
            /// and again while the operation returns [`WouldBlock`](io::ErrorKind::WouldBlock). See
            /// [`AsyncFd::async_io`].
            ///
            /// # Errors
            /// Those of `operation`, and an error if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe: the poll that completes the operation returns its result.
            pub async fn async_io<R>(
                &self,
                interest: Interest,
                mut operation: impl FnMut() -> io::Result<R>,
            ) -> io::Result<R> {
                self.io.async_io(interest, |_socket| operation()).await
            }
        }
    };
}

pub(super) use impl_readiness;
