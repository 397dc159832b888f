//! P99: the protocol of the places. Lookups themselves are tested in `net::address`.

use std::pin::pin;

use futures_lite::future::{block_on, poll_once};

use super::Lookups;

// P99.
#[test]
fn a_place_that_is_given_back_goes_to_the_first_request() {
    block_on(async {
        let lookups = Lookups::new(1);
        let place = poll_once(lookups.place()).await.unwrap();
        let (mut first, mut second) = (pin!(lookups.place()), pin!(lookups.place()));
        assert!(poll_once(first.as_mut()).await.is_none());
        assert!(poll_once(second.as_mut()).await.is_none());
        drop(place);
        // The place is granted, so a new lookup cannot take it.
        assert!(poll_once(lookups.place()).await.is_none());
        assert!(poll_once(second.as_mut()).await.is_none());
        let place = poll_once(first.as_mut()).await.unwrap();
        assert!(poll_once(second.as_mut()).await.is_none());
        drop(place);
        assert!(poll_once(second.as_mut()).await.is_some());
        assert!(poll_once(lookups.place()).await.is_some());
    });
}

// P99.
#[test]
fn a_dropped_request_passes_on_the_place_that_it_was_granted() {
    block_on(async {
        let lookups = Lookups::new(1);
        let place = poll_once(lookups.place()).await.unwrap();
        let mut granted = Box::pin(lookups.place());
        let (mut dropped, mut last) = (Box::pin(lookups.place()), pin!(lookups.place()));
        assert!(poll_once(granted.as_mut()).await.is_none());
        assert!(poll_once(dropped.as_mut()).await.is_none());
        assert!(poll_once(last.as_mut()).await.is_none());
        drop(dropped);
        drop(place);
        drop(granted);
        drop(poll_once(last.as_mut()).await.unwrap());
        // No request is left, so the place is free.
        assert_eq!(lookups.state.lock().free, 1);
        assert!(lookups.state.lock().requests.is_empty());
    });
}

// P99.
#[test]
fn places_are_never_lost_in_a_random_order_of_events() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let lookups = Lookups::new(3);
        let (mut requests, mut places) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            match random.u8(0..4) {
                0 => requests.push(Box::pin(lookups.place())),
                1 if !requests.is_empty() => {
                    drop(requests.swap_remove(random.usize(..requests.len())));
                }
                2 if !places.is_empty() => drop(places.swap_remove(random.usize(..places.len()))),
                _ if !requests.is_empty() => {
                    let polled = random.usize(..requests.len());
                    if let Some(place) = block_on(poll_once(requests[polled].as_mut())) {
                        places.push(place);
                        drop(requests.swap_remove(polled));
                    }
                }
                _ => {}
            }
            assert!(places.len() <= 3, "seed {seed}");
        }
        drop((requests, places));
        assert_eq!(lookups.state.lock().free, 3, "seed {seed}");
    }
}
