//! Conversions between the pipes of this crate, those of std, and descriptors (P122).

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, Stdio};

use aside::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::script;
use crate::watchdog::watched;

const COPY: &str = "cat; echo end >&2";

#[test]
fn pipes_of_a_child_of_std_are_used_in_async_code() {
    watched(|| {
        let mut command = process::Command::new("sh");
        command.args(["-c", COPY]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout, stderr) =
            (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take());
        aside::run(async move {
            let mut stdin = ChildStdin::try_from(stdin).unwrap();
            stdin.write_all(b"hello").await.unwrap();
            stdin.close().await.unwrap();
            let (mut out, mut err) = (String::new(), String::new());
            let mut stdout = ChildStdout::try_from(stdout).unwrap();
            stdout.read_to_string(&mut out).await.unwrap();
            let mut stderr = ChildStderr::try_from(stderr.unwrap()).unwrap();
            stderr.read_to_string(&mut err).await.unwrap();
            assert_eq!((&*out, &*err), ("hello", "end\n"));
        });
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn pipes_become_blocking_descriptors() {
    watched(|| {
        let (mut child, stdin, stdout, stderr) = aside::run(async {
            let mut command = script(COPY);
            let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let stdin = OwnedFd::try_from(child.stdin.take().unwrap()).unwrap();
            let stdout = OwnedFd::try_from(child.stdout.take().unwrap()).unwrap();
            let stderr = OwnedFd::try_from(child.stderr.take().unwrap()).unwrap();
            (child, File::from(stdin), File::from(stdout), File::from(stderr))
        });
        let mut out = [0; 5];
        let (mut stdin, mut stdout, mut stderr) = (stdin, stdout, stderr);
        let writer = std::thread::spawn(move || {
            // The reads below have begun, and would fail if the pipe did not block.
            std::thread::yield_now();
            stdin.write_all(b"hello").unwrap();
        });
        stdout.read_exact(&mut out).unwrap();
        writer.join().unwrap();
        let mut err = String::new();
        stderr.read_to_string(&mut err).unwrap();
        assert_eq!((&out, &*err), (b"hello", "end\n"));
        assert!(aside::run(child.wait()).unwrap().success());
    });
}

#[test]
fn each_pipe_lends_its_descriptor_and_becomes_a_stream_of_another_command() {
    watched(|| {
        aside::run(async {
            let mut command = script("cat");
            let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let stdin = child.stdin.take().unwrap();
            let mut copy = File::from(stdin.as_fd().try_clone_to_owned().unwrap());
            copy.write_all(b"hello ").unwrap();
            drop(copy);
            assert_eq!(stdin.as_fd().as_raw_fd(), stdin.as_raw_fd());
            let mut echo = Command::new("echo");
            echo.arg("there").stdout(Stdio::try_from(stdin).unwrap());
            assert!(echo.status().await.unwrap().success());
            drop(echo);
            let output = child.wait_with_output().await.unwrap();
            assert_eq!(output.stdout, b"hello there\n");
        });
    });
}

#[test]
fn a_closed_stdin_has_no_descriptor() {
    watched(|| {
        aside::run(async {
            let mut child = script("cat").stdin(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            stdin.close().await.unwrap();
            catch_unwind(AssertUnwindSafe(|| stdin.as_raw_fd())).unwrap_err();
            OwnedFd::try_from(stdin).unwrap_err();
            assert!(child.wait().await.unwrap().success());
        });
    });
}
