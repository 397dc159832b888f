//! P100: the order and the times of the attempts, in virtual time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use runtime_executor::Handle;

use super::{alternate, race_addresses};
use crate::Runtime;
use crate::time::{Clock, now, sleep};

fn v4(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn v6(port: u16) -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port))
}

/// The end of an attempt: its time in milliseconds, and the error, if the attempt fails.
type Plan = (u16, u64, Option<ErrorKind>);

/// The result of a race, the ports and the times at which the attempts began, and the number of
/// attempts that were dropped before their end.
type Outcome = (io::Result<u16>, Vec<(u16, u128)>, usize);

/// Runs a race in which the attempt at each port goes as planned.
fn race(plans: &[Plan]) -> Outcome {
    let addresses = plans.iter().map(|(port, ..)| v4(*port)).collect();
    let plans: HashMap<u16, Plan> = plans.iter().map(|plan| (plan.0, *plan)).collect();
    let (log, running) = (RefCell::new(Vec::new()), RefCell::new(0));
    let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
    let result = runtime.block_on(async {
        let begin = now();
        let attempt = |address: SocketAddr| {
            let (port, milliseconds, error) = plans[&address.port()];
            log.borrow_mut().push((port, (now() - begin).as_millis()));
            *running.borrow_mut() += 1;
            let running = &running;
            async move {
                sleep(Duration::from_millis(milliseconds)).await;
                *running.borrow_mut() -= 1;
                error.map_or(Ok(port), |kind| Err(kind.into()))
            }
        };
        let handle = Handle::try_current().unwrap();
        race_addresses(&handle, addresses, attempt).await
    });
    (result, log.into_inner(), running.into_inner())
}

const HOUR: u64 = 3_600_000;

// P100.
#[test]
fn a_dead_address_delays_the_next_attempt_by_a_quarter_of_a_second() {
    let (result, began, dropped) = race(&[(1, HOUR, None), (2, 10, None), (3, 10, None)]);
    assert_eq!(result.unwrap(), 2);
    assert_eq!(began, [(1, 0), (2, 250)]);
    assert_eq!(dropped, 1);
}

// P100.
#[test]
fn several_dead_addresses_are_tried_at_the_same_time() {
    let (result, began, dropped) = race(&[(1, HOUR, None), (2, HOUR, None), (3, 1_000, None)]);
    assert_eq!(result.unwrap(), 3);
    assert_eq!(began, [(1, 0), (2, 250), (3, 500)]);
    assert_eq!(dropped, 2);
}

// P100.
#[test]
fn a_failed_attempt_is_followed_at_once_by_the_next() {
    let refused = Some(ErrorKind::ConnectionRefused);
    let (result, began, dropped) = race(&[(1, 20, refused), (2, HOUR, None), (3, 10, None)]);
    assert_eq!(result.unwrap(), 3);
    assert_eq!(began, [(1, 0), (2, 20), (3, 270)]);
    assert_eq!(dropped, 1);
}

// P100.
#[test]
fn a_slow_attempt_wins_if_the_later_ones_are_slower_or_fail() {
    let refused = Some(ErrorKind::ConnectionRefused);
    let (result, began, dropped) = race(&[(1, 700, None), (2, HOUR, None), (3, 10, refused)]);
    assert_eq!(result.unwrap(), 1);
    assert_eq!(began, [(1, 0), (2, 250), (3, 500)]);
    assert_eq!(dropped, 1);
}

// P100.
#[test]
fn the_error_lists_all_attempts_and_has_the_most_telling_kind() {
    let kinds = [ErrorKind::TimedOut, ErrorKind::ConnectionRefused, ErrorKind::NetworkUnreachable];
    let plans = [(1, 300, kinds[0]), (2, 0, kinds[1]), (3, 0, kinds[2])];
    let (result, began, dropped) = race(&plans.map(|(port, end, kind)| (port, end, Some(kind))));
    assert_eq!((began, dropped), (vec![(1, 0), (2, 250), (3, 250)], 0));
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let text = error.to_string();
    for part in ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "timed out", "refused"] {
        assert!(text.contains(part), "{text}");
    }
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(source.unwrap().kind(), ErrorKind::TimedOut);
    // The only address has its own error.
    let error = race(&[(1, 0, Some(ErrorKind::NetworkUnreachable))]).0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
    assert!(error.get_ref().is_none());
}

// P100.
#[test]
fn families_alternate_beginning_with_the_first() {
    let addresses = vec![v6(1), v6(2), v6(3), v4(4), v4(5)];
    assert_eq!(alternate(addresses), [v6(1), v4(4), v6(2), v4(5), v6(3)]);
    assert_eq!(alternate(vec![v4(1), v4(2), v6(3)]), [v4(1), v6(3), v4(2)]);
    assert_eq!(alternate(vec![v4(2), v4(1)]), [v4(2), v4(1)]);
}
