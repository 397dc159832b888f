//! Objects in non-blocking mode: the job waits, nothing is lost, and nothing spins.

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aside::Unblock;
use aside::fs::{File, OpenOptions};
use aside::stdio::{stderr, stdin, stdout};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::fs::functions::Folder;
use crate::io::reading::pattern;
use crate::io::stdio::{
    in_child_process, output, read_until_timeout, say, spawn_child, wait_until_ready,
};
use crate::support::watchdog::watched;

/// More than the buffer of any pipe.
const LENGTH: usize = 1 << 20;

fn nonblocking<T: AsFd>(end: T) -> T {
    rustix::io::ioctl_fionbio(&end, true).unwrap();
    end
}

/// Reads to the end on another thread, in small pieces, so that the writer fills the pipe.
fn slow_reader(mut reader: PipeReader) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        while rustix::io::ioctl_fionread(&reader).unwrap() < 4096 {
            thread::yield_now();
        }
        let mut all = Vec::new();
        let mut piece = vec![0; 5_000];
        loop {
            thread::yield_now();
            match reader.read(&mut piece).unwrap() {
                0 => return all,
                count => all.extend_from_slice(&piece[..count]),
            }
        }
    })
}

// P93
#[test]
fn a_pipe_without_room_gets_all_that_was_accepted() {
    watched(|| {
        for is_flushed in [true, false] {
            let (reader, writer) = io::pipe().unwrap();
            let reader = slow_reader(reader);
            aside::run(async {
                let mut stream = Unblock::new(nonblocking(writer));
                stream.write_all(&pattern(LENGTH)).await.unwrap();
                if is_flushed {
                    stream.flush().await.unwrap();
                }
            });
            assert!(reader.join().unwrap() == pattern(LENGTH), "flushed: {is_flushed}");
        }
    });
}

// P93
#[test]
fn a_read_of_an_empty_pipe_waits_for_data() {
    watched(|| {
        let (reader, mut writer) = io::pipe().unwrap();
        aside::run(async {
            let mut stream = Unblock::new(nonblocking(reader));
            for word in ["one", "two"] {
                let mut bytes = [0; 3];
                let early = aside::timeout(Duration::from_millis(10), stream.read(&mut bytes));
                assert!(early.await.is_err(), "there is nothing to read");
                writer.write_all(word.as_bytes()).unwrap();
                stream.read_exact(&mut bytes).await.unwrap();
                assert_eq!(bytes, word.as_bytes());
            }
            drop(writer);
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        });
    });
}

// P93
#[test]
fn a_file_that_is_a_named_pipe_waits_for_data_and_for_room() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.fifo("pipe");
        aside::run(async {
            let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
            let mut options = OpenOptions::new();
            let mut reader = options.read(true).custom_flags(flags).open(&path).await.unwrap();
            let mut options = File::options();
            let mut writer = options.write(true).custom_flags(flags).open(&path).await.unwrap();
            let written = async {
                writer.write_all(&pattern(LENGTH)).await.unwrap();
                writer.close().await.unwrap();
            };
            let read = async {
                let mut all = vec![0; LENGTH];
                reader.read_exact(&mut all).await.unwrap();
                assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
                all
            };
            let ((), all) = aside::gather((written, read)).await;
            assert!(all == pattern(LENGTH));
        });
    });
}

// P93
#[test]
fn standard_output_without_room_gets_all_that_was_accepted() {
    watched(|| {
        let child = || {
            aside::run(async {
                let mut out = stdout();
                out.write_all(&[b'o'; LENGTH + 100]).await.unwrap();
                out.flush().await.unwrap();
                out.write_all(&[b'u'; LENGTH + 100]).await.unwrap();
                stderr().write_all(&[b'e'; LENGTH]).await.unwrap();
                // The rest is not flushed.
            });
        };
        let name = "io::would_block::standard_output_without_room_gets_all_that_was_accepted";
        let (out, out_writer) = io::pipe().unwrap();
        let (error, error_writer) = io::pipe().unwrap();
        let Some(mut child) = spawn_child(name, child, |command| {
            command.stdout(nonblocking(out_writer)).stderr(nonblocking(error_writer));
        }) else {
            return;
        };
        let (out, error) = (slow_reader(out), slow_reader(error));
        assert!(child.wait().unwrap().success());
        let count = |bytes: &[u8], letter| bytes.iter().filter(|byte| **byte == letter).count();
        let (out, error) = (out.join().unwrap(), error.join().unwrap());
        assert!(count(&out, b'o') >= LENGTH + 100);
        assert!(count(&out, b'u') >= LENGTH + 100);
        assert!(count(&error, b'e') >= LENGTH);
    });
}

// P93
#[test]
fn standard_input_in_nonblocking_mode_waits_for_data() {
    watched(|| {
        in_child_process(
            "io::would_block::standard_input_in_nonblocking_mode_waits_for_data",
            || {
                let _ = nonblocking(io::stdin());
                aside::run(async {
                    read_until_timeout(&mut stdin()).await;
                    say("ready\n").await;
                    let mut text = String::new();
                    stdin().read_to_string(&mut text).await.unwrap();
                    say(&format!("read {text}\n")).await;
                });
            },
            |mut child| {
                wait_until_ready(&mut child);
                child.stdin.take().unwrap().write_all(b"late data").unwrap();
                assert!(output(&mut child).contains("read late data\n"));
            },
        );
    });
}

/// An object without a descriptor, which would block before every third call.
struct Hesitant {
    bytes: Vec<u8>,
    calls: Arc<AtomicUsize>,
}

impl Hesitant {
    fn call(&self) -> io::Result<()> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if call % 3 == 2 { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
    }
}

impl Read for Hesitant {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call()?;
        let count = buffer.len().min(10).min(self.bytes.len());
        buffer[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes.drain(..count);
        Ok(count)
    }
}

impl Write for Hesitant {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call()?;
        let count = bytes.len().min(10);
        self.bytes.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call()
    }
}

// P93: an object whose descriptor is unknown is called again, and not in a busy loop.
#[test]
fn an_object_without_a_descriptor_loses_nothing_and_does_not_spin() {
    watched(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        aside::run(async {
            let sink = Hesitant { bytes: Vec::new(), calls: Arc::clone(&calls) };
            let mut stream = Unblock::new(sink);
            stream.write_all(&pattern(55)).await.unwrap();
            stream.flush().await.unwrap();
            let sink = stream.into_inner().await.unwrap();
            assert_eq!(sink.bytes, pattern(55));
            let mut read = Vec::new();
            Unblock::new(sink).read_to_end(&mut read).await.unwrap();
            assert_eq!(read, pattern(55));
        });
        // Two of three calls have failed, and at least a millisecond has passed after each.
        let failed = calls.load(Ordering::SeqCst) * 2 / 3;
        assert!(failed >= 26 && begun.elapsed() >= Duration::from_millis(failed as u64));
    });
}

// P93: this error says that the time-out has elapsed.
#[test]
fn the_timeout_of_a_socket_of_std_is_returned() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut peer = listener.accept().unwrap().0;
        aside::run(async {
            let mut stream = Unblock::new(socket);
            let error = stream.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            peer.write_all(b"late").unwrap();
            // The error of a read does not stay.
            let mut late = [0; 4];
            while let Err(error) = stream.read_exact(&mut late).await {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
            assert_eq!(&late, b"late");
        });
    });
}
