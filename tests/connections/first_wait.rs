//! The directions of a connection that the kernel reports, as `/proc` shows them.

use std::io::Write;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use aside::Runtime;
use aside::net::{TcpListener, UnixListener};
use futures_lite::future::poll_once;

use crate::assert_no_socket_is_registered;

/// `EPOLLIN`.
const READS: u32 = 1;
/// `EPOLLOUT`.
const WRITES: u32 = 4;

/// Returns the directions with which a descriptor is registered.
fn registered(descriptor: RawFd) -> u32 {
    let infos = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    let texts = infos.filter_map(|info| std::fs::read_to_string(info.unwrap().path()).ok());
    let events = |text: String| {
        text.lines().find_map(|line| {
            let (of, events) = line.strip_prefix("tfd:")?.split_once("events:")?;
            let events = events.split_whitespace().next()?;
            let is_asked = of.trim().parse() == Ok(descriptor);
            is_asked.then(|| u32::from_str_radix(events, 16).unwrap())
        })
    };
    texts.filter_map(events).max().unwrap_or(0) & (READS | WRITES)
}

/// The stream's own descriptor may be used again by another one, so the directions are looked up
/// while the connection is open.
pub(crate) fn a_connection_is_registered_by_its_waits_alone() {
    let runtime = Runtime::new();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        near.write_all(b"request").unwrap();
        let (far, address) = listener.accept().await.unwrap();
        assert_eq!(address, near.local_addr().unwrap());
        let descriptor = far.as_raw_fd();
        assert_eq!(far.read(&mut [0; 7]).await.unwrap(), 7);
        assert_eq!(far.write(b"answer").await.unwrap(), 6);
        assert_eq!((registered(descriptor), registered(listener.as_raw_fd())), (0, 0));

        assert!(poll_once(far.read(&mut [0; 7])).await.is_none());
        assert_eq!(registered(descriptor), READS);
        let chunk = vec![0; 1 << 20];
        while poll_once(far.write(&chunk)).await.is_some() {}
        assert_eq!(registered(descriptor), READS | WRITES);
        near.write_all(b"more").unwrap();
        assert_eq!(far.read(&mut [0; 7]).await.unwrap(), 4);
    });
    assert_no_socket_is_registered(&runtime);
}

pub(crate) fn a_unix_connection_is_registered_by_its_waits_alone() {
    let name = format!("\0aside-first-wait-{}", std::process::id());
    let runtime = Runtime::new();
    runtime.block_on(async {
        let listener = UnixListener::bind(&name).unwrap();
        let address = listener.local_addr().unwrap();
        let mut near = UnixStream::connect_addr(&address).unwrap();
        near.write_all(b"request").unwrap();
        let (far, _unnamed) = listener.accept().await.unwrap();
        let descriptor = far.as_raw_fd();
        assert_eq!(far.read(&mut [0; 7]).await.unwrap(), 7);
        assert_eq!(registered(descriptor), 0);
        assert!(poll_once(far.read(&mut [0; 7])).await.is_none());
        assert_eq!(registered(descriptor), READS);
        near.write_all(b"more").unwrap();
        assert_eq!(far.read(&mut [0; 7]).await.unwrap(), 4);
    });
}
