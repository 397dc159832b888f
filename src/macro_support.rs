//! The part of `#[aside::test]` that need not be generated: running a test with many seeds.

use std::env::{self, VarError};
use std::process::{ExitCode, Termination};
use std::thread;

/// The variable that names the only seed to use.
const VARIABLE: &str = "ASIDE_SEED";

/// Runs `test` with each of the seeds below `seeds`, or with the seed that `ASIDE_SEED` names.
/// Stops at the first seed that fails, and names it on stderr.
///
/// # Panics
/// If the test panics, if there are no seeds, or if `ASIDE_SEED` is not a number.
pub fn each_seed<T: Termination>(seeds: u64, test: impl Fn(u64) -> T) -> ExitCode {
    assert!(seeds > 0, "`seeds = 0` runs the test with no seed");
    let seeds = match env::var(VARIABLE) {
        Ok(seed) => match seed.parse() {
            Ok(seed) => seed..=seed,
            Err(_error) => panic!("{VARIABLE} is `{seed}`, which is not a number"),
        },
        Err(VarError::NotUnicode(_)) => panic!("{VARIABLE} is not a number"),
        Err(VarError::NotPresent) => 0..=seeds - 1,
    };
    for seed in seeds {
        let guard = NamesSeed(seed);
        let code = test(seed).report();
        if code != ExitCode::SUCCESS {
            guard.name();
            return code;
        }
    }
    ExitCode::SUCCESS
}

/// Names the seed if the test panics.
struct NamesSeed(u64);

impl NamesSeed {
    fn name(&self) {
        let seed = self.0;
        eprintln!("the test failed with the seed {seed}; {VARIABLE}={seed} runs this seed alone");
    }
}

impl Drop for NamesSeed {
    fn drop(&mut self) {
        if thread::panicking() {
            self.name();
        }
    }
}
