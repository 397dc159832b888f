//! A loop whose selector fails in each wait. The selector implements the same interface as mio's.
//! The unit tests of the reactor show what happens to the sockets (P106).

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use runtime_executor::reactor::{
    Interest, ReadinessEvent, Selector, SelectorParts, ShortTransfer, Token, WaitForEvents,
};
use runtime_executor::{Config, EventLoop, sleep};

use crate::support::watchdog::watched;

struct FailingWaits;

impl Selector for FailingWaits {
    fn register(&self, _: RawFd, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&self, _: RawFd, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&self, _: RawFd) -> io::Result<()> {
        Ok(())
    }

    /// The wake of a selector that cannot wait has no effect.
    fn wake(&self) {}
}

impl WaitForEvents for FailingWaits {
    fn wait(&mut self, _: Option<Duration>, _: &mut Vec<ReadinessEvent>) -> io::Result<()> {
        Err(io::ErrorKind::OutOfMemory.into())
    }
}

// P106
#[test]
fn remote_wakes_and_timers_work_although_each_wait_fails() {
    watched(|| {
        let open = || -> io::Result<SelectorParts> {
            Ok((Arc::new(FailingWaits), Box::new(FailingWaits)))
        };
        let config = Config { selector: Some(Box::new(open)), ..Config::default() };
        let executor = EventLoop::new(config);
        let handle = executor.handle();
        let socket = executor.block_on(async {
            let stdin = io::stdin();
            let registered =
                handle.register(stdin.as_fd(), Interest::READABLE, ShortTransfer::HasNoEffect);
            registered.unwrap()
        });
        for _ in 0..10 {
            let is_woken = Arc::new(AtomicBool::new(false));
            let mut waking = None;
            // Without a timer, the loop sleeps until the wake.
            executor.block_on(poll_fn(|cx| {
                waking.get_or_insert_with(|| {
                    let (waker, is_woken) = (cx.waker().clone(), Arc::clone(&is_woken));
                    thread::spawn(move || {
                        is_woken.store(true, Ordering::Release);
                        waker.wake();
                    })
                });
                if is_woken.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
            }));
            waking.unwrap().join().unwrap();
            executor.block_on(sleep(Duration::from_millis(1)));
        }
        drop(socket);
    });
}
