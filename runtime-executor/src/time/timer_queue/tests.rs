use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use runtime_core::clock::Clock;

use super::{NEVER, SWEEP_MIN, TimerKey, TimerQueue};

/// Returns a stopped clock, and its time.
fn stopped() -> (Clock, Instant) {
    let clock = Clock::virtual_time();
    let now = clock.now();
    (clock, now)
}

fn drain(queue: &mut TimerQueue<u32>, now: Instant) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop_due(now)).collect()
}

#[test]
fn timers_fire_by_deadline_and_then_by_age() {
    let (clock, start) = stopped();
    let at = |ms| start + Duration::from_millis(ms);
    let mut queue = TimerQueue::default();
    for (ms, value) in [(5, 0), (1, 1), (5, 2), (3, 3), (1, 4), (9, 5)] {
        queue.insert(&clock, at(ms), value);
    }
    assert_eq!(queue.next_deadline(), Some(at(1)));
    assert_eq!(drain(&mut queue, at(5)), [1, 4, 3, 0, 2]);
    assert_eq!(queue.next_deadline(), Some(at(9)));
}

#[test]
fn a_deadline_that_is_now_is_due_and_a_nanosecond_later_is_not() {
    let (clock, now) = stopped();
    let mut queue = TimerQueue::default();
    queue.insert(&clock, now, 1);
    queue.insert(&clock, now + Duration::from_nanos(1), 2);
    assert_eq!(drain(&mut queue, now), [1]);
}

#[test]
fn a_key_is_stale_once_its_timer_has_fired_even_if_the_entry_is_reused() {
    let (clock, now) = stopped();
    let mut queue = TimerQueue::default();
    let old = queue.insert(&clock, now, 1);
    assert_eq!(queue.pop_due(now), Some(1));
    let new = queue.insert(&clock, now, 2);
    assert_ne!(old, new);
    assert_eq!(queue.get_mut(old), None);
    assert_eq!(queue.remove(old), None);
    assert_eq!(queue.remove(new), Some(2));
    assert_eq!(queue.next_deadline(), None);
}

#[test]
fn a_deadline_before_the_first_timer_is_due_at_once() {
    let (clock, now) = stopped();
    clock.advance_to(now + Duration::from_secs(1));
    let mut queue = TimerQueue::default();
    queue.insert(&clock, now, 1);
    assert!(queue.next_deadline() <= Some(clock.now()));
    assert_eq!(queue.pop_due(clock.now()), Some(1));
}

#[test]
fn the_last_countable_deadline_passes_and_the_next_never_does() {
    let (clock, start) = stopped();
    let mut queue = TimerQueue::default();
    let last = start + Duration::from_nanos(NEVER - 1);
    let later = last + Duration::from_nanos(1);
    let never = queue.insert(&clock, later, 1);
    assert_eq!(queue.next_deadline(), None);
    queue.insert(&clock, last, 2);
    assert_eq!(queue.next_deadline(), Some(last));
    assert_eq!(drain(&mut queue, later + Duration::from_secs(1)), [2]);
    assert_eq!(queue.remove(never), Some(1));
}

#[test]
fn timers_that_are_removed_at_once_leave_no_nodes() {
    let (clock, now) = stopped();
    let mut queue = TimerQueue::default();
    for round in 0..1_000 {
        let key = queue.insert(&clock, now + Duration::from_secs(60 - round % 60), 1);
        assert_eq!(key.index(), 0, "vacant entries are reused");
        assert_eq!(queue.remove(key), Some(1));
        assert!(queue.is_empty());
    }
}

/// The worst case: no removed node is the first or the last one.
#[test]
fn dead_nodes_never_greatly_outnumber_live_ones() {
    let (clock, now) = stopped();
    let mut queue = TimerQueue::default();
    let mut keys: Vec<TimerKey> = Vec::new();
    let mut most = 0;
    for round in 0..10_000_u32 {
        let deadline = now + Duration::from_secs(u64::from(round));
        keys.push(queue.insert(&clock, deadline, round));
        if keys.len() > 100 {
            let key = keys.remove(50);
            assert!(queue.remove(key).is_some());
        }
        most = most.max(queue.heap.len() - keys.len());
    }
    assert!(most >= SWEEP_MIN, "no node was ever dead");
    assert!(most <= 100 + SWEEP_MIN, "{most} dead nodes beside 100 live ones");
    assert_eq!(keys.iter().map(|key| key.index()).max(), Some(100), "vacant entries are reused");
}

#[test]
fn a_sweep_renumbers_timers_in_their_order() {
    let (clock, now) = stopped();
    let mut queue = TimerQueue { number: u32::MAX - 3, ..TimerQueue::default() };
    let keys: Vec<TimerKey> = (0..10).map(|value| queue.insert(&clock, now, value)).collect();
    assert!(queue.number <= 10, "the numbers ran out");
    assert_eq!(queue.remove(keys[1]), Some(1));
    assert_eq!(queue.remove(keys[8]), Some(8));
    assert_eq!(drain(&mut queue, now), [0, 2, 3, 4, 5, 6, 7, 9]);
}

/// Compares the queue with a sorted map, over a hundred thousand random steps.
#[test]
fn the_queue_agrees_with_a_sorted_map() {
    let (clock, start) = stopped();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut most = 0;
    let mut queue = TimerQueue::default();
    let mut model: BTreeMap<(Instant, u32), TimerKey> = BTreeMap::new();
    for step in 0..100_000_u32 {
        let deadline = start + Duration::from_nanos(next(500));
        match next(10) {
            0..=4 => {
                let key = queue.insert(&clock, deadline, step);
                model.insert((deadline, step), key);
            }
            5..=7 => {
                let place = next(model.len() as u64 + 1) as usize;
                if let Some((&(at, value), &key)) = model.iter().nth(place) {
                    assert_eq!(queue.remove(key), Some(value));
                    model.remove(&(at, value));
                }
            }
            _ => {
                let due = model.keys().next().copied().filter(|(at, _)| *at <= deadline);
                assert_eq!(queue.pop_due(deadline), due.map(|(_, value)| value));
                due.map(|first| model.remove(&first));
            }
        }
        most = most.max(model.len());
        assert!(queue.heap.len() <= 2 * model.len() + SWEEP_MIN, "too many nodes are dead");
        assert_eq!(queue.next_deadline(), model.keys().next().map(|(at, _)| *at));
    }
    assert!(most > 100, "the heap was never deep: {most}");
}
