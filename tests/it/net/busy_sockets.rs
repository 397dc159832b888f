//! Sockets that are always ready, beside a neighbour: see `tasks/starvation.rs`.

use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net as std_unix;
use std::pin::Pin;
use std::process;
use std::rc::Rc;
use std::thread;

use aside::net::{
    AsyncFd, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, lookup_host,
};
use aside::{race, spawn, yield_now};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::support::neighbour::{OPERATIONS_MAX, assert_fair, assert_yields, repeat};
use crate::support::watchdog::watched;

/// Returns a stream to a thread that sends without end, and reads without end.
fn endless_peer() -> std_unix::UnixStream {
    let (near, far) = std_unix::UnixStream::pair().unwrap();
    let (mut reading, mut writing) = (far.try_clone().unwrap(), far);
    thread::spawn(move || while writing.write_all(&[7; 65536]).is_ok() {});
    thread::spawn(move || {
        let mut buffer = [0; 65536];
        while reading.read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    near
}

// P91
#[test]
fn streams_whose_peer_is_fast_yield() {
    watched(|| {
        assert_fair("UnixStream::read", OPERATIONS_MAX, |count| async move {
            let stream = UnixStream::from_std(endless_peer()).unwrap();
            let read = async || assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 1);
            repeat(count, read).await;
        });
        assert_fair("UnixStream::write", OPERATIONS_MAX, |count| async move {
            let stream = UnixStream::from_std(endless_peer()).unwrap();
            repeat(count, async || assert_eq!(stream.write(&[1]).await.unwrap(), 1)).await;
        });
        assert_fair("readable", OPERATIONS_MAX, |count| async move {
            let stream = UnixStream::from_std(endless_peer()).unwrap();
            repeat(count, async || stream.readable().await.unwrap()).await;
        });
        assert_fair("writable", OPERATIONS_MAX, |count| async move {
            let stream = UnixStream::from_std(endless_peer()).unwrap();
            repeat(count, async || stream.writable().await.unwrap()).await;
        });
        assert_fair("halves", OPERATIONS_MAX, |count| async move {
            let stream = UnixStream::from_std(endless_peer()).unwrap();
            let (mut read, mut write) = stream.into_split();
            let reading = repeat(Rc::clone(&count), async || {
                assert_eq!(read.read(&mut [0; 1]).await.unwrap(), 1);
            });
            let writing = repeat(Rc::default(), async || {
                assert_eq!(write.write(&[1]).await.unwrap(), 1);
            });
            race((reading, writing)).await;
        });
        assert_fair("AsyncFd", OPERATIONS_MAX, |count| async move {
            let stream = endless_peer();
            stream.set_nonblocking(true).unwrap();
            let fd = AsyncFd::new(stream).unwrap();
            let read = async || {
                let read = fd.read_with(|mut stream: &std_unix::UnixStream| stream.read(&mut [0]));
                assert_eq!(read.await.unwrap(), 1);
            };
            repeat(count, read).await;
        });
    });
}

// P91
#[test]
fn tcp_streams_and_listeners_yield() {
    watched(|| {
        assert_fair("TcpStream::peek", OPERATIONS_MAX, |count| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            near.write_all(b"x").await.unwrap();
            repeat(count, async || assert_eq!(far.peek(&mut [0; 1]).await.unwrap(), 1)).await;
        });
        assert_fair("the end of a TcpStream", OPERATIONS_MAX, |count| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            drop(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            let (mut far, _) = listener.accept().await.unwrap();
            let end = async || {
                assert_eq!(AsyncReadExt::read(&mut far, &mut [0; 8]).await.unwrap(), 0);
            };
            repeat(count, end).await;
        });
        assert_fair("a deep backlog", OPERATIONS_MAX, |count| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            loop {
                let clients: Vec<_> =
                    (0..100).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
                yield_now().await;
                for _client in &clients {
                    drop(listener.accept().await.unwrap());
                    count.set(count.get() + 1);
                }
            }
        });
        assert_fair("a backlog of UnixListener", OPERATIONS_MAX, |count| async move {
            let path = std::env::temp_dir().join(format!("aside-busy-socket-{}", process::id()));
            let listener = UnixListener::bind(&path).unwrap();
            loop {
                let clients: Vec<_> =
                    (0..100).map(|_| std_unix::UnixStream::connect(&path).unwrap()).collect();
                yield_now().await;
                for _client in &clients {
                    drop(listener.accept().await.unwrap());
                    count.set(count.get() + 1);
                }
            }
        });
        assert_yields("TcpListener::bind", async || {
            drop(TcpListener::bind("127.0.0.1:0").await.unwrap());
        });
    });
}

// P91
#[test]
fn busy_datagrams_yield() {
    watched(|| {
        assert_fair("UdpSocket", OPERATIONS_MAX, |count| async move {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let own = socket.local_addr().unwrap();
            let exchange = async || {
                socket.send_to(b"x", own).await.unwrap();
                socket.recv_from(&mut [0; 8]).await.unwrap();
            };
            repeat(count, exchange).await;
        });
        assert_fair("UdpSocket::peek_from", OPERATIONS_MAX, |count| async move {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            socket.send_to(b"x", socket.local_addr().unwrap()).await.unwrap();
            repeat(count, async || socket.peek_from(&mut [0; 8]).await.unwrap()).await;
        });
        assert_fair("UnixDatagram", OPERATIONS_MAX, |count| async move {
            let (near, far) = UnixDatagram::pair().unwrap();
            let exchange = async || {
                near.send(b"x").await.unwrap();
                far.recv(&mut [0; 8]).await.unwrap();
            };
            repeat(count, exchange).await;
        });
    });
}

// P91
#[test]
fn the_look_up_of_a_numeric_address_yields() {
    watched(|| {
        let local = (Ipv4Addr::LOCALHOST, 80);
        assert_yields("lookup_host", async move || lookup_host(local).await.unwrap());
    });
}

// P91: an error that every call returns yields, too.
#[test]
fn the_error_of_a_gone_runtime_yields() {
    watched(|| {
        let orphan =
            aside::Runtime::new().block_on(async { UnixStream::from_std(endless_peer()) }).unwrap();
        assert_yields("a socket whose runtime is gone", async move || {
            orphan.read(&mut [0; 8]).await.unwrap_err();
        });
    });
}

// P91, P9: beside a task that is always ready, the loop receives events.
#[test]
fn a_socket_gets_its_events_beside_a_task_that_is_always_ready() {
    watched(|| {
        aside::run(async {
            let busy = spawn(repeat(Rc::default(), async || {
                aside::coop::consume_budget().await;
            }));
            let (mut near, far) = std_unix::UnixStream::pair().unwrap();
            let far = UnixStream::from_std(far).unwrap();
            let reading = spawn(async move { far.read(&mut [0; 8]).await });
            yield_now().await;
            let written = aside::spawn_blocking(move || near.write_all(b"hello").map(|()| near));
            let read: io::Result<usize> = reading.await.unwrap();
            assert_eq!(read.unwrap(), 5);
            written.await.unwrap().unwrap();
            drop(busy.abort_on_drop());
        });
    });
}

// P91: the I/O traits, through which other crates use a stream.
#[test]
fn the_traits_of_a_stream_yield() {
    watched(|| {
        assert_fair("AsyncRead", OPERATIONS_MAX, |count| async move {
            let mut stream = UnixStream::from_std(endless_peer()).unwrap();
            let read = async || {
                let mut buffer = [0; 1];
                let read = std::future::poll_fn(|cx| {
                    futures_lite::AsyncRead::poll_read(Pin::new(&mut stream), cx, &mut buffer)
                });
                assert_eq!(read.await.unwrap(), 1);
            };
            repeat(count, read).await;
        });
    });
}
