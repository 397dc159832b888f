//! `readable` and `writable`: they report what the system has reported, and assume nothing.

use std::io::{self, Read, Write};
use std::net;
use std::os::fd::AsFd;
use std::time::Duration;

use aside::net::{AsyncFd, TcpListener, TcpStream, UdpSocket, UnixStream};
use aside::{sleep, timeout};
use futures_lite::future::poll_once;
use rustix::io::ioctl_fionbio;

use crate::support::watchdog::watched;

/// Asserts that a new descriptor without data is not readable, and readable when data arrives.
async fn assert_quiet_until(
    name: &str,
    readable: impl AsyncFn() -> io::Result<()>,
    send: impl FnOnce(),
) {
    assert!(poll_once(readable()).await.is_none(), "{name} is new");
    // The loop receives the initial event.
    sleep(Duration::from_millis(2)).await;
    assert!(timeout(Duration::from_millis(2), readable()).await.is_err(), "{name} is quiet");
    send();
    readable().await.unwrap();
}

fn nonblocking<T: AsFd>(object: T) -> T {
    ioctl_fionbio(&object, true).unwrap();
    object
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connected = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (connected, listener.accept().await.unwrap().0)
}

// P118
#[test]
fn a_new_stream_is_writable_and_is_readable_when_data_arrives() {
    watched(|| {
        aside::run(async {
            let (connected, accepted) = tcp().await;
            let send = || assert_eq!(connected.try_write(b"x").unwrap(), 1);
            assert_quiet_until("an accepted stream", || accepted.readable(), send).await;
            accepted.writable().await.unwrap();

            let (connected, accepted) = tcp().await;
            let send = || assert_eq!(accepted.try_write(b"x").unwrap(), 1);
            assert_quiet_until("a connected stream", || connected.readable(), send).await;
            connected.writable().await.unwrap();

            let (near, far) = UnixStream::pair().unwrap();
            let send = || drop(far);
            assert_quiet_until("a Unix stream", || near.readable(), send).await;
            near.writable().await.unwrap();
            assert_eq!(near.try_read(&mut [0]).unwrap(), 0);
        });
    });
}

// P118
#[test]
fn a_new_udp_socket_is_writable_and_is_readable_when_a_datagram_arrives() {
    watched(|| {
        aside::run(async {
            let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let far = net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let address = near.local_addr().unwrap();
            let send = || assert_eq!(far.send_to(b"x", address).unwrap(), 1);
            assert_quiet_until("a UDP socket", || near.readable(), send).await;
            near.writable().await.unwrap();
        });
    });
}

// P118
#[test]
fn a_new_descriptor_is_readable_when_data_or_a_connection_arrives() {
    watched(|| {
        aside::run(async {
            let (reader, mut writer) = io::pipe().unwrap();
            let pipe = AsyncFd::new(nonblocking(reader)).unwrap();
            let readable = async || pipe.readable().await.map(drop);
            assert_quiet_until("a pipe", readable, || writer.write_all(b"x").unwrap()).await;
            let mut ready = pipe.readable().await.unwrap();
            let read = ready.try_io(|mut pipe| pipe.read(&mut [0; 8])).unwrap();
            assert_eq!(read.unwrap(), 1);

            let listener = nonblocking(net::TcpListener::bind("127.0.0.1:0").unwrap());
            let address = listener.local_addr().unwrap();
            let listener = AsyncFd::new(listener).unwrap();
            let readable = async || listener.readable().await.map(drop);
            let connect = || drop(net::TcpStream::connect(address).unwrap());
            assert_quiet_until("a listener", readable, connect).await;
        });
    });
}

// P118: the system reports the state that a descriptor has when it is registered.
#[test]
fn what_arrived_before_the_registration_is_reported() {
    watched(|| {
        aside::run(async {
            let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
            far.write_all(b"x").unwrap();
            let near = UnixStream::from_std(near).unwrap();
            near.readable().await.unwrap();
            assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 1);

            let (ended, far) = std::os::unix::net::UnixStream::pair().unwrap();
            drop(far);
            UnixStream::from_std(ended).unwrap().readable().await.unwrap();
        });
    });
}

// P118: the first operation is tried without an event, so it costs no turn of the loop.
#[test]
fn the_first_operation_is_tried_before_the_initial_event() {
    watched(|| {
        aside::run(async {
            let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
            far.write_all(b"x").unwrap();
            let near = UnixStream::from_std(near).unwrap();
            let read = poll_once(near.read(&mut [0; 8])).await.expect("it is tried at once");
            assert_eq!(read.unwrap(), 1);
            let written = poll_once(near.write(b"y")).await.expect("it is tried at once");
            assert_eq!(written.unwrap(), 1);
        });
    });
}

// P118
#[test]
fn after_would_block_a_descriptor_is_readable_at_the_next_event() {
    watched(|| {
        aside::run(async {
            let (near, far) = UnixStream::pair().unwrap();
            for _ in 0..3 {
                assert!(near.try_read(&mut [0; 8]).is_err());
                let send = || assert_eq!(far.try_write(b"x").unwrap(), 1);
                assert_quiet_until("an emptied stream", || near.readable(), send).await;
                assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 1);
            }
        });
    });
}
