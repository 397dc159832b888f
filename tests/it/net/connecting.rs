//! Connecting: sockets that would connect to themselves, and addresses that do not answer.

use std::io;
use std::net;

use aside::Runtime;
use aside::net::{SocketBuilder, TcpListener, TcpStream};
use aside::time::Clock;

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

// P100.
#[cfg(target_os = "linux")]
#[test]
fn an_address_that_does_not_answer_does_not_stop_the_next() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            // The system drops further requests to connect while the backlog is full.
            let dead = SocketBuilder::new().backlog(0).listen(([127, 0, 0, 1], 0).into()).unwrap();
            let dead = (dead.local_addr().unwrap(), dead);
            let _fills_the_backlog = net::TcpStream::connect(dead.0).unwrap();
            let live = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = live.local_addr().unwrap();
            let near = TcpStream::connect(&[dead.0, address][..]).await.unwrap();
            assert_eq!(near.peer_addr().unwrap(), address);
            let (_far, peer) = live.accept().await.unwrap();
            assert_eq!(near.local_addr().unwrap(), peer);
        });
    });
}

// P100.
#[test]
fn if_all_addresses_refuse_the_error_names_them() {
    watched(|| {
        aside::run(async {
            let addresses = [unused(), unused()];
            let error = TcpStream::connect(&addresses[..]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            assert!(addresses.iter().all(|tried| error.to_string().contains(&tried.to_string())));
            // The only address has the error of the system.
            let error = TcpStream::connect(addresses[0]).await.unwrap_err();
            assert!(error.raw_os_error().is_some());
        });
    });
}
