//! Connecting: sockets that would connect to themselves.

use std::io;
use std::net;

use aside::net::{SocketBuilder, TcpListener, TcpStream};

use crate::support::watchdog::watched;

/// Returns an address at which no socket listens.
fn unused() -> net::SocketAddr {
    net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

// P107.
#[test]
fn a_socket_does_not_connect_to_itself_and_its_port_stays_free() {
    watched(|| {
        aside::run(async {
            for _ in 0..10 {
                let address = unused();
                // The system chooses such a local address by chance, too.
                let socket = SocketBuilder::new().local_addr(address);
                let error = socket.connect(address).await.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
                // std's listener sets an option by which it can bind while a connection is closing.
                let listener = SocketBuilder::new().listen(address).unwrap();
                assert_eq!(listener.local_addr().unwrap(), address);
            }
        });
    });
}

// P107.
#[test]
fn a_listener_can_connect_to_itself() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (far, peer) = listener.accept().await.unwrap();
            assert_eq!(near.local_addr().unwrap(), peer);
            assert_ne!(far.local_addr().unwrap(), far.peer_addr().unwrap());
        });
    });
}
