//! The forms of the operations of sockets that are polled, or that never wait.

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::task::{Context, Poll};

use aside::net::{
    Interest, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use aside::{gather, spawn};
use futures_lite::StreamExt;
use futures_lite::future::poll_once;

use crate::support::watchdog::watched;

fn would_block<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Polls until the result is there, and calls `meanwhile` after the first poll, which must be
/// pending.
async fn pending_until<R>(
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<R>>,
    meanwhile: impl FnOnce(),
) -> R {
    let mut meanwhile = Some(meanwhile);
    let result = poll_fn(|cx| {
        let polled = poll(cx);
        match meanwhile.take() {
            Some(meanwhile) => {
                assert!(polled.is_pending(), "the first poll finds nothing");
                meanwhile();
                Poll::Pending
            }
            None => polled,
        }
    });
    result.await.unwrap()
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

#[test]
fn listeners_are_polled_for_connections() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut client = None;
            let (stream, peer) = pending_until(
                |cx| listener.poll_accept(cx),
                || client = Some(std::net::TcpStream::connect(address).unwrap()),
            )
            .await;
            assert_eq!(client.unwrap().local_addr().unwrap(), peer);
            assert_eq!(stream.peer_addr().unwrap(), peer);

            let path = std::env::temp_dir().join(format!("aside-polled-{}", std::process::id()));
            let listener = UnixListener::bind(&path).unwrap();
            let mut client = None;
            let (stream, _) = pending_until(
                |cx| listener.poll_accept(cx),
                || client = Some(std::os::unix::net::UnixStream::connect(&path).unwrap()),
            )
            .await;
            std::fs::remove_file(path).unwrap();
            client.unwrap().write_all(b"abc").unwrap();
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 3);
        });
    });
}

#[test]
fn the_connections_of_a_listener_are_a_stream_and_two_streams_share_them() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let accept = async || listener.incoming().take(2).try_collect().await;
            let connecting = spawn(async move {
                let mut clients = Vec::new();
                for _ in 0..4 {
                    clients.push(TcpStream::connect(address).await.unwrap());
                }
                clients
            });
            let (one, two): (io::Result<Vec<_>>, io::Result<Vec<_>>) =
                gather((accept(), accept())).await;
            let mut accepted: Vec<SocketAddr> =
                one.unwrap().iter().chain(&two.unwrap()).map(|s| s.peer_addr().unwrap()).collect();
            let clients = connecting.await.unwrap();
            let mut connected: Vec<SocketAddr> =
                clients.iter().map(|s| s.local_addr().unwrap()).collect();
            accepted.sort_unstable();
            connected.sort_unstable();
            assert_eq!(accepted, connected);
        });
    });
}

#[test]
fn a_dropped_stream_of_connections_loses_none() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut incoming = listener.incoming();
            assert!(poll_once(incoming.next()).await.is_none());
            let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            drop(incoming);
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, near.local_addr().unwrap());
        });
    });
}

#[test]
fn streams_are_polled_for_readiness_and_peeked() {
    watched(|| {
        aside::run(async {
            let (near, far) = tcp().await;
            assert!(poll_fn(|cx| near.poll_write_ready(cx)).await.is_ok());
            pending_until(
                |cx| far.poll_read_ready(cx),
                || assert_eq!(near.try_write(b"abc").unwrap(), 3),
            )
            .await;
            let mut buffer = [0; 2];
            assert_eq!(poll_fn(|cx| far.poll_peek(cx, &mut buffer)).await.unwrap(), 2);
            assert_eq!(poll_fn(|cx| far.poll_peek(cx, &mut [])).await.unwrap(), 0);
            assert_eq!(far.try_read(&mut [0; 8]).unwrap(), 3);
            assert!(would_block(far.try_read(&mut buffer)));
            let peeked = pending_until(
                |cx| far.poll_peek(cx, &mut buffer),
                || assert_eq!(near.try_write(b"d").unwrap(), 1),
            );
            assert_eq!(peeked.await, 1);
        });
    });
}

#[test]
fn the_halves_of_a_stream_are_tried_and_return_the_addresses() {
    watched(|| {
        aside::run(async {
            let ((near, far), (unix_near, unix_far)) = (tcp().await, UnixStream::pair().unwrap());
            let addresses = (near.local_addr().unwrap(), near.peer_addr().unwrap());
            let ((near, _writes), (_reads, far)) = (near.into_split(), far.into_split());
            assert_eq!((near.local_addr().unwrap(), near.peer_addr().unwrap()), addresses);
            assert_eq!((far.peer_addr().unwrap(), far.local_addr().unwrap()), addresses);
            assert!(would_block(near.try_read(&mut [0; 8])));
            far.writable().await.unwrap();
            assert_eq!(far.try_write(b"abc").unwrap(), 3);
            near.readable().await.unwrap();
            assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 3);

            let (reads, writes) = (unix_near.into_split().0, unix_far.into_split().1);
            assert!(reads.local_addr().unwrap().is_unnamed());
            assert!(writes.peer_addr().unwrap().is_unnamed());
            writes.writable().await.unwrap();
            assert_eq!(writes.try_write(b"ab").unwrap(), 2);
            reads.readable().await.unwrap();
            assert_eq!(reads.try_read(&mut [0; 8]).unwrap(), 2);
        });
    });
}

#[test]
fn vectored_tries_use_all_slices_and_never_wait() {
    async fn test<S>(
        (near, far): (S, S),
        write: fn(&S, &[IoSlice<'_>]) -> io::Result<usize>,
        read: fn(&S, &mut [IoSliceMut<'_>]) -> io::Result<usize>,
        readable: impl AsyncFn(&S),
    ) {
        let (mut first, mut second) = ([0; 2], [0; 8]);
        let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert!(would_block(read(&far, &mut buffers)));
        assert_eq!(read(&far, &mut []).unwrap(), 0);
        let slices = [IoSlice::new(b"a"), IoSlice::new(b""), IoSlice::new(b"bcd")];
        assert_eq!(write(&near, &slices).unwrap(), 4);
        readable(&far).await;
        assert_eq!(read(&far, &mut buffers).unwrap(), 4);
        assert_eq!((&first, &second[..2]), (b"ab", &b"cd"[..]));
        let full = vec![0; 65536];
        while write(&near, &[IoSlice::new(&full)]).is_ok() {}
        assert!(would_block(write(&near, &slices)));
        assert_eq!(write(&near, &[]).unwrap(), 0);
    }
    watched(|| {
        aside::run(async {
            test(tcp().await, TcpStream::try_write_vectored, TcpStream::try_read_vectored, {
                async |far| far.readable().await.unwrap()
            })
            .await;
            let pair = UnixStream::pair().unwrap();
            test(pair, UnixStream::try_write_vectored, UnixStream::try_read_vectored, {
                async |far| far.readable().await.unwrap()
            })
            .await;
        });
    });
}

/// Tests the operations between two connected sockets.
macro_rules! assert_datagrams {
    ($near:expr, $far:expr) => {{
        let (near, far) = ($near, $far);
        let mut buffer = [0; 8];
        assert!(would_block(far.try_recv(&mut buffer)));
        assert!(would_block(far.try_recv_from(&mut buffer)));
        poll_fn(|cx| near.poll_send_ready(cx)).await.unwrap();
        pending_until(|cx| far.poll_recv_ready(cx), || assert_eq!(near.try_send(b"a").unwrap(), 1))
            .await;
        assert_eq!(far.try_recv(&mut buffer).unwrap(), 1);
        assert!(would_block(far.try_recv(&mut buffer)));
        let received = pending_until(
            |cx| far.poll_recv(cx, &mut buffer),
            || assert_eq!(near.try_send(b"bc").unwrap(), 2),
        );
        assert_eq!(received.await, 2);
        assert_eq!(poll_fn(|cx| near.poll_send(cx, b"def")).await.unwrap(), 3);
        far.readable().await.unwrap();
        assert_eq!(far.try_recv_from(&mut buffer).unwrap().0, 3);
        assert!(would_block(far.try_recv(&mut buffer)));
        let received = pending_until(
            |cx| far.poll_recv_from(cx, &mut buffer),
            || assert_eq!(near.try_send(b"ghij").unwrap(), 4),
        );
        assert_eq!(received.await.0, 4);
        let ready = near.ready(Interest::BOTH).await.unwrap();
        assert!(ready.is_writable() && !ready.is_readable());
    }};
}

#[test]
fn sockets_for_datagrams_are_polled_and_tried() {
    watched(|| {
        aside::run(async {
            let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            near.connect(far.local_addr().unwrap()).await.unwrap();
            far.connect(near.local_addr().unwrap()).await.unwrap();
            assert_datagrams!(near, far);
            let (near, far) = UnixDatagram::pair().unwrap();
            assert_datagrams!(near, far);
        });
    });
}

#[test]
fn a_datagram_is_sent_to_an_address_and_peeked_by_polls() {
    watched(|| {
        aside::run(async {
            let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let (from, to) = (near.local_addr().unwrap(), far.local_addr().unwrap());
            let mut buffer = [0; 8];
            assert!(would_block(far.try_peek(&mut buffer)));
            assert!(would_block(far.try_peek_from(&mut buffer)));
            let send = || assert!(near.try_send_to(b"abc", to).is_ok());
            let peeked = pending_until(|cx| far.poll_peek_from(cx, &mut buffer), send).await;
            assert_eq!(peeked, (3, from));
            assert_eq!(poll_fn(|cx| far.poll_peek(cx, &mut buffer)).await.unwrap(), 3);
            assert_eq!(far.try_peek(&mut buffer).unwrap(), 3);
            assert_eq!(far.try_peek_from(&mut buffer).unwrap(), (3, from));
            assert_eq!(far.recv(&mut buffer).await.unwrap(), 3);
            assert_eq!(poll_fn(|cx| near.poll_send_to(cx, b"de", to)).await.unwrap(), 2);
            assert_eq!(far.recv_from(&mut buffer).await.unwrap(), (2, from));
        });
    });
}

#[test]
fn an_operation_of_the_programs_own_waits_for_the_socket() {
    watched(|| {
        aside::run(async {
            let (near, far) = tcp().await;
            let mut buffer = [0; 8];
            let own = |buffer: &mut [u8]| Ok(rustix::io::read(far.as_fd(), buffer)?);
            assert!(would_block(far.try_io(Interest::READABLE, || own(&mut buffer))));
            let mut reads = std::pin::pin!(far.async_io(Interest::READABLE, || own(&mut [0; 8])));
            assert!(poll_once(reads.as_mut()).await.is_none());
            near.write(b"abc").await.unwrap();
            assert_eq!(reads.await.unwrap(), 3);
        });
    });
}
