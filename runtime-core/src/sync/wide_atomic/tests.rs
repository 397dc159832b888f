//! The stand-in computes what the processor's 64-bit atomics compute.

use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::{self, Ordering};

use super::AtomicU64;

#[test]
fn each_operation_returns_and_leaves_what_that_of_std_does() {
    let values = [0, 1, 5, 1 << 63, u64::MAX, 0xF0F0, u64::MAX - 1];
    let (ours, std) = (AtomicU64::new(7), atomic::AtomicU64::new(7));
    for value in values {
        assert_eq!(ours.swap(value, AcqRel), std.swap(value, AcqRel));
        for other in values {
            assert_eq!(ours.fetch_add(other, AcqRel), std.fetch_add(other, AcqRel));
            assert_eq!(ours.fetch_max(other, AcqRel), std.fetch_max(other, AcqRel));
            assert_eq!(ours.fetch_or(other, AcqRel), std.fetch_or(other, AcqRel));
            assert_eq!(ours.fetch_and(!other, AcqRel), std.fetch_and(!other, AcqRel));
            ours.store(ours.load(Ordering::Acquire) ^ other, Ordering::Release);
            std.store(std.load(Ordering::Acquire) ^ other, Ordering::Release);
            assert_eq!(ours.load(Ordering::Acquire), std.load(Ordering::Acquire));
        }
    }
}
