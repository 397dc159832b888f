//! The operations that UDP and Unix sockets for datagrams have in common.

/// Implements the common operations for a socket whose field is `io: AsyncFd<$std>`, and whose
/// peers have addresses of the type `$address`.
macro_rules! impl_datagram {
    ($socket:ident, $std:ty, $address:ty) => {
        impl $socket {
            /// Sends a datagram to the connected peer, and waits while the buffers are full.
            /// Returns the number of bytes sent.
            ///
            /// # Errors
            /// Those of the operating system, for example if an earlier datagram was refused, and
            /// an error if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe: if the future is dropped before it is ready, it has sent nothing.
            pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
                self.io.write_with(|socket| send(socket, datagram)).await
            }

            /// Sends a datagram to the connected peer without waiting. The system is asked,
            /// whatever events the loop has received.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if a buffer is full. Otherwise those of
            /// [`send`](Self::send).
            pub fn try_send(&self, datagram: &[u8]) -> io::Result<usize> {
                self.io.try_io(Interest::WRITABLE, |socket| send(socket, datagram))
            }

            /// The poll form of [`send`](Self::send). It keeps the waker of the last poll that
            /// writes: if two tasks poll, only the task that polled last is woken.
            ///
            /// # Errors
            /// Those of [`send`](Self::send).
            pub fn poll_send(
                &self,
                cx: &mut Context<'_>,
                datagram: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.io.poll_write_with(cx, |socket| send(socket, datagram))
            }

            /// Receives a datagram. If the socket is connected, it receives those of its peer
            /// alone. Bytes that do not fit into the buffer are lost.
            ///
            /// # Errors
            /// Those of the operating system, for example if an earlier datagram was refused, and
            /// an error if the runtime is gone.
            ///
            /// # Cancel safety
            /// Safe: if the future is dropped before it is ready, it has received nothing.
            pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.io.read_with(|socket| socket.recv(buffer)).await
            }

            /// Receives a datagram without waiting. The system is asked, whatever events the loop
            /// has received.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no datagram. Otherwise those
            /// of [`recv`](Self::recv).
            pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.io.try_io(Interest::READABLE, |socket| socket.recv(buffer))
            }

            /// The poll form of [`recv`](Self::recv). It keeps the waker of the last poll that
            /// reads: if two tasks poll, only the task that polled last is woken.
            ///
            /// # Errors
            /// Those of [`recv`](Self::recv).
            pub fn poll_recv(
                &self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.io.poll_read_with(cx, |socket| socket.recv(buffer))
            }

            /// Receives a datagram as [`recv`](Self::recv) does, and returns its sender.
            ///
            /// # Errors
            /// Those of [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// As for [`recv`](Self::recv).
            pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, $address)> {
                self.io.read_with(|socket| socket.recv_from(buffer)).await
            }

            /// Receives a datagram without waiting, and returns its sender. See
            /// [`try_recv`](Self::try_recv).
            ///
            /// # Errors
            /// Those of [`try_recv`](Self::try_recv).
            pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, $address)> {
                self.io.try_io(Interest::READABLE, |socket| socket.recv_from(buffer))
            }

            /// The poll form of [`recv_from`](Self::recv_from). It keeps the waker of the last
            /// poll that reads, as [`poll_recv`](Self::poll_recv) does.
            ///
            /// # Errors
            /// Those of [`recv`](Self::recv).
            pub fn poll_recv_from(
                &self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<(usize, $address)>> {
                self.io.poll_read_with(cx, |socket| socket.recv_from(buffer))
            }

            /// The poll form of [`readable`](Self::readable). It keeps the waker of the last poll
            /// that reads, as [`poll_recv`](Self::poll_recv) does.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.io.poll_read_ready(cx).map_ok(drop)
            }

            /// The poll form of [`writable`](Self::writable). It keeps the waker of the last poll
            /// that writes, as [`poll_send`](Self::poll_send) does.
            ///
            /// # Errors
            /// An error, if the runtime is gone.
            pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.io.poll_write_ready(cx).map_ok(drop)
            }
        }
    };
}

pub(super) use impl_datagram;
