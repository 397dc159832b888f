//! Child processes. These tests need a process of their own.
#![cfg(all(feature = "process", unix))]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

#[path = "it/support/new_wakers.rs"]
mod new_wakers;

#[path = "process/conversions.rs"]
mod conversions;
#[allow(dead_code)]
#[path = "it/support/neighbour.rs"]
mod neighbour;

#[path = "process/busy_children.rs"]
mod busy_children;
#[path = "process/ends.rs"]
mod ends;
#[cfg(target_os = "linux")]
#[path = "process/few_descriptors.rs"]
mod few_descriptors;
#[cfg(target_os = "linux")]
#[path = "process/groups.rs"]
mod groups;
#[path = "process/pipes.rs"]
mod pipes;
#[path = "process/signals.rs"]
mod signals;
#[cfg(target_os = "linux")]
#[path = "process/zombies.rs"]
mod zombies;

use std::io::ErrorKind;
use std::process::Stdio;

use aside::process::{Child, Command};

use crate::watchdog::watched;

/// A shell that runs a script.
fn script(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A child that runs until its stdin ends, and then exits with 3.
fn waiting() -> Child {
    script("read line; exit 3").stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_command_has_stds_names_and_defaults() {
    watched(|| {
        aside::run(async {
            let mut command = script("echo $ONE $TWO $HOME; pwd; cat; echo no >&2; exit 4");
            command.env_clear().env("ONE", "1").envs([("TWO", "2"), ("HOME", "3")]);
            command.env_remove("HOME").current_dir("/");
            let output = command.output().await.unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), "1 2\n/\n");
            assert_eq!(output.stderr, b"no\n");
            assert_eq!(output.status.code(), Some(4));
            assert_eq!(script("exit 5").status().await.unwrap().code(), Some(5));
            assert_eq!(command.as_std().get_program(), "sh");
        });
    });
}

#[test]
fn output_reads_the_streams_that_are_not_set_and_leaves_the_command_unchanged() {
    watched(|| {
        aside::run(async {
            let mut command = script("echo one; echo two >&2");
            let output = command.stderr(Stdio::null()).output().await.unwrap();
            assert_eq!(
                (output.stdout.as_slice(), output.stderr.as_slice()),
                (&b"one\n"[..], &b""[..])
            );
            assert_eq!(command.stdout(Stdio::null()).output().await.unwrap().stdout, b"");
            let mut silent = script("exit 0");
            silent.output().await.unwrap();
            let mut child = silent.spawn().unwrap();
            assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
            child.wait().await.unwrap();
        });
    });
}

#[test]
fn a_command_of_stds_can_be_wrapped_and_changed() {
    watched(|| {
        aside::run(async {
            use std::os::unix::process::CommandExt;

            let mut command = Command::from(std::process::Command::new("sh"));
            command.as_std_mut().arg0("another").args(["-c", "echo $0"]);
            assert_eq!(command.output().await.unwrap().stdout, b"another\n");
        });
    });
}

#[test]
fn a_program_that_cannot_be_started_is_an_error() {
    watched(|| {
        aside::run(async {
            let missing = Command::new("/no/such/program").spawn().unwrap_err();
            assert_eq!(missing.kind(), ErrorKind::NotFound);
            let missing = Command::new("/no/such/program").output().await.unwrap_err();
            assert_eq!(missing.kind(), ErrorKind::NotFound);
        });
        assert!(script("exit 0").spawn().is_err(), "the thread has no runtime");
    });
}

#[test]
fn the_types_are_send_and_sync_and_show_their_contents() {
    fn is_of_threads<T: Send + Sync + Unpin>(_: &T) {}
    fn is_send<T: Send>(of: T) -> T {
        of
    }
    watched(|| {
        aside::run(async {
            let mut command = script("exit 0");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = command.spawn().unwrap();
            is_of_threads(&command);
            is_of_threads(&child);
            let shown = format!("{child:?}");
            for part in ["ChildStdin", "ChildStdout", "ChildStderr"] {
                assert!(shown.contains(part), "{shown}");
            }
            is_send(child.wait_with_output()).await.unwrap();
            is_send(command.status()).await.unwrap();
            is_send(command.output()).await.unwrap();
        });
    });
}
