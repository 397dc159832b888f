//! aside's streams through tokio's traits, with tokio's helpers and without its runtime.
//!
//! `cargo test --features tokio-io --test tokio_io`
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::future::poll_fn;
use std::io::{self, Cursor, IoSlice, Write};
use std::mem::MaybeUninit;
use std::pin::Pin;

use aside::net::{AsyncFd, TcpListener, TcpStream, UnixStream};
use aside::{Unblock, gather, spawn};
use futures_lite::StreamExt;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, ReadBuf,
    copy_bidirectional, split,
};
use tokio_util::codec::{FramedRead, LinesCodec};

use crate::watchdog::watched;

async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// Sends bytes into one end, shuts down writing, and reads the other end to its end.
async fn send_and_receive<S: AsyncRead + AsyncWrite>(stream: S, sent: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = split(stream);
    let mut received = Vec::new();
    let writing = async {
        writer.write_all(sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let reading = async { reader.read_to_end(&mut received).await.unwrap() };
    let ((), length) = gather((writing, reading)).await;
    assert_eq!(length, received.len());
    received
}

// A proxy between two kinds of sockets forwards both directions, and the end of each direction.
#[test]
fn a_proxy_forwards_all_bytes() {
    watched(|| {
        aside::run(async {
            let (client, mut front) = connected().await;
            let (mut back, server) = UnixStream::pair().unwrap();
            let proxy = spawn(async move { copy_bidirectional(&mut front, &mut back).await });
            let [there, back] = [bytes(1, 3_000_000), bytes(2, 2_000_001)];
            let at_server = async { send_and_receive(server, &back).await };
            let at_client = async { send_and_receive(client, &there).await };
            let (by_server, by_client) = gather((at_server, at_client)).await;
            assert!(by_server == there && by_client == back);
            assert_eq!(proxy.await.unwrap().unwrap(), (3_000_000, 2_000_001));
        });
    });
}

#[test]
fn owned_halves_move_to_two_tasks() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let (mut reader, mut writer) = far.into_split();
            let echo = spawn(async move { tokio::io::copy(&mut reader, &mut writer).await });
            let sent = bytes(3, 1_000_000);
            let (mut reader, mut writer) = near.into_split();
            let all = sent.clone();
            let writing = spawn(async move {
                writer.write_all(&all).await.unwrap();
                writer.shutdown().await.unwrap();
            });
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await.unwrap();
            assert!(received == sent);
            writing.await.unwrap();
            assert_eq!(echo.await.unwrap().unwrap(), 1_000_000);
        });
    });
}

#[test]
fn any_descriptor_is_read_and_written() {
    watched(|| {
        aside::run(async {
            let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            far.set_nonblocking(true).unwrap();
            let (mut near, mut far) = (AsyncFd::new(near).unwrap(), AsyncFd::new(far).unwrap());
            near.write_all(b"hello").await.unwrap();
            // The `shutdown` of an `AsyncFd` does not end the connection.
            near.shutdown().await.unwrap();
            near.write_all(b" again").await.unwrap();
            drop(near);
            let mut text = String::new();
            far.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "hello again");
        });
    });
}

#[test]
fn a_vectored_write_is_one_write() {
    watched(|| {
        aside::run(async {
            let (mut near, mut far) = connected().await;
            assert!(near.is_write_vectored());
            let slices = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"write")];
            let written = AsyncWriteExt::write_vectored(&mut near, &slices).await.unwrap();
            assert_eq!(written, 9);
            let mut read = [0; 9];
            AsyncReadExt::read_exact(&mut far, &mut read).await.unwrap();
            assert_eq!(&read, b"one write");
        });
    });
}

#[test]
fn a_codec_decodes_frames_that_arrive_in_pieces() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = connected().await;
            let writing = spawn(async move {
                for piece in [&b"first\nsec"[..], b"ond", b"\nthi", b"rd"] {
                    near.write_all(piece).await.unwrap();
                    aside::yield_now().await;
                }
            });
            let lines: Vec<_> = FramedRead::new(far, LinesCodec::new()).collect().await;
            let lines: Vec<_> = lines.into_iter().map(Result::unwrap).collect();
            assert_eq!(lines, ["first", "second", "third"]);
            writing.await.unwrap();
        });
    });
}

#[test]
fn buffered_lines_are_exchanged_in_both_directions() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let server = spawn(async move {
                let mut far = BufStream::new(far);
                let mut line = String::new();
                while far.read_line(&mut line).await.unwrap() > 0 {
                    far.write_all(line.to_uppercase().as_bytes()).await.unwrap();
                    far.flush().await.unwrap();
                    line.clear();
                }
            });
            let mut near = BufStream::new(near);
            for text in ["one\n", "two\n"] {
                near.write_all(text.as_bytes()).await.unwrap();
                near.flush().await.unwrap();
                let mut line = String::new();
                near.read_line(&mut line).await.unwrap();
                assert_eq!(line, text.to_uppercase());
            }
            drop(near);
            server.await.unwrap();
        });
    });
}

/// Reads once into the buffer.
async fn read_once(stream: &mut TcpStream, buffer: &mut ReadBuf<'_>) {
    poll_fn(|cx| AsyncRead::poll_read(Pin::new(&mut *stream), cx, buffer)).await.unwrap();
}

// The buffer is large, and the peer sends a few bytes at a time.
#[test]
fn of_memory_that_was_never_written_no_more_is_cleared_than_is_worth_it() {
    watched(|| {
        aside::run(async {
            const LENGTH: usize = 1 << 20;
            let (mut near, mut far) = connected().await;
            near.write_all(b"few").await.unwrap();
            let mut memory = vec![MaybeUninit::uninit(); LENGTH];
            let mut buffer = ReadBuf::uninit(&mut memory);
            buffer.put_slice(b"a ");
            read_once(&mut far, &mut buffer).await;
            assert_eq!(buffer.filled(), b"a few");
            assert_eq!(buffer.initialized().len(), 2 + 64 * 1024);
            // A read keeps the filled part of the buffer.
            buffer.initialize_unfilled();
            let sent = bytes(4, 300_000);
            let all = sent.clone();
            let writing = spawn(async move { near.write_all(&all).await });
            while buffer.filled().len() < 5 + sent.len() {
                read_once(&mut far, &mut buffer).await;
            }
            assert!(buffer.filled()[5..] == sent);
            writing.await.unwrap().unwrap();
            // A read at the end of the stream returns zero bytes, and so does a read into a buffer
            // without room.
            let before = buffer.filled().len();
            read_once(&mut far, &mut buffer).await;
            assert_eq!(buffer.filled().len(), before);
            read_once(&mut far, &mut ReadBuf::new(&mut [])).await;
        });
    });
}

#[test]
fn blocking_objects_are_read_by_lines_and_written() {
    watched(|| {
        aside::run(async {
            let mut lines = Unblock::new(Cursor::new(b"one\ntwo\n".to_vec()));
            let mut line = String::new();
            AsyncBufReadExt::read_line(&mut lines, &mut line).await.unwrap();
            assert_eq!(line, "one\n");
            let mut rest = String::new();
            AsyncReadExt::read_to_string(&mut lines, &mut rest).await.unwrap();
            assert_eq!(rest, "two\n");

            let (near, mut far) = io::pipe().unwrap();
            far.write_all(b"by a pipe").unwrap();
            let mut far = Unblock::new(far);
            assert!(!AsyncWrite::is_write_vectored(&far));
            AsyncWriteExt::write_all(&mut far, b", and aside").await.unwrap();
            // This drops the pipe, so that its reader reaches the end.
            AsyncWriteExt::shutdown(&mut far).await.unwrap();
            let mut text = String::new();
            AsyncReadExt::read_to_string(&mut Unblock::new(near), &mut text).await.unwrap();
            assert_eq!(text, "by a pipe, and aside");
        });
    });
}

#[test]
fn a_file_is_written_and_read_line_by_line() {
    watched(|| {
        let path = std::env::temp_dir().join(format!("aside-tokio-io-{}", std::process::id()));
        aside::run(async {
            let mut file = aside::fs::File::create(&path).await.unwrap();
            AsyncWriteExt::write_all(&mut file, b"one\ntwo\n").await.unwrap();
            AsyncWriteExt::shutdown(&mut file).await.unwrap();
            let file = aside::fs::File::open(&path).await.unwrap();
            let mut lines = AsyncBufReadExt::lines(file);
            assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("one"));
            let mut rest = String::new();
            AsyncReadExt::read_to_string(&mut lines.into_inner(), &mut rest).await.unwrap();
            assert_eq!(rest, "two\n");
            aside::fs::remove_file(&path).await.unwrap();
        });
    });
}

#[test]
fn the_standard_streams_are_written() {
    watched(|| {
        aside::run(async {
            let mut stdout = aside::io::stdio::stdout();
            AsyncWriteExt::write_all(&mut stdout, b"").await.unwrap();
            AsyncWriteExt::flush(&mut stdout).await.unwrap();
            AsyncWriteExt::flush(&mut aside::io::stdio::stderr()).await.unwrap();
            fn is_read<S: AsyncRead>(_: &S) {}
            is_read(&aside::io::stdio::stdin());
        });
    });
}
