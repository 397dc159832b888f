//! Unix sockets: streams, listeners, datagrams.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net;
use std::path::PathBuf;

use aside::net::{UnixDatagram, UnixListener, UnixStream};
use aside::{gather, spawn, spawn_blocking};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::support::watchdog::watched;

/// Returns an unused path of this process.
fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("aside-{}-{name}", std::process::id()));
    let _may_be_missing = std::fs::remove_file(&path);
    path
}

#[test]
fn a_std_client_is_accepted_and_echoed() {
    watched(|| {
        let path = path("echo");
        aside::run(async {
            let listener = UnixListener::bind(&path).unwrap();
            assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
            let client = spawn_blocking({
                let path = path.clone();
                move || {
                    let mut stream = net::UnixStream::connect(path).unwrap();
                    stream.write_all(b"hello").unwrap();
                    stream.shutdown(Shutdown::Write).unwrap();
                    let mut echoed = String::new();
                    stream.read_to_string(&mut echoed).unwrap();
                    echoed
                }
            });
            let (stream, _) = listener.accept().await.unwrap();
            futures_lite::io::copy(&stream, &stream).await.unwrap();
            drop(stream);
            assert_eq!(client.await.unwrap(), "hello");
        });
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn a_unix_connection_is_accepted_and_one_without_a_listener_fails() {
    watched(|| {
        let path = path("connect");
        aside::run(async {
            let error = UnixStream::connect(&path).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            let listener = UnixListener::bind(&path).unwrap();
            let accepting = spawn(async move { listener.accept().await.unwrap().0 });
            let mut near = UnixStream::connect(&path).await.unwrap();
            assert_eq!(near.peer_addr().unwrap().as_pathname(), Some(&*path));
            let mut far = accepting.await.unwrap();
            near.write_all(b"abc").await.unwrap();
            near.close().await.unwrap();
            let mut read = Vec::new();
            far.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, b"abc");
            let error = UnixStream::connect(&path).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn halves_transfer_a_megabyte_in_both_directions_at_once() {
    watched(|| {
        aside::run(async {
            let (near, far) = UnixStream::pair().unwrap();
            let ends = [near, far].map(|stream| {
                let (mut read, mut write) = stream.into_split();
                let writing = spawn(async move { write.write_all(&vec![5; 1 << 20]).await });
                async move {
                    let mut all = Vec::new();
                    read.read_to_end(&mut all).await.unwrap();
                    writing.await.unwrap().unwrap();
                    all.len()
                }
            });
            assert_eq!(gather(ends).await, [1 << 20; 2]);
        });
    });
}

#[test]
fn datagrams_wait_for_room_and_keep_their_boundaries() {
    watched(|| {
        aside::run(async {
            let (near, far) = UnixDatagram::pair().unwrap();
            let sending = spawn(async move {
                for length in 0..1000 {
                    near.send(&vec![1; length]).await.unwrap();
                }
            });
            let mut buffer = [0; 1024];
            for length in 0..1000 {
                assert_eq!(far.recv(&mut buffer).await.unwrap(), length);
            }
            sending.await.unwrap();
        });
    });
}

#[test]
fn a_datagram_arrives_with_its_address() {
    watched(|| {
        let (here, there) = (path("here"), path("there"));
        aside::run(async {
            let near = UnixDatagram::bind(&here).unwrap();
            let far = UnixDatagram::bind(&there).unwrap();
            assert_eq!(near.try_send_to(b"abc", &there).unwrap(), 3);
            let mut buffer = [0; 8];
            let (length, from) = far.recv_from(&mut buffer).await.unwrap();
            assert_eq!((length, from.as_pathname()), (3, Some(&*here)));
            far.connect(&here).unwrap();
            assert_eq!(far.peer_addr().unwrap().as_pathname(), Some(&*here));
            let nameless = UnixDatagram::unbound().unwrap();
            nameless.try_send_to(b"d", &here).unwrap();
            let (_, from) = near.recv_from(&mut buffer).await.unwrap();
            assert!(from.is_unnamed());
            far.shutdown(Shutdown::Both).unwrap();
            assert_eq!(far.local_addr().unwrap().as_pathname(), Some(&*there));
        });
        std::fs::remove_file(here).unwrap();
        std::fs::remove_file(there).unwrap();
    });
}
