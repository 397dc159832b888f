//! Tests of the reactor's parts: tokens and waiters in hand-written cases, readiness against a
//! reference, and selectors that fail.

mod properties;

use std::io;
use std::os::fd::{AsFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use runtime_core::slab::{Key, Slab};

use super::driver::gone;
use super::registration::ShortTransfer;
use super::selector::{Direction, ReadinessEvent, Selector, SelectorParts, Token, WaitForEvents};
use super::source::IoSource;
use super::waiters::{WaiterSlot, Waiters};
use crate::{Config, EventLoop, sleep};

fn token(key: Key) -> Token {
    Token(key.to_token().expect("there are few"))
}

/// Looks a token up as the reactor does.
fn find<T>(slab: &Slab<T>, Token(token): Token) -> Option<&T> {
    slab.get_by_token(token)
}

/// P66
#[test]
fn a_token_means_its_own_source_and_no_later_one_in_its_slot() {
    let mut slab = Slab::new();
    let first = slab.insert("first");
    let other = slab.insert("other");
    assert_eq!(find(&slab, token(first)), Some(&"first"));
    assert_eq!(find(&slab, token(other)), Some(&"other"));
    assert_eq!(slab.len(), 2);
    assert_eq!(slab.remove(first), Some("first"));
    assert_eq!(slab.remove(first), None, "it has been removed");
    let second = slab.insert("second");
    assert_eq!(second.index(), first.index());
    assert_eq!(find(&slab, token(first)), None, "a stale token finds nothing");
    assert_eq!(find(&slab, token(second)), Some(&"second"));
    assert_eq!(find(&slab, token(other)), Some(&"other"));
    assert_eq!(find(&slab, Token::WAKER), None);
    assert_eq!(slab.remove(first), None, "nor does a stale key remove the new source");
    assert_eq!(slab.into_values().collect::<Vec<_>>(), ["second", "other"]);
}

#[test]
fn a_slot_has_a_new_token_each_time_that_it_is_used() {
    let mut slab = Slab::new();
    let mut former = slab.insert(0);
    for number in 1..10_000 {
        slab.remove(former).unwrap();
        let key = slab.insert(number);
        assert_ne!(token(key), token(former));
        assert_eq!((find(&slab, token(former)), find(&slab, token(key))), (None, Some(&number)));
        former = key;
    }
    assert_eq!(slab.len(), 1);
}

/// A waker that counts its wakes.
#[derive(Default)]
struct WakeCount(AtomicUsize);

impl WakeCount {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counting_waker() -> (Arc<WakeCount>, Waker) {
    let count = Arc::new(WakeCount::default());
    (Arc::clone(&count), Waker::from(count))
}

fn key_of(slot: &WaiterSlot) -> Key {
    match slot {
        WaiterSlot::Own(Some(key)) => *key,
        WaiterSlot::Own(None) | WaiterSlot::Shared => panic!("it has no slot of its own"),
    }
}

#[test]
fn waiters_are_woken_in_order_and_keep_their_slots() {
    let mut waiters = Waiters::default();
    let (first, second) = (counting_waker(), counting_waker());
    let [mut one, mut two, mut again] = [const { WaiterSlot::Own(None) }; 3];
    assert!(waiters.store(&mut one, first.1.clone()).is_none());
    assert!(waiters.store(&mut two, second.1.clone()).is_none());
    assert!(waiters.release(key_of(&one)).is_some());
    assert!(waiters.store(&mut again, first.1.clone()).is_none());
    assert_eq!(key_of(&again).index(), key_of(&one).index(), "a vacant slot is used again");
    let mut woken = Vec::new();
    waiters.take_wakers(&mut woken);
    assert!(woken[0].will_wake(&first.1) && woken[1].will_wake(&second.1));
    waiters.take_wakers(&mut woken);
    assert_eq!(woken.len(), 2, "no task waits now");
    assert!(waiters.store(&mut two, second.1.clone()).is_none());
    assert!(waiters.release(key_of(&two)).is_some());
}

/// An event for a descriptor that has data to read.
fn readable(token: Token) -> ReadinessEvent {
    ReadinessEvent { token, readable: true, writable: false, beyond_data: false }
}

fn set_readable(source: &IoSource) {
    let mut woken = Vec::new();
    source.set_ready(&readable(Token(0)), &mut woken);
    woken.into_iter().for_each(Waker::wake);
}

#[test]
fn in_the_shared_slot_a_second_task_replaces_and_wakes_the_first() {
    let source = IoSource::new();
    let (first, second) = (counting_waker(), counting_waker());
    let mut slot = WaiterSlot::Shared;
    let Poll::Ready(Ok(tick)) = source.check(Direction::Read) else {
        panic!("a new source is ready")
    };
    source.clear(Direction::Read, tick);
    let mut poll =
        |waker: &Waker| source.poll(Direction::Read, &mut slot, &mut Context::from_waker(waker));
    assert!(poll(&first.1).is_pending() && poll(&first.1).is_pending());
    assert_eq!(first.0.get(), 0, "it replaced itself");
    assert!(poll(&second.1).is_pending());
    assert_eq!(first.0.get(), 1);
    set_readable(&source);
    assert_eq!(second.0.get(), 1);
    assert_eq!(first.0.get(), 1);
}

/// A selector that fails.
#[derive(Clone, Copy)]
enum FailingSelector {
    /// Every registration fails.
    OnRegister,
    /// Every wait fails.
    OnWait,
}

impl Selector for FailingSelector {
    fn register(&self, _: RawFd, _: Token) -> io::Result<()> {
        match self {
            FailingSelector::OnRegister => Err(io::ErrorKind::OutOfMemory.into()),
            FailingSelector::OnWait => Ok(()),
        }
    }

    fn deregister(&self, _: RawFd) -> io::Result<()> {
        Ok(())
    }

    fn wake(&self) {}
}

impl WaitForEvents for FailingSelector {
    fn wait(&mut self, _: Option<Duration>, _: &mut Vec<ReadinessEvent>) -> io::Result<()> {
        Err(io::ErrorKind::Other.into())
    }
}

fn executor_on(selector: FailingSelector) -> EventLoop {
    let open =
        move || -> io::Result<SelectorParts> { Ok((Arc::new(selector), Box::new(selector))) };
    EventLoop::new(Config { selector: Some(Box::new(open)), ..Config::default() })
}

/// P67
#[test]
fn a_registration_that_fails_leaves_nothing() {
    let executor = executor_on(FailingSelector::OnRegister);
    let handle = executor.handle();
    executor.block_on(async {
        let registered = handle.register(io::stdin().as_fd(), ShortTransfer::HasNoEffect);
        assert_eq!(registered.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(handle.shared().reactor.len(), 0);
    });
}

#[test]
fn a_selector_that_fails_ends_its_sockets_and_not_the_loop() {
    let executor = executor_on(FailingSelector::OnWait);
    let handle = executor.handle();
    executor.block_on(async {
        let socket = handle.register(io::stdin().as_fd(), ShortTransfer::HasNoEffect).unwrap();
        let would_block = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let error = socket.io(Direction::Read, would_block).await.unwrap_err();
        assert_eq!(error.to_string(), gone().to_string());
        sleep(Duration::from_millis(1)).await;
        assert!(handle.register(io::stdin().as_fd(), ShortTransfer::HasNoEffect).is_err());
    });
}
