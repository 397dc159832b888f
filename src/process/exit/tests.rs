//! Both kinds of notification, by a descriptor and by a thread, and spurious notifications.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use futures_lite::future::poll_once;
use runtime_executor::Handle;
use rustix::process::{Pid, test_kill_process};

use super::ExitNotifier;
use crate::net::AsyncFd;
use crate::process::child::{Child, ChildGroup, OnDrop};
use crate::process::orphans;
use crate::yield_now;

fn script(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped());
    command
}

/// A child for whose exit a thread waits, as on a system without pidfds.
fn awaited(command: &mut Command, on_drop: OnDrop) -> Child {
    let child = command.spawn().unwrap();
    let exit = ExitNotifier::by_thread(Pid::from_child(&child));
    Child::with(child, exit, Handle::try_current().unwrap(), on_drop, ChildGroup::Other).unwrap()
}

/// Waits until neither a process nor a zombie has the pid.
async fn reaped(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    while test_kill_process(pid).is_ok() {
        yield_now().await;
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_pidfd_notifies_of_the_exit() {
    crate::run(async {
        let mut child = script("exit 3").spawn().unwrap();
        let mut exit = ExitNotifier::new(Pid::from_child(&child));
        assert!(exit.descriptor.is_some());
        assert_eq!(exit.wait_until_some(|| child.try_wait()).await.unwrap().code(), Some(3));
    });
}

// P70: a socket takes the place of the pidfd, and becomes readable too often.
#[test]
fn each_spurious_notification_causes_one_try_and_the_wait_continues() {
    crate::run(async {
        let (mut near, far) = UnixStream::pair().unwrap();
        let descriptor = Some(AsyncFd::new(OwnedFd::from(far)).unwrap());
        let mut exit =
            ExitNotifier { descriptor, ..ExitNotifier::by_thread(rustix::process::getpid()) };
        let (mut tries, mut sent) = (0, 0);
        let mut waiting = Box::pin(exit.wait_until_some(|| {
            tries += 1;
            Ok((tries > 10).then(|| ExitStatus::from_raw(7)))
        }));
        let status = loop {
            match poll_once(&mut waiting).await {
                Some(status) => break status.unwrap(),
                None => near.write_all(b"!").unwrap(),
            }
            sent += 1;
            // The loop polls its sockets in a turn that has nothing else to do.
            crate::sleep(std::time::Duration::from_millis(1)).await;
        };
        drop(waiting);
        assert_eq!((status.into_raw(), tries), (7, 11));
        assert!((5..1000).contains(&sent), "{sent}");
    });
}

#[test]
fn a_thread_notifies_of_the_exit_and_another_wait_returns_the_same_status() {
    crate::run(async {
        let mut child = awaited(&mut script("read line; exit 5"), OnDrop::Detach);
        assert_eq!(child.try_wait().unwrap(), None);
        let status = child.wait().await.unwrap();
        assert_eq!(status.code(), Some(5));
        assert_eq!(child.wait().await.unwrap(), status);
        assert_eq!(child.id(), None);
        child.kill().await.unwrap();
    });
}

#[test]
fn a_dropped_wait_by_a_thread_can_be_resumed() {
    crate::run(async {
        let mut child = awaited(&mut script("read line; exit 6"), OnDrop::Detach);
        let mut stdin = child.stdin.take();
        assert!(poll_once(child.wait()).await.is_none());
        assert!(poll_once(child.wait()).await.is_none());
        drop(stdin.take());
        assert_eq!(child.wait().await.unwrap().code(), Some(6));
    });
}

#[test]
fn many_threads_notify_of_many_exits_in_any_order() {
    crate::run(async {
        let mut children: Vec<Child> =
            (0..20).map(|_| awaited(&mut script("read line"), OnDrop::Detach)).collect();
        for child in &mut children {
            let stdin = child.stdin.take();
            assert!(poll_once(child.wait()).await.is_none());
            child.stdin = stdin;
        }
        for child in children.iter_mut().rev() {
            assert_eq!(child.wait().await.unwrap().code(), Some(1));
        }
    });
}

#[test]
fn a_thread_notifies_of_a_kill() {
    crate::run(async {
        let mut child = awaited(&mut script("read line"), OnDrop::Detach);
        child.start_kill().unwrap();
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    });
}

// P70
#[test]
fn a_dropped_child_is_reaped_when_a_thread_has_notified_of_its_exit() {
    crate::run(async {
        let goes_on = awaited(&mut script("read line"), OnDrop::Detach);
        let goes_on_as = goes_on.id().unwrap();
        let mut dies = awaited(&mut script("read line"), OnDrop::Kill);
        let dies_as = dies.id().unwrap();
        // The drop must kill the child, not the end of its stdin.
        let stdin = dies.stdin.take();
        drop((goes_on, dies));
        reaped(goes_on_as).await;
        reaped(dies_as).await;
        drop(stdin);
        // Neither child is an orphan any more.
        assert!(orphans::reap(goes_on_as).is_err() && orphans::reap(dies_as).is_err());
    });
}

#[test]
fn a_runtime_does_not_wait_for_a_waiting_thread() {
    let mut child = crate::run(async {
        let mut child = awaited(&mut script("read line; exit 8"), OnDrop::Detach);
        let stdin = child.stdin.take();
        assert!(poll_once(child.wait()).await.is_none());
        child.stdin = stdin;
        child
    });
    // The loop is gone, but the thread still notifies the task.
    assert_eq!(futures_lite::future::block_on(child.wait()).unwrap().code(), Some(8));
}
