use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{TimerKey, TimerQueue};

fn drain(queue: &mut TimerQueue<u32>, now: Instant) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop_due(now)).collect()
}

#[test]
fn timers_come_out_by_deadline_and_then_by_age() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let mut queue = TimerQueue::default();
    for (ms, value) in [(5, 0), (1, 1), (5, 2), (3, 3), (1, 4), (9, 5)] {
        queue.insert(at(ms), value);
    }
    assert_eq!(queue.next_deadline(), Some(at(1)));
    assert_eq!(drain(&mut queue, at(5)), [1, 4, 3, 0, 2]);
    assert_eq!(queue.next_deadline(), Some(at(9)));
}

#[test]
fn a_deadline_that_is_now_is_due_and_a_nanosecond_later_is_not() {
    let now = Instant::now();
    let mut queue = TimerQueue::default();
    queue.insert(now, 1);
    queue.insert(now + Duration::from_nanos(1), 2);
    assert_eq!(drain(&mut queue, now), [1]);
}

#[test]
fn a_key_is_of_no_use_once_its_timer_has_fired_even_if_the_entry_is_used_again() {
    let now = Instant::now();
    let mut queue = TimerQueue::default();
    let old = queue.insert(now, 1);
    assert_eq!(queue.pop_due(now), Some(1));
    let new = queue.insert(now, 2);
    assert_ne!(old, new);
    assert_eq!(queue.get_mut(old), None);
    assert_eq!(queue.remove(old), None);
    assert_eq!(queue.remove(new), Some(2));
    assert_eq!(queue.next_deadline(), None);
}

/// A hundred thousand random steps against a sorted map.
#[test]
fn it_does_what_a_sorted_map_does() {
    let start = Instant::now();
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
            0..=4 => drop(model.insert((deadline, step), queue.insert(deadline, step))),
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
        assert_eq!(queue.next_deadline(), model.keys().next().map(|(at, _)| *at));
    }
    assert!(most > 100, "the heap was never deep: {most}");
}
