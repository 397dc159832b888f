//! `#[aside::main]` and `#[aside::test]`, used as a program uses them.
//!
//! A binary of its own, because some of its tests run it again as a process, to see a test fail.
//! `macros/tests/messages.rs` checks the compiler's messages.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::env;
use std::process::{Command, ExitCode, Output};
use std::rc::Rc;
use std::time::{Duration, Instant};

use aside::time::now;
use aside::{JoinError, sleep, spawn, spawn_blocking, yield_now};

/// The variable that makes some tests of this file fail.
const FAIL: &str = "ASIDE_MACROS_FAIL";

fn may_fail() -> bool {
    env::var_os(FAIL).is_some()
}

#[aside::test]
async fn a_test_runs_on_a_runtime() {
    assert_eq!(spawn_blocking(|| 6 * 7).await.unwrap(), 42);
}

#[aside::test]
async fn a_test_may_return_a_result() -> Result<(), JoinError> {
    spawn(yield_now()).await?;
    Ok(())
}

#[aside::test]
#[should_panic(expected = "the attribute is kept")]
async fn other_attributes_are_kept() {
    yield_now().await;
    panic!("the attribute is kept");
}

#[aside::test(virtual_time)]
async fn virtual_time_passes_at_once() {
    let (real, start) = (Instant::now(), now());
    sleep(Duration::from_secs(1_000_000)).await;
    assert_eq!(now() - start, Duration::from_secs(1_000_000));
    assert!(real < start + Duration::from_secs(1_000_000));
}

/// The order in which ten tasks are polled.
async fn order() -> Vec<u32> {
    let order = Rc::new(RefCell::new(Vec::new()));
    let push = |task| {
        let order = Rc::clone(&order);
        spawn(async move { order.borrow_mut().push(task) })
    };
    for task in (0..10).map(push).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    order.take()
}

#[aside::test(virtual_time, seed = 2 + 1)]
async fn a_seed_determines_the_order() {
    let seeded = order().await;
    assert!(!seeded.is_sorted(), "the order is that of the spawns: {seeded:?}");
    let runtime = spawn_blocking(|| aside::Runtime::builder().seed(3).build().block_on(order()));
    assert_eq!(runtime.await.unwrap(), seeded);
}

#[aside::test(virtual_time, seeds = 20, threads_max = 1)]
async fn every_seed_polls_all_tasks() {
    let mut order = order().await;
    assert!(!may_fail() || order[0] != 9, "the last task was polled first");
    order.sort_unstable();
    assert_eq!(order, (0..10).collect::<Vec<_>>());
}

#[aside::test(seeds = 3)]
async fn a_test_with_seeds_may_return_a_result() -> Result<(), String> {
    if may_fail() { Err("no seed works".to_owned()) } else { Ok(()) }
}

// The name of the function is that of the variable in the generated code.
#[aside::test(seeds = 2)]
async fn seed() {
    yield_now().await;
}

mod renamed {
    pub(crate) mod runtime {
        pub(crate) use aside::{Runtime, run, test, time};
    }

    #[runtime::test(crate = crate::renamed::runtime)]
    async fn a_path_to_the_crate() {
        aside::yield_now().await;
    }

    #[runtime::test(virtual_time, crate = "crate::renamed::runtime")]
    async fn a_path_in_quotation_marks() {
        aside::sleep(std::time::Duration::from_secs(3600)).await;
    }
}

macro_rules! test_named {
    ($visibility:vis $name:ident $body:block) => {
        #[aside::test]
        $visibility async fn $name() $body
    };
}

test_named!(a_macro_may_write_the_function { yield_now().await; });

/// The main functions of programs: the attribute accepts any name.
mod mains {
    use super::{ExitCode, spawn_blocking};

    #[aside::main(threads_max = 1 + 1, thread_name = "worker")]
    pub(super) async fn with_options() -> Result<String, aside::JoinError> {
        let name = spawn_blocking(|| std::thread::current().name().map(str::to_owned)).await?;
        Ok(name.unwrap_or_default())
    }

    /// It has no options, and its documentation is kept.
    #[aside::main]
    pub(super) async fn plain() -> ExitCode {
        ExitCode::from(3)
    }
}

#[test]
fn a_main_function_returns_what_the_async_one_returns() {
    assert!(mains::with_options().unwrap().starts_with("worker"));
    assert_eq!(mains::plain(), ExitCode::from(3));
}

/// Runs one test of this binary in a process, in which the tests may fail.
fn run_again(test: &str, seed: Option<&str>) -> (Output, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(FAIL, "1");
    match seed {
        Some(seed) => command.env("ASIDE_SEED", seed),
        None => command.env_remove("ASIDE_SEED"),
    };
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, errors)
}

/// The seed that a test has named on stderr.
fn named_seed(errors: &str) -> Option<&str> {
    let (_, rest) = errors.split_once("failed with the seed ")?;
    rest.split(';').next()
}

#[test]
fn a_failure_names_its_seed_and_the_seed_repeats_it() {
    let name = "every_seed_polls_all_tasks";
    let (output, errors) = run_again(name, None);
    assert!(!output.status.success(), "no seed of twenty polls the last task first");
    let seed = named_seed(&errors).unwrap_or_else(|| panic!("no seed is named:\n{errors}"));
    assert!(errors.contains("the last task was polled first"), "{errors}");

    let (output, errors) = run_again(name, Some(seed));
    assert!(!output.status.success());
    assert_eq!(named_seed(&errors), Some(seed));
    let before = seed.parse::<u64>().unwrap().checked_sub(1).expect("seed 0 passes");
    let (output, errors) = run_again(name, Some(&before.to_string()));
    assert!(output.status.success(), "seed {before} fails, too:\n{errors}");
}

#[test]
fn an_error_that_is_returned_names_its_seed() {
    let (output, errors) = run_again("a_test_with_seeds_may_return_a_result", None);
    assert!(!output.status.success());
    assert_eq!(named_seed(&errors), Some("0"));
    assert!(errors.contains("no seed works"), "{errors}");
}

#[test]
fn a_seed_that_is_no_number_fails_the_test() {
    let (output, errors) = run_again("seed", Some("eleven"));
    assert!(!output.status.success());
    assert!(errors.contains("ASIDE_SEED is `eleven`"), "{errors}");
}
