//! What TCP and Unix streams have in common: the traits, and the operations by reference.

/// Gives a stream around `io: AsyncFd<$std>` its `AsyncRead` and `AsyncWrite`, by value and by
/// reference, and what both families of streams can do.
macro_rules! impl_stream {
    ($stream:ident, $std:ty) => {
        impl $stream {
            /// Reads what has come, at most as much as the buffer holds; waits if nothing has. Says
            /// how many bytes; none, for a buffer that is not empty, when the peer sends no more.
            /// An empty buffer is no reason to wait.
            ///
            /// Any number of tasks may read, and each byte comes to one of them.
            ///
            /// # Errors
            /// As the system gives them. If the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe: dropped before it is ready, it has read nothing.
            pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                if buffer.is_empty() {
                    return Ok(0);
                }
                self.io
                    .transfer(Direction::Read, buffer.len(), |mut stream| stream.read(buffer))
                    .await
            }

            /// Reads into several buffers, one after the other, as [`read`](Self::read) does.
            ///
            /// # Errors
            /// As [`read`](Self::read).
            ///
            /// # Cancel safety
            /// As [`read`](Self::read).
            pub async fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                if nothing::is_read(buffers) {
                    return Ok(0);
                }
                let bytes = bytes_in(buffers);
                let read = |mut stream: &$std| stream.read_vectored(buffers);
                self.io.transfer(Direction::Read, bytes, read).await
            }

            /// Writes as many of the bytes as the system takes now, and says how many; waits if it
            /// takes none. Nothing to be written is no reason to wait.
            ///
            /// Any number of tasks may write. What one write took stays together.
            ///
            /// # Errors
            /// As the system gives them. If the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe: dropped before it is ready, it has written nothing.
            pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
                if bytes.is_empty() {
                    return Ok(0);
                }
                self.io
                    .transfer(Direction::Write, bytes.len(), |mut stream| stream.write(bytes))
                    .await
            }

            /// Writes several slices, one after the other, as [`write`](Self::write) does.
            ///
            /// # Errors
            /// As [`write`](Self::write).
            ///
            /// # Cancel safety
            /// As [`write`](Self::write).
            pub async fn write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                if nothing::is_written(slices) {
                    return Ok(0);
                }
                let bytes = bytes_in(slices);
                let write = |mut stream: &$std| stream.write_vectored(slices);
                self.io.transfer(Direction::Write, bytes, write).await
            }

            /// Reads what has come, without waiting.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if nothing has; else as
            /// [`read`](Self::read).
            pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                if buffer.is_empty() {
                    return Ok(0);
                }
                self.io
                    .try_transfer(Direction::Read, buffer.len(), |mut stream| stream.read(buffer))
            }

            /// Writes what the system takes, without waiting.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if it takes nothing; else as
            /// [`write`](Self::write).
            pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                if bytes.is_empty() {
                    return Ok(0);
                }
                self.io
                    .try_transfer(Direction::Write, bytes.len(), |mut stream| stream.write(bytes))
            }

            /// Waits until something has come, or nothing more will.
            ///
            /// # Errors
            /// If the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe.
            pub async fn readable(&self) -> io::Result<()> {
                self.io.readable().await.map(drop)
            }

            /// Waits until the system takes something, or the peer takes nothing more.
            ///
            /// # Errors
            /// If the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe.
            pub async fn writable(&self) -> io::Result<()> {
                self.io.writable().await.map(drop)
            }

            /// Ends one direction of the connection, or both, for all who hold the stream.
            ///
            /// # Errors
            /// As the system gives them.
            pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.io.get_ref().shutdown(how)
            }

            /// An error that the connection came to in the meantime, if it did; taken out.
            ///
            /// # Errors
            /// As the system gives them.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.io.get_ref().take_error()
            }

            /// Makes two halves that are owned, for two tasks. (By reference no halves are needed:
            /// `&stream` reads and writes.)
            pub fn into_split(self) -> (OwnedReadHalf<$stream>, OwnedWriteHalf<$stream>) {
                split::halves(self)
            }
        }

        impl split::Stream for $stream {
            fn end_writing(&self) {
                // It fails if the connection is over, and then there is nothing to be ended.
                let _over = self.shutdown(Shutdown::Write);
            }
        }

        impl AsyncRead for &$stream {
            delegate_read!(|this| &this.io);
        }

        /// Closing ends the writing: the peer reads to its end. Flushing does nothing, because
        /// nothing is held back here.
        impl AsyncWrite for &$stream {
            delegate_write!(|this| &this.io);

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.shutdown(Shutdown::Write) {
                    // The peer has ended the connection already.
                    Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                        Poll::Ready(Ok(()))
                    }
                    result => Poll::Ready(result),
                }
            }
        }

        impl AsyncRead for $stream {
            delegate_read!(|this| &*this);
        }

        /// As by reference.
        impl AsyncWrite for $stream {
            delegate_write!(|this| &*this);
            delegate_end!(|this| &*this);
        }
    };
}

/// Gives a socket around `io: AsyncFd<$std>` the ways from and to std's socket, and says what a
/// short read of it means.
macro_rules! impl_std {
    ($socket:ident, $std:ty, $short:expr) => {
        impl $socket {
            /// Takes a socket of std's, which is put into non-blocking mode, and registers it with
            /// the current runtime.
            ///
            /// # Errors
            /// As the system gives them. If there is no runtime on this thread, or it is gone.
            pub fn from_std(socket: $std) -> io::Result<$socket> {
                let handle = Handle::try_current().map_err(io::Error::other)?;
                $socket::with(&handle, socket)
            }

            pub(super) fn with(handle: &Handle, socket: $std) -> io::Result<$socket> {
                socket.set_nonblocking(true)?;
                Ok($socket { io: AsyncFd::with(handle, socket, $short)? })
            }

            /// Gives std's socket back, deregistered, and in blocking mode as std's are.
            ///
            /// # Errors
            /// As the system gives them.
            pub fn into_std(self) -> io::Result<$std> {
                let socket = self.io.into_inner();
                socket.set_nonblocking(false)?;
                Ok(socket)
            }
        }

        impl AsFd for $socket {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.io.as_fd()
            }
        }

        impl AsRawFd for $socket {
            fn as_raw_fd(&self) -> RawFd {
                self.io.as_raw_fd()
            }
        }
    };
}

pub(super) use {impl_std, impl_stream};
