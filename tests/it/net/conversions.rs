//! Conversions between the sockets of aside, those of std, and descriptors; the types of addresses.

use std::io;
use std::net::{self, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net as unix;

use aside::net::{
    TcpListener, TcpStream, ToSocketAddrs, UdpSocket, UnixDatagram, UnixListener, UnixStream,
    lookup_host,
};
use rustix::fs::{OFlags, fcntl_getfl};

use crate::support::watchdog::watched;

fn is_nonblocking(descriptor: impl AsFd) -> bool {
    fcntl_getfl(descriptor).unwrap().contains(OFlags::NONBLOCK)
}

/// Converts a socket of std to one of aside, to a descriptor, back, and to one of std.
fn there_and_back<A, S>(socket: S, into_std: fn(A) -> io::Result<S>) -> S
where
    A: TryFrom<S, Error = io::Error> + TryFrom<OwnedFd, Error = io::Error>,
    A: Into<OwnedFd> + AsFd + AsRawFd,
    S: AsFd + AsRawFd,
{
    let number = socket.as_raw_fd();
    assert!(!is_nonblocking(&socket));
    let socket = A::try_from(socket).unwrap();
    assert!(is_nonblocking(&socket));
    let descriptor: OwnedFd = socket.into();
    assert!(is_nonblocking(&descriptor), "it stays so");
    let socket = A::try_from(descriptor).unwrap();
    let socket = into_std(socket).unwrap();
    assert!(!is_nonblocking(&socket));
    assert_eq!(socket.as_raw_fd(), number);
    socket
}

#[test]
fn every_socket_is_converted_from_and_to_std_and_descriptors() {
    watched(|| {
        aside::run(async {
            let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
            let listener = there_and_back(listener, TcpListener::into_std);
            let near = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let near = there_and_back(near, TcpStream::into_std);
            assert_eq!(listener.accept().unwrap().1, near.local_addr().unwrap());
            there_and_back(net::UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::into_std);

            let path = std::env::temp_dir().join(format!("aside-conv-{}", std::process::id()));
            let listener = unix::UnixListener::bind(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            there_and_back(listener, UnixListener::into_std);
            there_and_back(unix::UnixStream::pair().unwrap().0, UnixStream::into_std);
            there_and_back(unix::UnixDatagram::unbound().unwrap(), UnixDatagram::into_std);
        });
    });
}

#[test]
fn a_conversion_fails_without_a_runtime() {
    watched(|| {
        let (near, _far) = unix::UnixStream::pair().unwrap();
        UnixStream::try_from(near).unwrap_err();
    });
}

async fn resolved(address: impl ToSocketAddrs) -> Vec<SocketAddr> {
    lookup_host(address).await.unwrap()
}

#[test]
fn addresses_are_accepted_by_value_by_reference_and_several_at_once() {
    watched(|| {
        aside::run(async {
            let one = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
            let two = SocketAddr::from((Ipv4Addr::LOCALHOST, 2));
            let v4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1);
            let name = String::from("127.0.0.1:1");
            for found in [
                resolved(one).await,
                resolved(&one).await,
                resolved(&&one).await,
                resolved(&v4).await,
                resolved((Ipv4Addr::LOCALHOST, 1)).await,
                resolved(&("127.0.0.1", 1)).await,
                resolved((String::from("127.0.0.1"), 1)).await,
                resolved(&*name).await,
                resolved(&name).await,
                resolved(name.clone()).await,
                resolved([one]).await,
            ] {
                assert_eq!(found, [one]);
            }
            for found in [
                resolved([one, two]).await,
                resolved(&[one, two]).await,
                resolved(&[one, two][..]).await,
                resolved(vec![one, two]).await,
                resolved(&vec![one, two]).await,
            ] {
                assert_eq!(found, [one, two]);
            }
        });
    });
}

#[test]
fn a_datagram_is_sent_to_a_name_and_to_the_first_of_several_addresses() {
    watched(|| {
        aside::run(async {
            let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let to = far.local_addr().unwrap();
            assert_eq!(near.send_to(b"a", to).await.unwrap(), 1);
            assert_eq!(near.send_to(b"bc", &to).await.unwrap(), 2);
            assert_eq!(near.send_to(b"def", [to, near.local_addr().unwrap()]).await.unwrap(), 3);
            assert_eq!(near.send_to(b"ghij", ("127.0.0.1", to.port())).await.unwrap(), 4);
            for length in 1..=4 {
                assert_eq!(far.recv(&mut [0; 8]).await.unwrap(), length);
            }
            let error = near.send_to(b"x", Vec::new()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        });
    });
}
