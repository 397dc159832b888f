use std::time::Duration;

use crate::park::Parker;
use crate::spin::Spin;

const HOUR: Duration = Duration::from_secs(3600);

/// Counts the spins that begin before this many parks, none of which is notified.
fn spins_in_vain(spin: &Spin, parks: usize) -> usize {
    let mut begun = 0;
    for _ in 0..parks {
        let mut looked = false;
        let found = spin.before_park(&Parker::new(), Some(Duration::ZERO), || {
            looked = true;
            false
        });
        assert!(!found);
        begun += usize::from(looked);
    }
    begun
}

#[test]
fn spins_in_vain_become_rare() {
    let spin = Spin::new(HOUR);
    // The gaps are 1, 3, 7, 15, 31 and 63 parks.
    assert_eq!(spins_in_vain(&spin, 1), 1);
    assert_eq!(spins_in_vain(&spin, 1), 0);
    assert_eq!(spins_in_vain(&spin, 3 + 1), 1);
    assert_eq!(spins_in_vain(&spin, 7 + 15 + 31 + 3), 3);
    assert_eq!(spins_in_vain(&spin, 640), 10);
}

#[test]
fn a_spin_that_finds_a_notification_makes_the_next_one_due() {
    let spin = Spin::new(HOUR);
    assert_eq!(spins_in_vain(&spin, 1), 1);
    let parker = Parker::new();
    parker.unpark();
    assert!(!spin.before_park(&parker, None, || true), "this park begins without a spin");
    for _ in 0..10 {
        assert!(spin.before_park(&parker, None, || true));
    }
    assert!(parker.take_notification(), "a spin takes no notification");
}

#[test]
fn a_spin_that_is_over_is_not_in_vain() {
    let spin = Spin::new(HOUR);
    let mut looks = 0;
    for _ in 0..10 {
        let found = spin.before_park(&Parker::new(), None, || {
            looks += 1;
            true
        });
        assert!(!found);
    }
    assert_eq!(looks, 10);
}
