//! Sockets before they listen or connect.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::SocketAddr as UnixAddr;
use std::path::PathBuf;
use std::time::Duration;

use aside::net::{SocketBuilder, TcpSocket, UnixDatagram, UnixListener, UnixSocket, UnixStream};

use crate::support::watchdog::watched;

fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Returns an unused path of this process.
fn path(name: &str) -> PathBuf {
    let path =
        std::env::temp_dir().join(format!("aside-unconnected-{}-{name}", std::process::id()));
    let _may_be_missing = std::fs::remove_file(&path);
    path
}

#[test]
fn a_tcp_socket_listens_and_connects_with_its_options() {
    watched(|| {
        aside::run(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.set_recv_buffer_size(64 * 1024).unwrap();
            socket.bind(any()).unwrap();
            let address = socket.local_addr().unwrap();
            let listener = socket.listen(16).unwrap();
            assert_eq!(listener.local_addr().unwrap(), address);

            let socket = TcpSocket::new_v4().unwrap();
            socket.set_nodelay(true).unwrap();
            socket.bind(any()).unwrap();
            let local = socket.local_addr().unwrap();
            let near = socket.connect(address).await.unwrap();
            assert_eq!(near.local_addr().unwrap(), local);
            assert!(near.nodelay().unwrap());
            let (far, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, local);
            near.write(b"abc").await.unwrap();
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 3);
            drop(listener);
            let refused = TcpSocket::new_v4().unwrap().connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        });
    });
}

#[test]
fn the_options_of_a_tcp_socket_return_the_values_they_were_set_to() {
    watched(|| {
        let socket = TcpSocket::new_v6().unwrap();
        assert!(socket.local_addr().unwrap().is_ipv6());
        for value in [true, false] {
            socket.set_reuseaddr(value).unwrap();
            socket.set_reuseport(value).unwrap();
            socket.set_keepalive(value).unwrap();
            socket.set_nodelay(value).unwrap();
            assert_eq!(socket.reuseaddr().unwrap(), value);
            assert_eq!(socket.reuseport().unwrap(), value);
            assert_eq!(socket.keepalive().unwrap(), value);
            assert_eq!(socket.nodelay().unwrap(), value);
        }
        socket.set_linger(Some(Duration::from_secs(2))).unwrap();
        assert_eq!(socket.linger().unwrap(), Some(Duration::from_secs(2)));
        let (sends, receives) =
            (socket.send_buffer_size().unwrap(), socket.recv_buffer_size().unwrap());
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        // The system may allow more than that.
        assert!(socket.send_buffer_size().unwrap() >= 64 * 1024);
        assert_ne!(socket.send_buffer_size().unwrap(), sends);
        assert!((8 * 1024..receives).contains(&socket.recv_buffer_size().unwrap()));
        assert!(socket.take_error().unwrap().is_none());
        let number = socket.as_raw_fd();
        let socket = TcpSocket::from(OwnedFd::from(socket));
        assert_eq!((socket.as_raw_fd(), socket.linger().unwrap().is_some()), (number, true));
    });
}

#[test]
fn a_socket_needs_a_runtime_to_listen_or_connect() {
    watched(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(any()).unwrap();
        socket.listen(1).unwrap_err();
        let connecting = TcpSocket::new_v4().unwrap().connect(any());
        futures_lite::future::block_on(connecting).unwrap_err();
        UnixSocket::new_datagram().unwrap().datagram().unwrap_err();
    });
}

#[test]
fn an_option_of_a_builder_is_set_or_not() {
    watched(|| {
        aside::run(async {
            let shared = SocketBuilder::new().reuse_port(true).nodelay(true);
            let first = shared.clone().listen(any()).unwrap();
            let address = first.local_addr().unwrap();
            let _second = shared.clone().listen(address).unwrap();
            let taken = shared.clone().reuse_port(false).listen(address).unwrap_err();
            assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
            let near = shared.clone().connect(address).await.unwrap();
            assert!(near.nodelay().unwrap());
            assert!(!shared.nodelay(false).connect(address).await.unwrap().nodelay().unwrap());
        });
    });
}

#[test]
fn a_unix_socket_listens_connects_or_exchanges_datagrams() {
    watched(|| {
        aside::run(async {
            let (listening, connecting) = (path("listening"), path("connecting"));
            let socket = UnixSocket::new_stream().unwrap();
            socket.bind(&listening).unwrap();
            let listener = socket.listen(4).unwrap();
            let socket = UnixSocket::new_stream().unwrap();
            socket.bind_addr(&UnixAddr::from_pathname(&connecting).unwrap()).unwrap();
            let _near = socket.connect(&listening).await.unwrap();
            let (_far, peer) = listener.accept().await.unwrap();
            assert_eq!(peer.as_pathname(), Some(&*connecting));
            std::fs::remove_file(&connecting).unwrap();

            let socket = UnixSocket::new_datagram().unwrap();
            socket.bind(&connecting).unwrap();
            let receiver = socket.datagram().unwrap();
            let sender = UnixSocket::new_datagram().unwrap().datagram().unwrap();
            sender.send_to(b"abc", &connecting).await.unwrap();
            assert_eq!(receiver.recv(&mut [0; 8]).await.unwrap(), 3);

            let stream = UnixSocket::new_stream().unwrap();
            assert_eq!(stream.datagram().unwrap_err().kind(), io::ErrorKind::InvalidInput);
            let datagram = UnixSocket::new_datagram().unwrap();
            let error = datagram.connect(&connecting).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            UnixSocket::new_datagram().unwrap().listen(1).unwrap_err();
            std::fs::remove_file(connecting).unwrap();
            std::fs::remove_file(listening).unwrap();
        });
    });
}

#[test]
fn unix_sockets_use_addresses_of_std() {
    watched(|| {
        aside::run(async {
            let address = UnixAddr::from_pathname(path("of-std")).unwrap();
            let file = address.as_pathname().unwrap();
            let listener = UnixListener::bind_addr(&address).unwrap();
            let near = UnixStream::connect_addr(&listener.local_addr().unwrap()).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            near.write(b"abc").await.unwrap();
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 3);
            std::fs::remove_file(file).unwrap();

            let receiver = UnixDatagram::bind_addr(&address).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            assert_eq!(sender.send_to_addr(b"ab", &address).await.unwrap(), 2);
            assert_eq!(sender.try_send_to_addr(b"cde", &address).unwrap(), 3);
            sender.connect_addr(&address).unwrap();
            sender.send(b"fghi").await.unwrap();
            for length in 2..=4 {
                assert_eq!(receiver.recv(&mut [0; 8]).await.unwrap(), length);
            }
            std::fs::remove_file(file).unwrap();
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn unix_sockets_use_abstract_addresses_of_std() {
    use std::os::linux::net::SocketAddrExt;

    watched(|| {
        aside::run(async {
            // A name may contain any bytes.
            let name = [b"\0\xff-", format!("aside-{}", std::process::id()).as_bytes()].concat();
            let address = UnixAddr::from_abstract_name(&name).unwrap();
            let listener = UnixListener::bind_addr(&address).unwrap();
            let near = UnixStream::connect_addr(&address).await.unwrap();
            assert_eq!(near.peer_addr().unwrap().as_abstract_name(), Some(&*name));
            listener.accept().await.unwrap();
            drop(listener);

            let receiver = UnixDatagram::bind_addr(&address).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            // The system gives a name to a socket that is bound to an address without one.
            let unnamed = sender.local_addr().unwrap();
            assert!(unnamed.is_unnamed());
            let named = UnixDatagram::bind_addr(&unnamed).unwrap();
            named.send_to_addr(b"abc", &address).await.unwrap();
            let (length, from) = receiver.recv_from(&mut [0; 8]).await.unwrap();
            assert_eq!(length, 3);
            assert_eq!(from.as_abstract_name(), named.local_addr().unwrap().as_abstract_name());
            assert!(from.as_abstract_name().is_some());
        });
    });
}
