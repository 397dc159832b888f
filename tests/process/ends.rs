//! The exits of children, and the notification of them.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use aside::time::{Clock, now};
use aside::{Handle, Runtime, gather, spawn, spawn_blocking, timeout};
use futures_lite::AsyncWriteExt;
use futures_lite::future::{block_on, poll_once};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::{script, waiting};
use crate::watchdog::watched;

#[test]
fn waiting_closes_stdin_and_returns_the_same_status_twice() {
    watched(|| {
        aside::run(async {
            let mut child = waiting();
            assert!(child.id().is_some());
            assert_eq!(child.try_wait().unwrap(), None);
            let status = child.wait().await.unwrap();
            assert_eq!(status.code(), Some(3));
            assert!(child.stdin.is_none());
            assert_eq!(child.wait().await.unwrap(), status);
            assert_eq!(child.try_wait().unwrap(), Some(status));
            assert_eq!(child.id(), None);
        });
    });
}

#[test]
fn a_kill_is_reported_and_a_kill_after_the_exit_does_nothing() {
    watched(|| {
        aside::run(async {
            let mut child = waiting();
            let _stdin = child.stdin.take();
            child.kill().await.unwrap();
            assert_eq!(child.wait().await.unwrap().signal(), Some(9));
            child.start_kill().unwrap();
            child.kill().await.unwrap();
            // The next child is killed when it is a zombie.
            let mut child = script("exit 0").stdout(Stdio::piped()).spawn().unwrap();
            let stdout = child.stdout.take().unwrap();
            let ended = async { futures_lite::AsyncReadExt::read(&mut &stdout, &mut [0]).await };
            assert_eq!(ended.await.unwrap(), 0);
            child.start_kill().unwrap();
            child.wait().await.unwrap();
        });
    });
}

#[test]
fn a_cancelled_wait_can_be_repeated() {
    watched(|| {
        aside::run(async {
            let mut child = waiting();
            let stdin = child.stdin.take();
            for _ in 0..10 {
                assert!(timeout(Duration::from_millis(1), child.wait()).await.is_err());
            }
            drop(stdin);
            assert_eq!(child.wait().await.unwrap().code(), Some(3));
        });
    });
}

#[test]
fn the_exits_of_a_hundred_concurrent_children_are_all_reported() {
    watched(|| {
        let codes: Vec<i32> = (0..100).collect();
        let ended = aside::run(async {
            let children = (0..100).map(|code| {
                let mut command = script(&format!("exit {code}"));
                async move { command.status().await.unwrap().code().unwrap() }
            });
            gather(children).await
        });
        assert_eq!(ended, codes);
    });
}

#[test]
fn a_child_is_started_and_awaited_on_any_thread() {
    watched(|| {
        aside::run(async {
            // This child is started in a job of the runtime, and awaited by another executor.
            let mut child = spawn_blocking(waiting).await.unwrap();
            let elsewhere =
                spawn_blocking(|| thread::spawn(move || block_on(child.wait())).join().unwrap());
            assert_eq!(elsewhere.await.unwrap().unwrap().code(), Some(3));
            // This child is started and awaited in a job.
            let handle = Handle::current();
            let in_a_job = spawn_blocking(move || handle.block_on(script("exit 6").status()));
            assert_eq!(in_a_job.await.unwrap().unwrap().code(), Some(6));
        });
    });
}

#[test]
fn a_loop_that_is_turned_by_hand_reports_exits() {
    watched(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(async { script("exit 7").output().await.unwrap().status.code() });
        while !task.is_finished() {
            runtime.turn(Duration::from_millis(100));
        }
        assert_eq!(runtime.block_on(task).unwrap(), Some(7));
    });
}

#[test]
fn after_the_end_of_the_runtime_the_pipes_return_an_error_and_the_exit_is_reported() {
    watched(|| {
        let mut child = aside::run(async { waiting() });
        let mut stdin = child.stdin.take().unwrap();
        assert!(block_on(stdin.write(b"hello")).is_err());
        assert_eq!(child.try_wait().unwrap(), None);
        assert!(block_on(poll_once(child.wait())).is_none());
        child.start_kill().unwrap();
        assert_eq!(block_on(child.wait()).unwrap().signal(), Some(9));
    });
}

#[test]
fn a_wait_outlives_its_runtime() {
    watched(|| {
        let runtime = Runtime::new();
        let mut child = runtime.block_on(async { waiting() });
        let stdin = child.stdin.take();
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiter = thread::spawn(move || {
            block_on(async {
                assert!(poll_once(child.wait()).await.is_none());
                sender.send(()).unwrap();
                child.wait().await.unwrap()
            })
        });
        receiver.recv().unwrap();
        drop(runtime);
        drop(stdin);
        assert_eq!(waiter.join().unwrap().code(), Some(3));
    });
}

#[test]
fn waiting_for_a_child_that_other_code_has_reaped_is_an_error() {
    watched(|| {
        aside::run(async {
            let mut child = script("exit 0").spawn().unwrap();
            let pid = Pid::from_raw(child.id().unwrap().cast_signed());
            spawn_blocking(move || waitpid(pid, WaitOptions::empty()).unwrap()).await.unwrap();
            assert!(child.wait().await.is_err());
            assert!(child.try_wait().is_err());
        });
    });
}

#[test]
fn a_child_takes_no_virtual_time() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let start = now();
            script("sleep 0.02").status().await.unwrap();
            assert_eq!(now(), start);
        });
    });
}

#[test]
fn two_runtimes_have_children_of_their_own() {
    watched(|| {
        let other = Runtime::new();
        let mut theirs = other.block_on(async { waiting() });
        aside::run(async {
            let mut ours = waiting();
            assert_eq!(ours.wait().await.unwrap().code(), Some(3));
            spawn(async { script("exit 0").status().await.unwrap() }).await.unwrap();
        });
        assert_eq!(other.block_on(theirs.wait()).unwrap().code(), Some(3));
    });
}
