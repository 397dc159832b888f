//! The parts of the reactor against references, in random orders of events. (P66, P67, P68)
//!
//! proptest makes the orders, and of one that fails it prints the smallest that still does. A plain
//! run tries some thousands, the same each time. To look for longer, at other ones each time:
//!
//! ```sh
//! PROPTEST_CASES=200000 cargo test --release --package runtime-executor --features net properties
//! ```

mod one_direction;
mod tokens_and_waiters;
mod whole_reactor;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// So many orders, the same in each run, if the environment does not ask for more.
fn cases(number: u32) -> Config {
    let default = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        default
    } else {
        Config { cases: number, rng_seed: RngSeed::Fixed(1), ..default }
    }
}

/// Counts its wakes.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Bell {
    fn rings(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn bell() -> (Arc<Bell>, Waker) {
    let bell = Arc::new(Bell::default());
    (Arc::clone(&bell), Waker::from(bell))
}

/// Up to so many of some steps.
fn steps<S: Strategy>(step: S, most: usize) -> impl Strategy<Value = Vec<S::Value>> {
    proptest::collection::vec(step, 0..most)
}
