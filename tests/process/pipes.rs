//! The pipes of children and of grandchildren.

use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Waker};
use std::time::Duration;

use aside::net::TcpListener;
use aside::process::Child;
use aside::{spawn, timeout, try_gather};
use futures_lite::future::poll_once;
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use rustix::process::{Pid, Signal, kill_process};

use super::{script, waiting};
use crate::new_wakers::{assert_future_keeps_the_last_waker, assert_only_the_last_waker_is_woken};
use crate::watchdog::watched;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

// P70: both pipes are full most of the time.
#[test]
fn ten_mebibytes_pass_through_cat() {
    watched(|| {
        let sent = pattern(10 << 20);
        let length = sent.len();
        let output = aside::run(async move {
            let mut cat = script("cat");
            let mut cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut stdin = cat.stdin.take().unwrap();
            let writing = spawn(async move {
                stdin.write_all(&sent).await.unwrap();
                stdin.close().await.unwrap();
            });
            let output = cat.wait_with_output().await.unwrap();
            writing.await.unwrap();
            output
        });
        assert!(output.status.success());
        assert!(output.stdout == pattern(length));
    });
}

#[cfg(feature = "tokio-io")]
#[test]
fn the_traits_of_tokio_behave_alike() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    watched(|| {
        aside::run(async {
            let mut command = script("cat; echo end >&2");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut cat = command.spawn().unwrap();
            let mut stdin = cat.stdin.take().unwrap();
            let sent = pattern(1 << 20);
            let expected = sent.clone();
            let writing = spawn(async move {
                AsyncWriteExt::write_all(&mut stdin, &sent).await.unwrap();
                stdin.shutdown().await.unwrap();
                // The pipe is closed.
                assert!(AsyncWriteExt::write(&mut stdin, b"more").await.is_err());
            });
            let (mut out, mut end) = (Vec::new(), Vec::new());
            let (mut stdout, mut stderr) = (cat.stdout.take().unwrap(), cat.stderr.take().unwrap());
            AsyncReadExt::read_to_end(&mut stdout, &mut out).await.unwrap();
            AsyncReadExt::read_to_end(&mut stderr, &mut end).await.unwrap();
            assert!(out == expected && end == b"end\n");
            writing.await.unwrap();
            assert!(cat.wait().await.unwrap().success());
        });
    });
}

// P68
#[test]
fn bytes_arrive_as_they_were_sent_in_chunks_of_any_size() {
    watched(|| {
        aside::run(async {
            let mut cat = script("cat");
            let mut cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let (mut stdin, mut stdout) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
            let writing = async {
                for size in (0..400).map(|round| (round * 37) % 4099) {
                    stdin.write_all(&pattern(size)).await?;
                }
                stdin.close().await
            };
            let reading = async {
                for size in (0..400).map(|round| (round * 37) % 4099) {
                    let mut piece = vec![0; size];
                    stdout.read_exact(&mut piece).await?;
                    assert!(piece == pattern(size));
                }
                assert_eq!(stdout.read(&mut [0]).await?, 0);
                Ok::<(), std::io::Error>(())
            };
            try_gather((writing, reading)).await.unwrap();
            assert!(cat.wait().await.unwrap().success());
        });
    });
}

// P70
#[test]
fn both_outputs_are_read_at_once_whichever_is_full() {
    watched(|| {
        aside::run(async {
            for order in [
                "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2",
                "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero",
            ] {
                let output = script(order).output().await.unwrap();
                assert_eq!((output.stdout.len(), output.stderr.len()), (1_000_000, 1_000_000));
            }
        });
    });
}

// P70: a grandchild holds the pipe for a thousand seconds.
#[test]
fn waiting_ends_with_the_child_and_reading_with_the_last_holder_of_the_pipe() {
    watched(|| {
        aside::run(async {
            let mut child = script("sleep 1000 & echo $!");
            let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            stdout.read_line(&mut line).await.unwrap();
            assert!(child.wait().await.unwrap().success());
            let held = timeout(Duration::from_millis(20), stdout.read(&mut [0])).await;
            assert!(held.is_err(), "the pipe is still held");
            let grandchild = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
            kill_process(grandchild, Signal::KILL).unwrap();
            assert_eq!(stdout.read(&mut [0]).await.unwrap(), 0);
        });
    });
}

#[test]
fn output_waits_for_the_holders_of_the_pipe_and_can_be_dropped() {
    watched(|| {
        aside::run(async {
            let mut command = script("sleep 1000 & echo $! >&2");
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            let mut stderr = BufReader::new(child.stderr.take().unwrap());
            stderr.read_line(&mut line).await.unwrap();
            let grandchild = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
            let given_up = timeout(Duration::from_millis(20), child.wait_with_output()).await;
            assert!(given_up.is_err());
            kill_process(grandchild, Signal::KILL).unwrap();
        });
    });
}

#[test]
fn writing_to_a_pipe_without_a_reader_is_an_error() {
    watched(|| {
        aside::run(async {
            let mut child = waiting();
            let mut stdin = child.stdin.take().unwrap();
            child.kill().await.unwrap();
            let broken = stdin.write(b"hello").await.unwrap_err();
            assert_eq!(broken.kind(), std::io::ErrorKind::BrokenPipe);
            stdin.close().await.unwrap();
            stdin.close().await.unwrap();
            let closed = stdin.write(b"hello").await.unwrap_err();
            assert_eq!(closed.kind(), std::io::ErrorKind::BrokenPipe);
            assert!(stdin.into_stdio().is_err());
        });
    });
}

#[test]
fn the_contents_of_a_pipe_are_read_after_the_child_has_exited() {
    watched(|| {
        aside::run(async {
            // The child writes as many bytes as a pipe holds.
            let mut child = script("head -c 65536 /dev/zero");
            let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
            assert!(child.wait().await.unwrap().success());
            let output = child.wait_with_output().await.unwrap();
            assert!(output.status.success());
            assert_eq!(output.stdout.len(), 65536);
        });
    });
}

// P70
#[test]
fn a_full_pipe_can_be_closed() {
    watched(|| {
        aside::run(async {
            let mut child = script("exec sleep 1000").stdin(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            while poll_once(stdin.write(&[0; 4096])).await.is_some() {}
            assert!(poll_once(stdin.write(&[0])).await.is_none(), "the pipe is full");
            stdin.close().await.unwrap();
            child.kill().await.unwrap();
        });
    });
}

#[test]
fn a_pipe_passed_to_another_command_blocks_again() {
    watched(|| {
        aside::run(async {
            let mut sort =
                script("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            // The pipes become the standard streams of other programs, which expect blocking pipes.
            let stdin = sort.stdin.take().unwrap().into_stdio().unwrap();
            let stdout = sort.stdout.take().unwrap().into_stdio().unwrap();
            let numbers = "for i in 3 1 2; do sleep 0.01; echo $i; done";
            let mut writer = script(numbers).stdout(stdin).spawn().unwrap();
            let output = script("cat").stdin(stdout).output();
            let (output, sorted, written) =
                try_gather((output, sort.wait(), writer.wait())).await.unwrap();
            assert_eq!(output.stdout, b"1\n2\n3\n");
            assert!(sorted.success() && written.success());
        });
    });
}

// P69. The child's descriptors are compared with those of a child that std has started, because
// both children inherit the descriptors that this process itself has inherited.
#[cfg(target_os = "linux")]
#[test]
fn a_child_inherits_its_three_streams_and_no_descriptor_of_the_runtime() {
    /// Prints the numbers of the descriptors, and the flags of standard output.
    const SCRIPT: &str = "ls /proc/$$/fd; grep flags /proc/$$/fdinfo/1";
    watched(|| {
        let before = std::process::Command::new("sh").args(["-c", SCRIPT]).output().unwrap().stdout;
        let before = String::from_utf8(before).unwrap();
        aside::run(async {
            let _listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut other = waiting();
            let output = String::from_utf8(script(SCRIPT).output().await.unwrap().stdout).unwrap();
            assert_eq!(output, before);
            assert!(output.starts_with("0\n1\n"), "{output}");
            // The child's end of the pipe blocks: `O_NONBLOCK` is not set.
            let flags = output.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
            assert_eq!(u32::from_str_radix(flags.trim(), 8).unwrap() & 0o4000, 0);
            other.wait().await.unwrap();
        });
    });
}

// P95: a child and its pipes are polled with a new waker at each poll.
#[test]
fn a_child_and_its_pipes_wake_no_replaced_waker() {
    watched(|| {
        aside::run(async {
            let mut cat = script("cat");
            let mut cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let (mut stdin, mut stdout) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
            let poll = |cx: &mut Context<'_>| Pin::new(&mut stdout).poll_read(cx, &mut [0; 8]);
            let send = || {
                let write =
                    Pin::new(&mut stdin).poll_write(&mut Context::from_waker(Waker::noop()), b"x");
                assert!(write.is_ready());
            };
            assert_only_the_last_waker_is_woken("a child's stdout", poll, send).await;

            let child = pid(&cat);
            let kill = || kill_process(child, Signal::KILL).unwrap();
            assert_future_keeps_the_last_waker("a child", cat.wait(), kill).await;

            let mut sleeper = script("read line; head -c 200000 > /dev/null");
            let mut sleeper = sleeper.stdin(Stdio::piped()).spawn().unwrap();
            let mut stdin = sleeper.stdin.take().unwrap();
            kill_process(pid(&sleeper), Signal::STOP).unwrap();
            while poll_once(stdin.write(&[b'\n'; 4096])).await.is_some() {}
            let poll = |cx: &mut Context<'_>| Pin::new(&mut stdin).poll_write(cx, b"x");
            let go = || kill_process(pid(&sleeper), Signal::CONT).unwrap();
            assert_only_the_last_waker_is_woken("a child's stdin", poll, go).await;
            sleeper.kill().await.unwrap();
            sleeper.wait().await.unwrap();
        });
    });
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap()
}
