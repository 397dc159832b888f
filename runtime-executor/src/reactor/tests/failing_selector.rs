//! Selectors whose registrations or waits fail: for a moment, for long, and with an end.

use std::io;
use std::os::fd::{AsFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use runtime_core::sync::Mutex;

use super::readable;
use crate::reactor::registration::Registration;
use crate::reactor::selector::{
    Direction, Interest, ReadinessEvent, Selector, SelectorParts, Token, WaitForEvents,
};
use crate::reactor::short_transfer::ShortTransfer;
use crate::{Config, EventLoop, Handle, sleep};

/// The code of the system's error for a lack of memory.
const ENOMEM: i32 = 12;

/// A selector whose calls fail while its flags are set.
#[derive(Default)]
struct Faults {
    registrations_fail: AtomicBool,
    waits_fail: AtomicBool,
    /// The number of waits so far.
    waits: AtomicUsize,
    /// The events that the next successful wait returns.
    pending: Mutex<Vec<ReadinessEvent>>,
    /// The tokens of all registrations.
    tokens: Mutex<Vec<Token>>,
}

#[derive(Clone, Default)]
struct FaultySelector(Arc<Faults>);

impl FaultySelector {
    fn executor(&self) -> EventLoop {
        let own = self.clone();
        let open = move || -> io::Result<SelectorParts> {
            Ok((Arc::new(own.clone()), Box::new(own.clone())))
        };
        EventLoop::new(Config { selector: Some(Box::new(open)), ..Config::default() })
    }

    fn begin_to_fail(&self) {
        self.0.waits_fail.store(true, Ordering::Relaxed);
    }

    fn end_failure(&self) {
        self.0.waits_fail.store(false, Ordering::Relaxed);
    }

    fn waits(&self) -> usize {
        self.0.waits.load(Ordering::Relaxed)
    }

    /// Reports every registered descriptor as readable.
    fn report(&self) {
        let events: Vec<_> = self.0.tokens.lock().iter().copied().map(readable).collect();
        self.0.pending.lock().extend(events);
    }
}

impl Selector for FaultySelector {
    fn register(&self, _: RawFd, token: Token, _: Interest) -> io::Result<()> {
        if self.0.registrations_fail.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.0.tokens.lock().push(token);
        Ok(())
    }

    fn reregister(&self, descriptor: RawFd, token: Token, both: Interest) -> io::Result<()> {
        self.register(descriptor, token, both)
    }

    fn deregister(&self, _: RawFd) -> io::Result<()> {
        Ok(())
    }

    fn wake(&self) {}
}

impl WaitForEvents for FaultySelector {
    fn wait(&mut self, _: Option<Duration>, events: &mut Vec<ReadinessEvent>) -> io::Result<()> {
        self.0.waits.fetch_add(1, Ordering::Relaxed);
        if self.0.waits_fail.load(Ordering::Relaxed) {
            return Err(io::Error::from_raw_os_error(ENOMEM));
        }
        // A wait may return early.
        events.append(&mut self.0.pending.lock());
        Ok(())
    }
}

fn register(handle: &Handle) -> io::Result<Registration> {
    handle.register(io::stdin().as_fd(), Interest::BOTH, ShortTransfer::HasNoEffect)
}

/// An operation that waits until the descriptor is ready, and counts its tries.
async fn wait_for_data(socket: &Registration) -> io::Result<usize> {
    let mut tries = 0;
    let operation = || {
        tries += 1;
        if tries == 1 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(tries) }
    };
    socket.io(Direction::Read, operation).await
}

fn assert_enomem<T>(result: io::Result<T>, what: &str) {
    let error = result.err().unwrap_or_else(|| panic!("{what} succeeded"));
    assert_eq!(error.raw_os_error(), Some(ENOMEM), "{what}: {error}");
}

/// P67
#[test]
fn a_registration_that_fails_leaves_nothing() {
    let system = FaultySelector::default();
    system.0.registrations_fail.store(true, Ordering::Relaxed);
    let executor = system.executor();
    let handle = executor.handle();
    executor.block_on(async {
        assert_eq!(register(&handle).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(handle.shared().reactor.len(), 0);
    });
}

// P106
#[test]
fn waits_that_fail_for_a_moment_are_repeated_and_no_event_is_lost() {
    let system = FaultySelector::default();
    let executor = system.executor();
    let handle = executor.handle();
    executor.block_on(async {
        let socket = register(&handle).unwrap();
        system.begin_to_fail();
        system.report();
        // A timer fires although each wait fails.
        sleep(Duration::from_millis(1)).await;
        let new = register(&handle).expect("a failure of a moment refuses no registration");
        system.end_failure();
        assert_eq!(wait_for_data(&socket).await.expect("its event arrives"), 2);
        drop(new);
    });
}

// P106
#[test]
fn waits_that_fail_for_long_are_reported_with_their_error_until_they_succeed() {
    let system = FaultySelector::default();
    let executor = system.executor();
    let handle = executor.handle();
    executor.block_on(async {
        let socket = register(&handle).unwrap();
        sleep(Duration::from_millis(1)).await;
        let before = system.waits();
        system.begin_to_fail();
        assert_enomem(wait_for_data(&socket).await, "a wait that had begun");
        // Each failed wait is followed by a pause, so the loop does not spin.
        assert!(system.waits() - before <= 22, "{} waits", system.waits() - before);
        assert_enomem(socket.ready(Direction::Read).await, "a later wait");
        let mut cx = Context::from_waker(Waker::noop());
        assert!(socket.poll_ready(Direction::Write, &mut cx).is_ready(), "the other direction");
        assert_enomem(register(&handle), "a registration");
        let read = socket.try_io(Direction::Read, || Ok(1));
        assert_eq!(read.expect("an operation that need not wait works"), 1);
        sleep(Duration::from_millis(1)).await;

        system.end_failure();
        while register(&handle).is_err() {
            sleep(Duration::from_millis(1)).await;
        }
        system.report();
        socket.ready(Direction::Read).await.expect("its event arrives");
    });
}
