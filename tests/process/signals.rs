//! Signals to a child, children of std, and users.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Stdio};

use aside::process::{Child, Command};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use rustix::process::{Pid, WaitOptions, getuid, waitpid};

use super::{script, waiting};
use crate::watchdog::watched;

const TERM: i32 = 15;

#[test]
fn a_child_receives_signals_until_it_is_reaped() {
    watched(|| {
        aside::run(async {
            let mut child = script("trap 'echo caught; exit 7' TERM; echo ready; read line")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = futures_lite::io::BufReader::new(child.stdout.take().unwrap());
            let (mut line, mut said) = (String::new(), String::new());
            lines.read_line(&mut line).await.unwrap();
            child.signal(TERM).unwrap();
            // The shell runs its trap when `read` ends.
            drop(child.stdin.take());
            lines.read_to_string(&mut said).await.unwrap();
            assert_eq!((line.as_str(), said.as_str()), ("ready\n", "caught\n"));
            assert_eq!(child.wait().await.unwrap().code(), Some(7));
            child.signal(TERM).unwrap();

            let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
            child.signal(TERM).unwrap();
            assert_eq!(child.wait().await.unwrap().signal(), Some(TERM));
        });
    });
}

#[test]
fn what_is_no_signal_or_no_child_any_more_is_not_signalled() {
    watched(|| {
        aside::run(async {
            let mut child = waiting();
            for number in [0, -1, 1000] {
                let error = child.signal(number).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            }
            let pid = Pid::from_raw(child.id().unwrap().cast_signed());
            drop(child.stdin.take());
            waitpid(pid, WaitOptions::empty()).unwrap();
            assert!(child.signal(TERM).is_err(), "other code has reaped it");
        });
    });
}

#[cfg(feature = "signal")]
#[test]
fn a_signal_of_the_module_signal_is_sent() {
    use aside::signal::Signal;

    watched(|| {
        aside::run(async {
            let mut child = waiting();
            child.signal(Signal::TERM).unwrap();
            let stdin = child.stdin.take();
            assert_eq!(child.wait().await.unwrap().signal(), Some(Signal::TERM.number()));
            drop(stdin);
        });
    });
}

fn std_child() -> process::Child {
    let mut command = process::Command::new("sh");
    command.args(["-c", "read line; echo $line; exit 3"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_child_of_std_is_adopted_with_its_pipes() {
    watched(|| {
        aside::run(async {
            let mut child = Child::from_std(std_child()).unwrap();
            child.stdin.as_mut().unwrap().write_all(b"hello\n").await.unwrap();
            let output = child.wait_with_output().await.unwrap();
            assert_eq!(
                (output.stdout.as_slice(), output.status.code()),
                (&b"hello\n"[..], Some(3))
            );

            // std has reaped the child: its pid may belong to another process.
            let mut child = std_child();
            drop(child.stdin.take());
            child.wait().unwrap();
            let mut child = Child::try_from(child).unwrap();
            assert_eq!(child.id(), None);
            child.signal(TERM).unwrap();
            let mut rest = String::new();
            child.stdout.take().unwrap().read_to_string(&mut rest).await.unwrap();
            assert_eq!(rest, "\n");
            assert_eq!(child.wait().await.unwrap().code(), Some(3));
        });
    });
}

#[test]
fn a_child_that_cannot_be_adopted_loses_its_pipes_and_leaves_no_zombie() {
    watched(|| {
        let child = std_child();
        let pid = Pid::from_child(&child);
        // This thread has no runtime. The child reads the end of its input, and exits.
        assert!(Child::from_std(child).is_err());
        aside::run(async {
            while rustix::process::test_kill_process(pid).is_ok() {
                // Starting another child reaps those that have exited.
                script("exit 0").status().await.unwrap();
            }
        });
    });
}

#[test]
fn a_command_has_a_user_a_name_and_a_setting_that_can_be_undone() {
    watched(|| {
        aside::run(async {
            let user = if getuid().is_root() { 65534 } else { getuid().as_raw() };
            let mut id = Command::new("id");
            let output = id.arg("-u").uid(user).output().await.unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{user}\n"));
            if getuid().is_root() {
                let mut id = Command::new("id");
                let output = id.arg("-g").gid(65534).output().await.unwrap();
                assert_eq!(output.stdout, b"65534\n");
            }

            let mut command = Command::new("sh");
            let named = command.arg0("another").args(["-c", "echo $0"]).output();
            assert_eq!(named.await.unwrap().stdout, b"another\n");

            let mut command = script("read line; exit 3");
            command.stdin(Stdio::piped()).kill_on_drop(true);
            assert!(command.get_kill_on_drop());
            command.kill_on_drop(false);
            assert!(!command.get_kill_on_drop());
            let mut child = command.spawn().unwrap();
            let stdin = child.stdin.take();
            let pid = Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
            drop(child);
            rustix::process::test_kill_process(pid).unwrap();
            drop(stdin);
            assert_eq!(command.into_std().get_program(), "sh");
        });
    });
}

#[test]
fn pipes_are_converted_under_the_names_of_other_runtimes() {
    use aside::process::{ChildStdin, ChildStdout};

    watched(|| {
        aside::run(async {
            let mut child = std_child();
            let mut stdin = ChildStdin::from_std(child.stdin.take().unwrap()).unwrap();
            stdin.write_all(b"hello\n").await.unwrap();
            drop(std::fs::File::from(stdin.into_owned_fd().unwrap()));
            let stdout = ChildStdout::from_std(child.stdout.take().unwrap()).unwrap();
            let stdout = std::fs::File::from(stdout.into_owned_fd().unwrap());
            assert_eq!(std::io::read_to_string(stdout).unwrap(), "hello\n");
            child.wait().unwrap();
        });
    });
}
