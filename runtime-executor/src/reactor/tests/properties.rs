//! Compares the reactor's parts with references, in random orders of events. (P66, P67, P68)
//!
//! proptest generates the orders. When an order fails, proptest prints the smallest order that
//! still fails. A plain run tries a few thousand orders, which are the same in each run. This
//! command tries more orders, which are new in each run:
//!
//! ```sh
//! PROPTEST_CASES=200000 cargo test --release --package runtime-executor --features net properties
//! ```

mod one_direction;
mod tokens_and_waiters;
mod whole_reactor;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::{WakeCount, counting_waker, find, key_of, readable, registered_source, token};

/// Runs `number` orders, which are the same in each run, unless `PROPTEST_CASES` is set.
fn cases(number: u32) -> Config {
    let default = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        default
    } else {
        Config { cases: number, rng_seed: RngSeed::Fixed(1), ..default }
    }
}

/// Generates fewer than `limit` steps.
fn steps<S: Strategy>(step: S, limit: usize) -> impl Strategy<Value = Vec<S::Value>> {
    proptest::collection::vec(step, 0..limit)
}
