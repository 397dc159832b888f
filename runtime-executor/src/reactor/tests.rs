//! Tests of the reactor's parts: tokens and waiters in hand-written cases, readiness against a
//! reference, and selectors that fail.

mod failing_selector;
mod first_wait;
mod properties;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use runtime_core::slab::{Key, Slab};

use super::selector::{Direction, Interest, ReadinessEvent, Token};
use super::source::IoSource;
use super::waiters::{WaiterSlot, Waiters};
use first_wait::RecordingSelector;

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

/// Returns a source that is registered for both directions.
fn registered_source() -> IoSource {
    let source = IoSource::new(-1);
    let registered = source.register(&RecordingSelector::default(), Token(0), Interest::BOTH);
    registered.expect("the selector refuses nothing");
    source
}

/// Returns a source whose first read has returned `WouldBlock`.
fn quiet_source() -> IoSource {
    let source = registered_source();
    let Poll::Ready(Ok(tick)) = source.check(Direction::Read) else {
        panic!("a new source is assumed to be ready")
    };
    source.clear(Direction::Read, tick);
    source
}

// P95
#[test]
fn the_shared_slot_keeps_the_waker_of_the_last_poll_and_drops_the_former_one_unwoken() {
    let source = quiet_source();
    let (first, second) = (counting_waker(), counting_waker());
    let mut slot = WaiterSlot::Shared;
    let mut poll =
        |waker: &Waker| source.poll(Direction::Read, &mut slot, &mut Context::from_waker(waker));
    assert!(poll(&first.1).is_pending() && poll(&first.1).is_pending());
    assert!(poll(&second.1).is_pending());
    assert_eq!(Arc::strong_count(&first.0), 2, "the former waker is dropped");
    set_readable(&source);
    assert_eq!((first.0.get(), second.0.get()), (0, 1));
}

// P118
#[test]
fn a_new_source_is_ready_for_an_operation_and_not_for_a_wait_for_readiness() {
    let source = registered_source();
    let (count, waker) = counting_waker();
    let mut cx = Context::from_waker(&waker);
    let mut slot = WaiterSlot::Shared;
    assert!(source.poll_reported(Direction::Read, &mut slot, &mut cx).is_pending());
    assert!(source.poll(Direction::Read, &mut slot, &mut cx).is_ready());
    set_readable(&source);
    assert_eq!(count.get(), 1);
    let Poll::Ready(Ok(tick)) = source.poll_reported(Direction::Read, &mut slot, &mut cx) else {
        panic!("an event has reported it as ready")
    };
    source.clear(Direction::Read, tick);
    assert!(source.poll_reported(Direction::Read, &mut slot, &mut cx).is_pending());
}

/// The layout that the type's page promises, on systems with pointers of 64 bits.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_source_takes_two_cache_lines() {
    assert_eq!((size_of::<IoSource>(), align_of::<IoSource>()), (128, 64));
}
