//! Descriptors that the first wait registers (L1 to L3), on a selector that records its calls.

use std::io;
use std::os::fd::{AsFd, RawFd};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use runtime_core::sync::Mutex;

use crate::reactor::registration::Registration;
use crate::reactor::selector::{
    Direction, Interest, ReadinessEvent, Selector, SelectorParts, Token, WaitForEvents,
};
use crate::reactor::short_transfer::ShortTransfer;
use crate::{Config, EventLoop};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Register(Interest),
    Reregister(Interest),
    Deregister,
}

/// A selector that records its calls, and refuses registrations while it has an error.
#[derive(Clone, Default)]
pub(super) struct RecordingSelector {
    calls: Arc<Mutex<Vec<Call>>>,
    refusal: Arc<Mutex<Option<io::ErrorKind>>>,
}

impl RecordingSelector {
    fn event_loop(&self) -> EventLoop {
        let own = self.clone();
        let open = move || -> io::Result<SelectorParts> {
            Ok((Arc::new(own.clone()), Box::new(own.clone())))
        };
        EventLoop::new(Config { selector: Some(Box::new(open)), ..Config::default() })
    }

    fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock())
    }

    fn record(&self, call: Call) -> io::Result<()> {
        self.calls.lock().push(call);
        self.refusal.lock().map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Selector for RecordingSelector {
    fn register(&self, _: RawFd, _: Token, interest: Interest) -> io::Result<()> {
        self.record(Call::Register(interest))
    }

    fn reregister(&self, _: RawFd, _: Token, interest: Interest) -> io::Result<()> {
        self.record(Call::Reregister(interest))
    }

    fn deregister(&self, _: RawFd) -> io::Result<()> {
        self.record(Call::Deregister)
    }

    fn wake(&self) {}
}

impl WaitForEvents for RecordingSelector {
    fn wait(&mut self, _: Option<Duration>, _: &mut Vec<ReadinessEvent>) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the test with a socket that the first wait registers.
fn with_socket(test: impl FnOnce(&RecordingSelector, Registration)) {
    let system = RecordingSelector::default();
    let event_loop = system.event_loop();
    let handle = event_loop.handle();
    let socket = handle.register_at_first_wait(io::stdin().as_fd(), ShortTransfer::HasNoEffect);
    test(&system, socket.expect("the loop lives"));
}

/// Polls an operation that would block.
fn wait(socket: &Registration, direction: Direction) -> Poll<io::Result<()>> {
    let mut cx = Context::from_waker(Waker::noop());
    socket.poll_io(direction, &mut cx, || Err(io::ErrorKind::WouldBlock.into()))
}

#[test]
fn operations_that_never_wait_make_no_call_of_the_selector() {
    with_socket(|system, socket| {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(socket.poll_io(Direction::Read, &mut cx, || Ok(())).is_ready());
        {
            let read = pin!(socket.io(Direction::Read, || Ok(())));
            assert!(read.poll(&mut cx).is_ready());
        }
        let tried =
            socket.try_io(Direction::Write, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        assert!(tried.is_err());
        drop(socket);
        assert_eq!(system.take_calls(), []);
    });
}

/// P67
#[test]
fn a_wait_registers_its_direction_once() {
    with_socket(|system, socket| {
        assert!(wait(&socket, Direction::Read).is_pending());
        assert!(wait(&socket, Direction::Read).is_pending());
        assert_eq!(system.take_calls(), [Call::Register(Interest::READABLE)]);
        assert!(wait(&socket, Direction::Write).is_pending());
        assert!(wait(&socket, Direction::Read).is_pending());
        assert_eq!(system.take_calls(), [Call::Reregister(Interest::BOTH)]);
        drop(socket);
        assert_eq!(system.take_calls(), [Call::Deregister]);
    });
}

#[test]
fn a_wait_for_readiness_registers_its_direction() {
    with_socket(|system, socket| {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(socket.poll_ready(Direction::Write, &mut cx).is_pending());
        assert_eq!(system.take_calls(), [Call::Register(Interest::WRITABLE)]);
    });
}

#[test]
fn a_refused_registration_is_the_result_of_the_wait_and_the_next_wait_tries_again() {
    with_socket(|system, socket| {
        *system.refusal.lock() = Some(io::ErrorKind::OutOfMemory);
        let Poll::Ready(Err(error)) = wait(&socket, Direction::Read) else {
            panic!("the selector has refused the descriptor")
        };
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        *system.refusal.lock() = None;
        assert!(wait(&socket, Direction::Read).is_pending());
        let twice = [Call::Register(Interest::READABLE); 2];
        assert_eq!(system.take_calls(), twice);
        *system.refusal.lock() = Some(io::ErrorKind::OutOfMemory);
        assert!(wait(&socket, Direction::Write).is_ready());
        assert!(wait(&socket, Direction::Read).is_pending(), "the former interest stays");
    });
}

#[test]
fn a_socket_that_was_accepted_is_registered_by_its_own_first_wait() {
    with_socket(|system, listener| {
        let accepted = listener.accepted(io::stdout().as_fd(), ShortTransfer::HasNoEffect);
        let accepted = accepted.expect("the loop lives");
        assert!(wait(&listener, Direction::Read).is_pending());
        assert_eq!(system.take_calls(), [Call::Register(Interest::READABLE)]);
        drop(accepted);
        assert_eq!(system.take_calls(), [], "it was never registered");
    });
}
