//! Both ways in which an end is heard of; and ends that are none.

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
use crate::process::child::{Child, OnDrop};
use crate::process::orphans;
use crate::yield_now;

fn script(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped());
    command
}

/// A child for whose end a thread waits, as where the system has no better way.
fn awaited(command: &mut Command, on_drop: OnDrop) -> Child {
    let child = command.spawn().unwrap();
    let exit = ExitNotifier::by_thread(Pid::from_child(&child));
    Child::with(child, exit, Handle::try_current().unwrap(), on_drop).unwrap()
}

/// Until nobody has the number: neither a process nor a zombie.
async fn reaped(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    while test_kill_process(pid).is_ok() {
        yield_now().await;
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn the_system_tells_of_the_end_where_it_can() {
    crate::run(async {
        let mut child = script("exit 3").spawn().unwrap();
        let mut exit = ExitNotifier::of(Pid::from_child(&child));
        assert!(exit.descriptor.is_some());
        assert_eq!(exit.wait_until_some(|| child.try_wait()).await.unwrap().code(), Some(3));
    });
}

// P70: in place of a process's descriptor, one that tells too often.
#[test]
fn who_is_told_too_often_looks_once_for_each_time_and_goes_on_waiting() {
    crate::run(async {
        let (mut near, far) = UnixStream::pair().unwrap();
        let descriptor = Some(AsyncFd::new(OwnedFd::from(far)).unwrap());
        let mut exit =
            ExitNotifier { descriptor, ..ExitNotifier::by_thread(rustix::process::getpid()) };
        let (mut looks, mut told) = (0, 0);
        let mut hearing = Box::pin(exit.wait_until_some(|| {
            looks += 1;
            Ok((looks > 10).then(|| ExitStatus::from_raw(7)))
        }));
        let status = loop {
            match poll_once(&mut hearing).await {
                Some(status) => break status.unwrap(),
                None => near.write_all(b"!").unwrap(),
            }
            told += 1;
            // The loop looks at its sockets in a turn without anything else to do.
            crate::sleep(std::time::Duration::from_millis(1)).await;
        };
        drop(hearing);
        assert_eq!((status.into_raw(), looks), (7, 11));
        assert!((5..1000).contains(&told), "{told}");
    });
}

#[test]
fn a_thread_hears_of_the_end_and_says_the_same_again() {
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
fn a_wait_by_a_thread_that_is_given_up_can_be_resumed() {
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
fn many_threads_hear_of_many_ends_in_whatever_order() {
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
fn who_was_killed_is_seen_by_a_thread() {
    crate::run(async {
        let mut child = awaited(&mut script("read line"), OnDrop::Detach);
        child.start_kill().unwrap();
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    });
}

// P70
#[test]
fn what_is_dropped_is_buried_when_a_thread_has_heard_of_its_end() {
    crate::run(async {
        let goes_on = awaited(&mut script("read line"), OnDrop::Detach);
        let goes_on_as = goes_on.id().unwrap();
        let mut dies = awaited(&mut script("read line"), OnDrop::Kill);
        let dies_as = dies.id().unwrap();
        // It dies of the drop, and not of an end of its stdin.
        let stdin = dies.stdin.take();
        drop((goes_on, dies));
        reaped(goes_on_as).await;
        reaped(dies_as).await;
        drop(stdin);
        // And nobody remembers them.
        assert!(orphans::reap(goes_on_as).is_err() && orphans::reap(dies_as).is_err());
    });
}

#[test]
fn no_runtime_waits_for_a_thread_that_waits() {
    let mut child = crate::run(async {
        let mut child = awaited(&mut script("read line; exit 8"), OnDrop::Detach);
        let stdin = child.stdin.take();
        assert!(poll_once(child.wait()).await.is_none());
        child.stdin = stdin;
        child
    });
    // Whose loop is gone; the thread tells all the same.
    assert_eq!(futures_lite::future::block_on(child.wait()).unwrap().code(), Some(8));
}
