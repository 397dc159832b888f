//! Children whose output never ends, and children that have exited, beside a neighbour.

use std::process::Stdio;

use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::script;
use crate::neighbour::{OPERATIONS_MAX, assert_fair, repeat};
use crate::watchdog::watched;

// P91
#[test]
fn pipes_of_a_child_that_never_waits_yield() {
    watched(|| {
        assert_fair("ChildStdout", OPERATIONS_MAX, |count| async move {
            let mut command = script("exec cat /dev/zero");
            let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            repeat(count, async || assert_eq!(stdout.read(&mut [0; 1]).await.unwrap(), 1)).await;
        });
        assert_fair("ChildStdin", OPERATIONS_MAX, |count| async move {
            let mut command = script("exec cat >/dev/null");
            let mut child = command.stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            repeat(count, async || assert_eq!(stdin.write(&[1]).await.unwrap(), 1)).await;
        });
    });
}

// P91
#[test]
fn the_wait_for_a_child_that_has_exited_yields() {
    watched(|| {
        assert_fair("Child::wait", OPERATIONS_MAX, |count| async move {
            let mut child = script("exit 3").spawn().unwrap();
            repeat(count, async || assert_eq!(child.wait().await.unwrap().code(), Some(3))).await;
        });
    });
}
