//! Connecting: sockets that would connect to themselves, and addresses that do not answer.

use std::io;
use std::net;
use std::sync::mpsc;
use std::thread;

use aside::Runtime;
use aside::net::{SocketBuilder, TcpListener, TcpStream, UdpSocket};
use aside::time::Clock;
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncWriteExt, FutureExt};

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

/// Returns an address that does not answer: the system drops further requests to connect while the
/// backlog is full.
#[cfg(target_os = "linux")]
fn dead() -> (net::SocketAddr, impl Sized) {
    let listener = SocketBuilder::new().backlog(0).listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    (address, (listener, net::TcpStream::connect(address).unwrap()))
}

// P100.
#[cfg(target_os = "linux")]
#[test]
fn an_address_that_does_not_answer_does_not_stop_the_next() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let (dead, _keep) = dead();
            let live = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = live.local_addr().unwrap();
            let near = TcpStream::connect(&[dead, address][..]).await.unwrap();
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

/// Polls a future first inside a runtime, and then to its end on a thread without a runtime, or
/// with another one, which is gone when `check` uses the output.
fn polled_elsewhere<T: Send + 'static>(
    make: impl Fn() -> futures_lite::future::Boxed<io::Result<T>> + Send + Copy + 'static,
    check: impl Fn(T),
) {
    for poll in [block_on, aside::run] {
        let (futures, polled) = mpsc::channel();
        let (stop, stopped) = async_channel::bounded::<()>(1);
        let runtime = thread::spawn(move || {
            let runtime = Runtime::builder().clock(Clock::virtual_time()).threads_max(1).build();
            runtime.block_on(async {
                // A job occupies the only thread, so that a lookup ends after the first poll only.
                let (release, held) = mpsc::channel::<()>();
                let job = aside::spawn_blocking(move || held.recv());
                let mut future = make();
                assert!(poll_once(&mut future).await.is_none());
                drop(release);
                assert!(job.await.unwrap().is_err());
                futures.send(future).unwrap();
                assert!(stopped.recv().await.is_err());
            });
        });
        check(poll(polled.recv().unwrap()).unwrap());
        drop(stop);
        runtime.join().unwrap();
    }
}

// P100.
#[cfg(target_os = "linux")]
#[test]
fn a_race_may_be_polled_on_any_thread() {
    watched(|| {
        let live = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = live.local_addr().unwrap();
        let runtime = Runtime::new();
        let (dead, _keep) = runtime.block_on(async { dead() });
        let race = move || async move { TcpStream::connect(&[dead, address][..]).await }.boxed();
        polled_elsewhere(race, |mut near| {
            assert_eq!(near.peer_addr().unwrap(), address);
            // If the runtime of the later polls had the socket, this would be an error.
            block_on(near.write_all(b"x")).unwrap();
        });
    });
}

// P100. The lookup of the name ends after the first poll.
#[test]
fn a_bind_may_be_polled_on_any_thread() {
    watched(|| {
        polled_elsewhere(
            || TcpListener::bind("localhost:0").boxed(),
            |listener| {
                let _queued = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                block_on(listener.accept()).unwrap();
            },
        );
        polled_elsewhere(
            || UdpSocket::bind("localhost:0").boxed(),
            |socket| {
                block_on(socket.send_to(b"x", socket.local_addr().unwrap())).unwrap();
                block_on(socket.recv_from(&mut [0; 1])).unwrap();
            },
        );
    });
}
