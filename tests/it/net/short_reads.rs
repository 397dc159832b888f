//! Short reads, and the data and events that they may leave behind. The tests check the rule at the
//! head of the reactor's `readiness.rs` (P68).
//!
//! The peer is a std socket that acts while the loop does not poll, so that one event reports
//! everything that the peer did.

use std::io::{self, IoSlice, IoSliceMut, Write};
use std::net::{self, Shutdown};
use std::os::fd::AsFd;
use std::os::unix;
use std::time::Duration;

use aside::net::{TcpListener, TcpStream, UnixStream};
use aside::spawn_blocking;
use futures_lite::AsyncReadExt;
use futures_lite::future::poll_once;
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, send, sendmsg};

use crate::support::watchdog::watched;

/// A std client, and a stream whose read has returned `WouldBlock`, so that it waits for an event.
async fn silent() -> (net::TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let near = spawn_blocking(move || net::TcpStream::connect(address)).await.unwrap().unwrap();
    near.set_nodelay(true).unwrap();
    let (far, _) = listener.accept().await.unwrap();
    assert!(poll_once(far.read(&mut [0; 64])).await.is_none());
    (near, far)
}

/// Reads this many bytes. Each read asks for more than has arrived.
async fn read_some(mut stream: impl AsyncReadExt + Unpin, count: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < count {
        let mut buffer = [0; 64];
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the end came after {} of {count}", all.len());
        all.extend_from_slice(&buffer[..length]);
    }
    all
}

#[test]
fn the_end_that_arrives_together_with_data_is_read() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = silent().await;
            near.write_all(b"last words").unwrap();
            near.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_some(&far, 10).await, b"last words");
            assert_eq!(far.read(&mut [0; 64]).await.unwrap(), 0);
            assert_eq!(far.read(&mut [0; 64]).await.unwrap(), 0, "the end stays");
        });
    });
}

#[test]
fn the_end_that_arrives_after_a_short_read_is_read() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = silent().await;
            near.write_all(b"words").unwrap();
            far.readable().await.unwrap();
            // The data is read before its event is dispatched.
            near.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_some(&far, 5).await, b"words");
            assert_eq!(far.read(&mut [0; 64]).await.unwrap(), 0);
        });
    });
}

#[test]
fn a_reset_that_arrives_together_with_data_is_reported() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = silent().await;
            near.write_all(b"words").unwrap();
            set_socket_linger(near.as_fd(), Some(Duration::ZERO)).unwrap();
            drop(near);
            let error = loop {
                match far.read(&mut [0; 64]).await {
                    Ok(length) => assert_eq!(length, 5, "the words, once"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        });
    });
}

#[test]
fn data_after_an_urgent_byte_is_read() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = silent().await;
            for _ in 0..3 {
                near.write_all(b"ab").unwrap();
                send(&near, b"!", SendFlags::OOB).unwrap();
                near.write_all(b"cd").unwrap();
                // A read ends at the urgent byte.
                assert_eq!(read_some(&far, 4).await, b"abcd");
            }
        });
    });
}

#[test]
fn data_after_an_unreported_urgent_byte_is_read() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = silent().await;
            near.write_all(b"ab").unwrap();
            far.readable().await.unwrap();
            send(&near, b"!", SendFlags::OOB).unwrap();
            near.write_all(b"cd").unwrap();
            assert_eq!(read_some(&far, 4).await, b"abcd");
        });
    });
}

#[test]
fn a_full_buffer_does_not_clear_readiness() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = silent().await;
            let mut buffer = [0; 4];
            for _ in 0..3 {
                near.write_all(b"12345678").unwrap();
                for expected in [b"1234", b"5678"] {
                    assert_eq!(far.read(&mut buffer).await.unwrap(), 4);
                    assert_eq!(&buffer, expected);
                }
                assert!(poll_once(far.read(&mut buffer)).await.is_none());
            }
        });
    });
}

#[test]
fn vectored_reads_fill_several_buffers() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = silent().await;
            let (mut one, mut other) = ([0; 2], [0; 2]);
            let mut read = async || {
                let mut both = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut other)];
                far.read_vectored(&mut both).await.unwrap()
            };
            near.write_all(b"1234567").unwrap();
            // The first read fills both buffers, the second one is short, and the third one waits.
            assert_eq!((read().await, read().await), (4, 3));
            assert!(poll_once(read()).await.is_none());
            near.write_all(b"8").unwrap();
            assert_eq!(read().await, 1);
            let slices = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
            assert_eq!(far.write_vectored(&slices).await.unwrap(), 3);
        });
    });
}

/// A read of a Unix stream returns no bytes beyond those with which a descriptor was sent.
#[test]
fn data_after_a_passed_descriptor_is_read() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = unix::net::UnixStream::pair().unwrap();
            let far = UnixStream::from_std(far).unwrap();
            assert!(poll_once(far.read(&mut [0; 64])).await.is_none());
            for _ in 0..3 {
                near.write_all(b"ab").unwrap();
                pass_a_descriptor(&near, b"cd");
                near.write_all(b"ef").unwrap();
                assert_eq!(read_some(&far, 6).await, b"abcdef");
            }
        });
    });
}

fn pass_a_descriptor(socket: &unix::net::UnixStream, bytes: &[u8]) {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let passed = [socket.as_fd()];
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&passed)));
    let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::empty());
    assert_eq!(sent.unwrap(), bytes.len());
}

/// A task that writes until the buffer is full is woken when there is room, even if its last write
/// was short.
#[test]
fn after_a_short_write_the_next_report_of_room_is_received() {
    watched(|| {
        aside::run(async {
            let (near, far) = silent().await;
            let chunk = vec![7; 1 << 20];
            let mut written = 0;
            while let Some(length) = poll_once(far.write(&chunk)).await {
                written += length.unwrap();
            }
            let reader = spawn_blocking(move || {
                let mut near = near;
                let mut all = vec![0; written + 1];
                io::Read::read_exact(&mut near, &mut all).map(|()| all.len())
            });
            assert_eq!(far.write(&[7]).await.unwrap(), 1);
            assert_eq!(reader.await.unwrap().unwrap(), written + 1);
        });
    });
}
