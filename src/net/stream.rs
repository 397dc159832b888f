//! The parts that TCP and Unix streams have in common: the I/O traits, and the operations by
//! reference.

/// Implements `AsyncRead` and `AsyncWrite`, by value and by reference, and the common operations,
/// for a stream whose field is `io: AsyncFd<$std>`.
macro_rules! impl_stream {
    ($stream:ident, $std:ty, $address:ty) => {
        impl $stream {
            /// Reads data into the buffer, and waits while there is no data. Returns the number of
            /// bytes read. If the buffer is not empty, zero means the end of the stream. A read
            /// into an empty buffer does not wait.
            ///
            /// Any number of tasks may read. Each byte is read by one task.
            ///
            /// # Errors
            /// Those of the operating system, and an error if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe: if the future is dropped before it is ready, it has read nothing.
            pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.io
                    .transfer(Direction::Read, buffer.len(), |mut stream| stream.read(buffer))
                    .await
            }

            /// Reads into several buffers, one after the other. See [`read`](Self::read).
            ///
            /// # Errors
            /// Those of [`read`](Self::read).
            ///
            /// # Cancel safety
            /// As for [`read`](Self::read).
            pub async fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                let bytes = bytes_in(buffers);
                let read = |mut stream: &$std| stream.read_vectored(buffers);
                self.io.transfer(Direction::Read, bytes, read).await
            }

            /// Writes as many bytes as the system accepts, and waits while it accepts none. Returns
            /// the number of bytes written. A write without bytes does not wait.
            ///
            /// Any number of tasks may write. The bytes of one write stay together.
            ///
            /// # Errors
            /// Those of the operating system, and an error if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe: if the future is dropped before it is ready, it has written nothing.
            pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.io.transfer(Direction::Write, bytes.len(), |stream| send(stream, bytes)).await
            }

            /// Writes several slices, one after the other. See [`write`](Self::write).
            ///
            /// # Errors
            /// Those of [`write`](Self::write).
            ///
            /// # Cancel safety
            /// As for [`write`](Self::write).
            pub async fn write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                let bytes = bytes_in(slices);
                let write = |stream: &$std| send_vectored(stream, slices);
                self.io.transfer(Direction::Write, bytes, write).await
            }

            /// Reads data without waiting. The system is asked, whatever events the loop has
            /// received.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no data. Otherwise those of
            /// [`read`](Self::read).
            pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.io
                    .try_transfer(Direction::Read, buffer.len(), |mut stream| stream.read(buffer))
            }

            /// Writes bytes without waiting. The system is asked, whatever events the loop has
            /// received.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the system accepts none. Otherwise
            /// those of [`write`](Self::write).
            pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.io.try_transfer(Direction::Write, bytes.len(), |stream| send(stream, bytes))
            }

            /// Reads into several buffers without waiting. See [`try_read`](Self::try_read).
            ///
            /// # Errors
            /// Those of [`try_read`](Self::try_read).
            pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                let bytes = bytes_in(buffers);
                let read = |mut stream: &$std| stream.read_vectored(buffers);
                self.io.try_transfer(Direction::Read, bytes, read)
            }

            /// Writes several slices without waiting. See [`try_write`](Self::try_write).
            ///
            /// # Errors
            /// Those of [`try_write`](Self::try_write).
            pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                let bytes = bytes_in(slices);
                let write = |stream: &$std| send_vectored(stream, slices);
                self.io.try_transfer(Direction::Write, bytes, write)
            }

            /// The poll form of [`readable`](Self::readable). It keeps the waker of the last poll
            /// that reads, also through `AsyncRead`: only the task that polled last is woken.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.io.poll_read_ready(cx).map_ok(drop)
            }

            /// The poll form of [`writable`](Self::writable). It keeps the waker of the last poll
            /// that writes, also through `AsyncWrite`: only the task that polled last is woken.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.io.poll_write_ready(cx).map_ok(drop)
            }

            /// Shuts down one direction of the connection, or both, for all users of the stream.
            ///
            /// # Errors
            /// Those of the operating system.
            pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.io.get_ref().shutdown(how)
            }

            /// Splits the stream into two halves, each with an owner of its own, for two tasks.
            /// (Two tasks that use references need no halves, because `&stream` reads and writes.)
            pub fn into_split(self) -> (OwnedReadHalf<$stream>, OwnedWriteHalf<$stream>) {
                split::halves(self)
            }
        }

        impl OwnedReadHalf<$stream> {
            /// Waits until the system has reported data, or the end of the stream, as the stream's
            /// method of this name does.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe.
            pub async fn readable(&self) -> io::Result<()> {
                self.as_ref().readable().await
            }

            /// Reads data without waiting, as the stream's method of this name does.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no data. Otherwise those of
            /// the operating system, and an error if the runtime is gone.
            pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.as_ref().try_read(buffer)
            }
        }

        impl OwnedWriteHalf<$stream> {
            /// Waits until the system has reported that it accepts bytes, as the stream's method of
            /// this name does.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe.
            pub async fn writable(&self) -> io::Result<()> {
                self.as_ref().writable().await
            }

            /// Writes bytes without waiting, as the stream's method of this name does.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the system accepts none. Otherwise
            /// those of the operating system, and an error if the runtime is gone.
            pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.as_ref().try_write(bytes)
            }
        }

        impl_stream!(addresses of OwnedReadHalf<$stream>, $address);
        impl_stream!(addresses of OwnedWriteHalf<$stream>, $address);

        impl split::SplitStream for $stream {
            fn shut_down_writing(&self) {
                // The shutdown fails if the connection is over. Nothing is left to shut down then.
                let _over = self.shutdown(Shutdown::Write);
            }
        }

        impl AsyncRead for &$stream {
            delegate_read!(|this| &this.io);
        }

        /// Closing shuts down writing, so the peer reaches the end of the stream. Flushing does
        /// nothing, because nothing is buffered.
        impl AsyncWrite for &$stream {
            #[inline]
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let write = |stream: &$std| send(stream, bytes);
                self.io.poll_transfer(Direction::Write, cx, bytes.len(), write)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let write = |stream: &$std| send_vectored(stream, slices);
                self.io.poll_transfer(Direction::Write, cx, bytes_in(slices), write)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.shutdown(Shutdown::Write) {
                    // The peer has ended the connection.
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

        /// Does the same as the implementation by reference.
        impl AsyncWrite for $stream {
            delegate_write!(|this| &*this);
            delegate_end!(|this| &*this);
        }
    };
    (addresses of $half:ty, $address:ty) => {
        impl $half {
            /// Returns the local address of the stream.
            ///
            /// # Errors
            /// Those of the operating system.
            pub fn local_addr(&self) -> io::Result<$address> {
                self.as_ref().local_addr()
            }

            /// Returns the address of the peer.
            ///
            /// # Errors
            /// Those of the operating system.
            pub fn peer_addr(&self) -> io::Result<$address> {
                self.as_ref().peer_addr()
            }
        }
    };
}

pub(super) use impl_stream;
