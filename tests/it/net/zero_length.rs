//! Reads and writes of length zero, and operations after the end.

use std::io::{IoSlice, IoSliceMut, Read};
use std::net::{self, Shutdown};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Waker};

use aside::net::{AsyncFd, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use aside::{spawn, spawn_blocking, yield_now};
use futures_lite::future::poll_once;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::support::watchdog::watched;

/// Returns the output of a future that is ready at the first poll.
async fn at_once<T>(future: impl Future<Output = T>) -> T {
    poll_once(pin!(future)).await.expect("the future is ready at once")
}

async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// Performs zero-length operations through the traits on a stream that is not ready.
async fn assert_nothing_by_the_traits(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut one, mut two) = ([], []);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(at_once(stream.read(&mut [])).await.unwrap(), 0);
    assert_eq!(at_once(AsyncReadExt::read_vectored(&mut stream, &mut buffers)).await.unwrap(), 0);
    assert_eq!(at_once(stream.write(&[])).await.unwrap(), 0);
    let slices = [IoSlice::new(&[]), IoSlice::new(&[])];
    assert_eq!(at_once(AsyncWriteExt::write_vectored(&mut stream, &slices)).await.unwrap(), 0);
}

/// Performs zero-length operations on a stream without data and with a full buffer.
macro_rules! assert_nothing {
    ($stream:expr) => {
        let stream = $stream;
        while stream.try_write(&[1; 65536]).is_ok() {}
        assert!(stream.try_read(&mut [0]).is_err());
        assert_eq!(at_once(stream.read(&mut [])).await.unwrap(), 0);
        assert_eq!(at_once(stream.read_vectored(&mut [])).await.unwrap(), 0);
        assert_eq!(at_once(stream.write(&[])).await.unwrap(), 0);
        assert_eq!(at_once(stream.write_vectored(&[IoSlice::new(&[])])).await.unwrap(), 0);
        assert_eq!(stream.try_read(&mut []).unwrap(), 0);
        assert_eq!(stream.try_write(&[]).unwrap(), 0);
        assert_nothing_by_the_traits(stream).await;
        let (mut read, mut write) = $stream.into_split();
        assert_eq!(at_once(read.read(&mut [])).await.unwrap(), 0);
        assert_eq!(at_once(write.write(&[])).await.unwrap(), 0);
    };
}

#[test]
fn zero_length_operations_are_ready_on_a_stream_that_is_not() {
    watched(|| {
        aside::run(async {
            let (near, _far) = connected().await;
            let near = near.into_std().unwrap();
            let again = || TcpStream::from_std(near.try_clone().unwrap()).unwrap();
            let stream = again();
            assert!(poll_once(pin!(stream.peek(&mut [0]))).await.is_none());
            assert_eq!(at_once(stream.peek(&mut [])).await.unwrap(), 0);
            drop(stream);
            assert_nothing!(again());
            let (near, _far) = UnixStream::pair().unwrap();
            let near = near.into_std().unwrap();
            assert_nothing!(UnixStream::from_std(near.try_clone().unwrap()).unwrap());
            near.set_nonblocking(true).unwrap();
            assert_nothing_by_the_traits(&AsyncFd::new(near).unwrap()).await;
        });
    });
}

#[test]
fn a_zero_length_read_consumes_nothing_and_is_not_the_end() {
    watched(|| {
        aside::run(async {
            let (near, mut far) = connected().await;
            let (mut one, mut two) = ([0; 2], []);
            near.write(b"abc").await.unwrap();
            far.readable().await.unwrap();
            assert_eq!(far.read(&mut []).await.unwrap(), 0);
            let mut buffers = [IoSliceMut::new(&mut two), IoSliceMut::new(&mut one)];
            assert_eq!(far.read_vectored(&mut buffers).await.unwrap(), 2);
            near.write(&[]).await.unwrap();
            drop(near);
            let mut rest = Vec::new();
            far.read_to_end(&mut rest).await.unwrap();
            assert_eq!((&one, &*rest), (b"ab", &b"c"[..]));
            // After the end every read returns the end again.
            for length in [0, 1, 8] {
                assert_eq!(at_once(far.read(&mut vec![0; length])).await.unwrap(), 0);
            }
        });
    });
}

#[test]
fn empty_datagrams_are_sent_and_received_and_are_not_the_end() {
    watched(|| {
        aside::run(async {
            let (near, far) = UnixDatagram::pair().unwrap();
            let (first, second) = (UdpSocket::bind("127.0.0.1:0"), UdpSocket::bind("127.0.0.1:0"));
            let (first, second) = (first.await.unwrap(), second.await.unwrap());
            first.connect(second.local_addr().unwrap()).await.unwrap();
            second.connect(first.local_addr().unwrap()).await.unwrap();
            let mut buffer = [7; 4];
            for datagram in [&b""[..], b"a", b"", b"", b"bc"] {
                assert_eq!(near.send(datagram).await.unwrap(), datagram.len());
                assert_eq!(far.recv(&mut buffer).await.unwrap(), datagram.len());
                assert_eq!(first.send(datagram).await.unwrap(), datagram.len());
                assert_eq!(second.recv(&mut buffer).await.unwrap(), datagram.len());
                assert!(buffer.starts_with(datagram));
            }
            // A read into an empty buffer waits for a datagram, and consumes it.
            assert!(poll_once(pin!(far.recv(&mut []))).await.is_none());
            assert!(poll_once(pin!(second.recv(&mut []))).await.is_none());
            near.send(b"lost").await.unwrap();
            first.send(b"lost").await.unwrap();
            assert_eq!(far.recv(&mut []).await.unwrap() + second.recv(&mut []).await.unwrap(), 0);
            assert!(poll_once(pin!(far.recv(&mut buffer))).await.is_none());
            assert!(poll_once(pin!(second.recv(&mut buffer))).await.is_none());
        });
    });
}

#[test]
fn shutting_down_reading_ends_a_waiting_read() {
    watched(|| {
        aside::run(async {
            let (near, _far) = connected().await;
            let near = Rc::new(near);
            let reading = spawn({
                let near = Rc::clone(&near);
                async move { near.read(&mut [0; 8]).await }
            });
            yield_now().await;
            assert!(!reading.is_finished());
            near.shutdown(Shutdown::Read).unwrap();
            assert_eq!(reading.await.unwrap().unwrap(), 0);
            assert_eq!(at_once(near.read(&mut [0; 8])).await.unwrap(), 0);
        });
    });
}

#[test]
fn after_shutting_down_writing_reads_continue_and_writes_fail() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = connected().await;
            let far = far.into_std().unwrap();
            let peer = spawn_blocking(move || {
                let mut read = Vec::new();
                (&far).read_to_end(&mut read).unwrap();
                std::io::Write::write_all(&mut &far, b"answer").unwrap();
                read
            });
            near.write_all(b"question").await.unwrap();
            near.shutdown(Shutdown::Write).unwrap();
            // An error is returned, and no signal ends the process.
            let error = near.write(b"x").await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
            let mut answer = String::new();
            near.read_to_string(&mut answer).await.unwrap();
            assert_eq!((&*answer, peer.await.unwrap()), ("answer", b"question".to_vec()));
            near.close().await.unwrap();
        });
    });
}

/// A zero-length poll leaves the waker of another task registered.
#[test]
fn a_zero_length_read_does_not_replace_a_waiting_one() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let far = Rc::new(far);
            let reading = spawn({
                let far = Rc::clone(&far);
                async move { AsyncReadExt::read(&mut &*far, &mut [0; 8]).await.unwrap() }
            });
            yield_now().await;
            let mut cx = Context::from_waker(Waker::noop());
            let read = Pin::new(&mut &*far).poll_read(&mut cx, &mut []);
            assert!(matches!(read, std::task::Poll::Ready(Ok(0))));
            near.write(b"abc").await.unwrap();
            assert_eq!(reading.await.unwrap(), 3);
            let closed: net::TcpStream = near.into_std().unwrap();
            drop(closed);
        });
    });
}
