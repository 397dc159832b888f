//! Buckets, quantiles and merges, against sorted lists.

use std::time::Duration;

use super::{BUCKETS, Histogram, SharedHistogram, bucket_of, last_of};

/// Numbers around each power of two, and random ones of every size.
fn numbers() -> Vec<u64> {
    let around = (0..64).flat_map(|power| {
        let power = 1_u64 << power;
        [power - 1, power, power + 1, power + power / 2, power + power / 3]
    });
    let mut random = fastrand::Rng::with_seed(7);
    let random = (0..10_000).map(|_| random.u64(..) >> random.u32(..64)).collect::<Vec<_>>();
    around.chain([u64::MAX, u64::MAX - 1]).chain(random).collect()
}

#[test]
fn each_number_is_in_the_bucket_that_ends_at_or_above_it() {
    for number in numbers() {
        let bucket = bucket_of(number);
        assert!(bucket < BUCKETS);
        assert!(last_of(bucket) >= number, "{number}");
        assert!(bucket == 0 || last_of(bucket - 1) < number, "{number}");
        assert!(last_of(bucket) - number <= number / 16, "{number}: {}", last_of(bucket));
    }
    assert_eq!(last_of(BUCKETS - 1), u64::MAX);
}

#[test]
fn a_quantile_is_never_too_small_and_at_most_a_sixteenth_too_large() {
    let mut numbers = numbers();
    let mut histogram = Histogram::default();
    numbers.iter().for_each(|&number| histogram.record(Duration::from_nanos(number)));
    numbers.sort_unstable();
    for part in [0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0, 7.0, -1.0, f64::NAN] {
        let rank = (part.clamp(0.0, 1.0) * numbers.len() as f64).ceil().max(1.0) as usize;
        let exact = numbers[rank - 1];
        let found = histogram.quantile(part).as_nanos() as u64;
        assert!(found >= exact && found - exact <= exact / 16, "{part}: {found} for {exact}");
    }
    assert_eq!(histogram.quantile(1.0), Duration::from_nanos(u64::MAX));
    assert_eq!(histogram.count(), numbers.len() as u64);
    assert_eq!(histogram.sum(), Duration::from_nanos(u64::MAX), "the sum saturates");
}

#[test]
fn an_empty_histogram_has_zeros() {
    let empty = Histogram::default();
    assert_eq!((empty.count(), empty.sum(), empty.max()), (0, Duration::ZERO, Duration::ZERO));
    assert_eq!(empty.quantile(0.5), Duration::ZERO);
    assert_eq!(empty.buckets().count(), 0);
    assert_eq!(empty.count_up_to(Duration::MAX), 0);
}

#[test]
fn a_merge_is_the_histogram_of_both() {
    let (mut both, mut one, mut other) = Default::default();
    for (index, millis) in (0..1000).enumerate() {
        let duration = Duration::from_millis(millis);
        Histogram::record(&mut both, duration);
        let part: &mut Histogram = if index % 3 == 0 { &mut one } else { &mut other };
        part.record(duration);
    }
    one.merge(&other);
    assert_eq!(one, both);
    assert_eq!(both.buckets().map(|(_, count)| count).sum::<u64>(), 1000);
}

#[test]
fn the_count_up_to_a_limit_never_counts_a_longer_duration() {
    let mut histogram = Histogram::default();
    (1..=1000).for_each(|micros| histogram.record(Duration::from_micros(micros)));
    for micros in 1..=1000 {
        let counted = histogram.count_up_to(Duration::from_micros(micros));
        assert!(counted <= micros && counted + micros / 16 + 1 >= micros, "{micros}: {counted}");
    }
    assert_eq!(histogram.count_up_to(Duration::MAX), 1000);
}

#[test]
fn a_shared_histogram_counts_like_a_plain_one() {
    let (shared, mut plain) = (SharedHistogram::new(), Histogram::default());
    for number in numbers().into_iter().map(|number| number >> 20) {
        shared.record(Duration::from_nanos(number));
        plain.record(Duration::from_nanos(number));
    }
    assert_eq!(shared.snapshot(), plain);
    let longest = Duration::MAX;
    shared.record(longest);
    assert_eq!(shared.snapshot().max(), Duration::from_nanos(u64::MAX));
}
