//! P97: no write to a socket raises `SIGPIPE`.
//!
//! A child process makes the writes. In it the signal has the effect of its default action, which
//! ends the process. The runtime of Rust ignores the signal, and safe code cannot undo that, so the
//! child has a handler that applies the default action.

use std::fmt;
use std::io::{self, IoSlice, Write};
use std::net::Shutdown;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aside::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use aside::signal::Signal;
use futures_lite::AsyncWriteExt;

use crate::watchdog::watched;

const ROLE: &str = "ASIDE_TEST_WRITES_TO_BROKEN_PIPES";

#[track_caller]
fn assert_broken<T: fmt::Debug>(written: io::Result<T>) {
    assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

/// More slices than the system takes in one call.
fn slices() -> Vec<IoSlice<'static>> {
    vec![IoSlice::new(b"x"); 2_000]
}

/// Writes to a stream whose peer does not read any more, in every way.
macro_rules! write_to_broken {
    ($stream:expr) => {
        let mut stream = $stream;
        assert_broken(stream.write(b"x").await);
        assert_broken(stream.write_vectored(&slices()).await);
        assert_broken(stream.try_write(b"x"));
        assert_broken(AsyncWriteExt::write(&mut stream, b"x").await);
        assert_broken(AsyncWriteExt::write_vectored(&mut stream, &slices()).await);
        assert_broken(AsyncWriteExt::write_vectored(&mut &stream, &slices()).await);
        #[cfg(feature = "hyper")]
        {
            use hyper::rt::Write;
            use std::{future::poll_fn, pin::Pin};

            let write = poll_fn(|cx| Write::poll_write(Pin::new(&mut stream), cx, b"x"));
            assert_broken(write.await);
            let slices = slices();
            assert_broken(
                poll_fn(|cx| Write::poll_write_vectored(Pin::new(&mut stream), cx, &slices)).await,
            );
        }
        #[cfg(feature = "tokio-io")]
        {
            use tokio::io::AsyncWriteExt;

            assert_broken(AsyncWriteExt::write(&mut stream, b"x").await);
            assert_broken(AsyncWriteExt::write_vectored(&mut stream, &slices()).await);
        }
        let (_read, mut write) = stream.into_split();
        assert_broken(AsyncWriteExt::write(&mut write, b"x").await);
        assert_broken(AsyncWriteExt::write_vectored(&mut write, &slices()).await);
    };
}

/// Sends datagrams to peers that do not receive. The errors depend on the system.
async fn send_datagrams() {
    let (near, far) = UnixDatagram::pair().unwrap();
    drop(far);
    assert!(near.send(b"x").await.is_err());
    near.shutdown(Shutdown::Write).unwrap();
    assert_broken(near.send(b"x").await);
    assert!(near.try_send_to(b"x", "/nothing/is/here").is_err());
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gone.local_addr().unwrap()).await.unwrap();
    drop(gone);
    let _sent = socket.send(b"x").await;
    let _refused = socket.send(b"x").await;
}

/// The program of the child.
fn program(role: &str) {
    let always = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_default(Signal::PIPE.number(), always).unwrap();
    if role == "pipe" {
        let (read, mut write) = io::pipe().unwrap();
        drop(read);
        // This write ends the process.
        panic!("{:?}", write.write(b"x"));
    }
    aside::run(async {
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        write_to_broken!(near);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        near.shutdown(Shutdown::Write).unwrap();
        write_to_broken!(near);
        let (far, _) = listener.accept().await.unwrap();
        far.shutdown(Shutdown::Write).unwrap();
        write_to_broken!(far);
        send_datagrams().await;
    });
}

/// Runs one test of this program in a child.
fn run_in_child(test: &str, role: &str) -> ExitStatus {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(ROLE, role);
    child.status().unwrap()
}

// P97.
#[test]
fn a_write_to_a_socket_ends_no_process() {
    watched(|| match std::env::var(ROLE) {
        Ok(role) => program(&role),
        Err(_not_the_child) => {
            let test = "broken_pipes::a_write_to_a_socket_ends_no_process";
            // Without this check, the child would pass although it ignores the signal.
            assert_eq!(run_in_child(test, "pipe").signal(), Some(Signal::PIPE.number()));
            assert!(run_in_child(test, "sockets").success());
        }
    });
}
