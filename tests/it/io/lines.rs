//! Lines of stdin, which all readers take from one buffer. Each test starts itself as a child
//! process.

use std::io::{Cursor, Write};
use std::os::fd::{AsFd, AsRawFd};

use aside::io::stdio::{stderr, stdin, stdout};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, StreamExt};

use crate::io::reading::{pattern, poll_once};
use crate::io::stdio::{in_child_process, output, say, wait_until_ready};
use crate::support::watchdog::watched;

#[test]
fn each_reader_continues_with_the_next_line() {
    watched(|| {
        in_child_process(
            "io::lines::each_reader_continues_with_the_next_line",
            || {
                aside::run(async {
                    let (mut one, mut two) = (stdin(), stdin());
                    let mut text = String::new();
                    for _ in 0..500 {
                        for reader in [&mut one, &mut two, &mut stdin()] {
                            let mut line = String::new();
                            reader.read_line(&mut line).await.unwrap();
                            text.push_str(&line);
                        }
                    }
                    let mut lines = stdin().lines();
                    while let Some(line) = lines.next().await {
                        text.push_str(&format!("{}\n", line.unwrap()));
                    }
                    assert!(text.lines().eq((0..2000).map(|n| format!("line {n}"))));
                    say("all lines\n").await;
                });
            },
            |mut child| {
                let lines: String = (0..2000).map(|n| format!("line {n}\n")).collect();
                child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
                assert!(output(&mut child).contains("all lines\n"));
            },
        );
    });
}

#[test]
fn bytes_that_were_lent_and_not_consumed_belong_to_the_next_reader() {
    watched(|| {
        in_child_process(
            "io::lines::bytes_that_were_lent_and_not_consumed_belong_to_the_next_reader",
            || {
                aside::run(async {
                    say("ready\n").await;
                    let mut one = stdin();
                    let first = one.fill_buf().await.unwrap().to_vec();
                    assert_eq!(one.fill_buf().await.unwrap(), first);
                    // The other readers wait for the end of the loan.
                    let mut two = stdin();
                    let mut letter = [0];
                    assert!(poll_once(two.read(&mut letter)).is_pending());
                    let reading = aside::spawn(async move {
                        two.read_exact(&mut letter).await.unwrap();
                        letter[0]
                    });
                    aside::yield_now().await;
                    AsyncBufReadExt::consume(&mut one, 1);
                    assert_eq!(reading.await.unwrap(), b'b');
                    // A read ends the loan, and so does the drop.
                    assert!(one.fill_buf().await.unwrap().starts_with(b"c"));
                    one.read_exact(&mut letter).await.unwrap();
                    assert_eq!(letter, *b"c");
                    assert!(one.fill_buf().await.unwrap().starts_with(b"d"));
                    drop(one);
                    let mut rest = String::new();
                    stdin().read_to_string(&mut rest).await.unwrap();
                    assert_eq!(rest, "def");
                    assert_eq!(stdin().fill_buf().await.unwrap(), b"");
                    say("all bytes\n").await;
                });
            },
            |mut child| {
                wait_until_ready(&mut child);
                child.stdin.take().unwrap().write_all(b"abcdef").unwrap();
                assert!(output(&mut child).contains("all bytes\n"));
            },
        );
    });
}

// P137: `fill_buf` of futures-lite polls twice, and panics if the second poll is not ready.
#[test]
fn a_filled_buffer_stays_ready_until_it_is_consumed() {
    watched(|| {
        aside::run(async {
            let mut stream = aside::Unblock::new(Cursor::new(pattern(1000)));
            let mut read = Vec::new();
            loop {
                let bytes = stream.fill_buf().await.unwrap();
                let Some(byte) = bytes.first() else { break };
                read.push(*byte);
                AsyncBufReadExt::consume(&mut stream, 1);
                if read.len() % 3 == 0 {
                    // So that a first poll spends the last of the task's budget, too.
                    aside::coop::consume_budget().await;
                }
            }
            assert_eq!(read, pattern(1000));
            for _ in 0..5 {
                assert_eq!(stream.fill_buf().await.unwrap(), b"");
            }
        });
    });
}

/// Returns bytes, the end, and then other bytes, as a terminal does.
struct Ends(Vec<&'static [u8]>);

impl std::io::Read for Ends {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let part = if self.0.is_empty() { &b""[..] } else { self.0.remove(0) };
        buffer[..part.len()].copy_from_slice(part);
        Ok(part.len())
    }
}

#[test]
fn input_after_an_end_is_read() {
    watched(|| {
        aside::run(async {
            let mut stream = aside::Unblock::new(Ends(vec![b"one\n", b"", b"two", b"", b"three"]));
            let mut lines = Vec::new();
            for _ in 0..4 {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                lines.push(line);
            }
            assert_eq!(lines, ["one\n", "", "two", "three"]);
        });
    });
}

#[test]
fn the_standard_streams_lend_their_descriptors() {
    watched(|| {
        aside::run(async {
            let (stdin, stdout, stderr) = (stdin(), stdout(), stderr());
            assert_eq!((stdin.as_raw_fd(), stdin.as_fd().as_raw_fd()), (0, 0));
            assert_eq!((stdout.as_raw_fd(), stdout.as_fd().as_raw_fd()), (1, 1));
            assert_eq!((stderr.as_raw_fd(), stderr.as_fd().as_raw_fd()), (2, 2));
        });
    });
}
