//! Operations that never wait: they ask the system, whatever the loop has received so far. The loop
//! is not turned between the parts of a test, because the test awaits nothing.

use std::io::{self, Read, Write};
use std::net;
use std::os::fd::AsFd;

use aside::Runtime;
use aside::net::{AsyncFd, TcpStream, UdpSocket, UnixStream};
use futures_lite::AsyncWriteExt;
use futures_lite::future::poll_once;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::ioctl_fionbio;

use crate::support::watchdog::watched;

/// Blocks until the system reports the descriptor as ready, without the loop.
fn wait_outside(descriptor: impl AsFd, flags: PollFlags) {
    poll(&mut [PollFd::new(&descriptor, flags)], None).unwrap();
}

fn would_block<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// A std client and a stream of the current runtime.
fn tcp() -> (net::TcpStream, TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let far = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    far.set_nodelay(true).unwrap();
    (far, TcpStream::from_std(listener.accept().unwrap().0).unwrap())
}

fn unix() -> (std::os::unix::net::UnixStream, UnixStream) {
    let (far, near) = std::os::unix::net::UnixStream::pair().unwrap();
    (far, UnixStream::from_std(near).unwrap())
}

/// Tests a stream, whose std peer is `$far`.
macro_rules! assert_stream_tries {
    ($pair:expr) => {{
        let (mut far, near) = $pair;
        let mut buffer = [0; 16];
        assert!(would_block(near.try_read(&mut buffer)));
        for _ in 0..3 {
            // Each read is short: on Linux it has emptied the socket.
            far.write_all(b"ab").unwrap();
            wait_outside(&near, PollFlags::IN);
            assert_eq!(near.try_read(&mut buffer).expect("two bytes are there"), 2);
            assert!(would_block(near.try_read(&mut buffer)));
        }
        while near.try_write(&[1; 65536]).is_ok() {}
        far.set_nonblocking(true).unwrap();
        let mut chunk = vec![0; 65536];
        let emptied = loop {
            match far.read(&mut chunk) {
                Ok(count) => assert!(count > 0),
                Err(error) => break error,
            }
        };
        assert_eq!(emptied.kind(), io::ErrorKind::WouldBlock);
        wait_outside(&near, PollFlags::OUT);
        assert_eq!(near.try_write(&[1]).expect("there is room"), 1);
        far.shutdown(net::Shutdown::Write).unwrap();
        wait_outside(&near, PollFlags::IN);
        assert_eq!(near.try_read(&mut buffer).expect("the stream has ended"), 0);
        (far, near)
    }};
}

// P103
#[test]
fn a_try_of_a_stream_finds_data_room_and_the_end_before_the_loop_receives_their_events() {
    watched(|| {
        aside::run(async {
            assert_stream_tries!(tcp());
            assert_stream_tries!(unix());
        });
    });
}

// P103: a try that succeeds leaves the event of its data to the loop, and no later event is lost.
#[test]
fn waits_after_a_successful_try_see_what_arrives_later() {
    watched(|| {
        aside::run(async {
            let (mut far, near) = tcp();
            let mut buffer = [0; 16];
            assert!(would_block(near.try_read(&mut buffer)));
            for round in 0..10 {
                far.write_all(&[round]).unwrap();
                wait_outside(&near, PollFlags::IN);
                assert_eq!(near.try_read(&mut buffer).unwrap(), 1);
                assert!(poll_once(near.read(&mut buffer)).await.is_none());
                far.write_all(&[round, round]).unwrap();
                let length = loop {
                    near.readable().await.unwrap();
                    match near.try_read(&mut buffer) {
                        Ok(length) => break length,
                        Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                    }
                };
                assert_eq!(buffer[..length], [round, round]);
            }
        });
    });
}

// P103
#[test]
fn a_try_of_a_udp_socket_finds_a_datagram_before_the_loop_receives_its_event() {
    watched(|| {
        aside::run(async {
            let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let far = net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let mut buffer = [0; 16];
            for _ in 0..3 {
                assert!(would_block(near.try_recv_from(&mut buffer)));
                far.send_to(b"abc", near.local_addr().unwrap()).unwrap();
                wait_outside(&near, PollFlags::IN);
                let (length, _) = near.try_recv_from(&mut buffer).expect("a datagram is there");
                assert_eq!(length, 3);
                assert_eq!(near.try_send_to(b"ab", far.local_addr().unwrap()).unwrap(), 2);
            }
        });
    });
}

/// A pipe without room: its read end, and its write end in a runtime.
async fn full_pipe() -> (io::PipeReader, AsyncFd<io::PipeWriter>) {
    let (reader, writer) = io::pipe().unwrap();
    ioctl_fionbio(&writer, true).unwrap();
    let mut writer = AsyncFd::new(writer).unwrap();
    while poll_once(writer.write(&[0; 4096])).await.is_some() {}
    (reader, writer)
}

// P108
#[test]
fn a_descriptor_without_room_is_flushed_and_closed_at_once() {
    watched(|| {
        aside::run(async {
            let (_reader, mut writer) = full_pipe().await;
            poll_once(writer.flush()).await.expect("nothing is buffered").unwrap();
            poll_once(writer.close()).await.expect("nothing is buffered").unwrap();

            let (_far, near) = unix();
            while near.try_write(&[1; 65536]).is_ok() {}
            let (_reads, mut writes) = near.into_split();
            assert!(poll_once(writes.write(&[1])).await.is_none());
            poll_once(writes.flush()).await.expect("nothing is buffered").unwrap();
            poll_once(writes.close()).await.expect("nothing is buffered").unwrap();
        });
    });
}

/// A writer that holds one byte back until its pipe has room.
struct Buffered(io::PipeWriter);

impl AsFd for Buffered {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Write for &Buffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&self.0).write(&[7]).map(|_one| ())
    }
}

// P108: an object that buffers bytes is flushed when its descriptor has room.
#[test]
fn a_flush_that_would_block_waits_for_room() {
    watched(|| {
        aside::run(async {
            let (mut reader, writer) = full_pipe().await;
            let mut buffered = AsyncFd::new(Buffered(writer.into_inner())).unwrap();
            assert!(poll_once(buffered.flush()).await.is_none());
            reader.read_exact(&mut [0; 8192]).unwrap();
            buffered.flush().await.unwrap();
        });
    });
}

// P108
#[test]
fn a_flush_fails_when_the_runtime_is_gone() {
    watched(|| {
        let runtime = Runtime::new();
        let (_reader, mut writer) = runtime.block_on(full_pipe());
        drop(runtime);
        futures_lite::future::block_on(writer.flush()).unwrap_err();
    });
}
