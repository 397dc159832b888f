//! Tests of the reducer.

mod garbage;
mod legal;
mod model;
mod model_loop;
mod model_pool;
mod mutants;
mod rules;

use proptest::test_runner::{Config, RngSeed};

/// Runs `number` cases, which are the same in each run, unless `PROPTEST_CASES` is set.
fn cases(number: u32) -> Config {
    let default = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        default
    } else {
        Config { cases: number, rng_seed: RngSeed::Fixed(1), ..default }
    }
}
