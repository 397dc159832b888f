//! Closures that own much data, on stacks of 2 MiB.

use std::hint::black_box;
use std::panic::{RefUnwindSafe, UnwindSafe};

use aside::blocking::{CancelToken, Lane, Pinned, Pool};
use aside::{Handle, named, run_in_executor, spawn_blocking};
use futures_lite::future::block_on;

use crate::support::watchdog::watched;

/// More than any function may copy ten times. A debug build copies more often.
const BYTES: usize = if cfg!(debug_assertions) { 150 } else { 400 } * 1024;

/// Returns a closure of [`BYTES`] bytes.
fn large() -> impl FnOnce() -> u8 + Send + 'static {
    let data = [7; BYTES];
    move || black_box(&data)[BYTES - 1]
}

fn large_call() -> impl FnOnce(&mut u8) -> u8 + Send + 'static {
    let data = [7; BYTES];
    move |state| *state + black_box(&data)[BYTES - 1]
}

#[test]
fn a_job_of_a_runtime_may_own_much() {
    watched(|| {
        aside::run(async {
            assert_eq!(spawn_blocking(large()).await.unwrap(), 7);
            assert_eq!(Handle::current().spawn_blocking(large()).await.unwrap(), 7);
            assert_eq!(named("large").spawn_blocking(large()).await.unwrap(), 7);
        });
    });
}

#[test]
fn a_job_of_an_executor_may_own_much() {
    watched(|| {
        let pool = Pool::new();
        let lane = pool.lane("large").queue_max(1).build();
        aside::run(async {
            assert_eq!(run_in_executor(&pool, large()).await.unwrap(), 7);
            assert_eq!(run_in_executor(&lane, large()).await.unwrap(), 7);
        });
    });
}

#[test]
fn a_call_of_a_pinned_state_may_own_much() {
    watched(|| {
        aside::run(async {
            let state = Pinned::open(large()).await.unwrap();
            assert_eq!(state.call(large_call()).await.unwrap(), 14);
            state.close().await.unwrap();
        });
        let state = block_on(Pinned::open(large())).unwrap();
        assert_eq!(block_on(state.call(large_call())).unwrap(), 14);
    });
}

// A handle may be used on both sides of a caught panic.
#[test]
fn the_handles_of_the_pool_are_unwind_safe() {
    fn assert_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    assert_unwind_safe::<Pool>();
    assert_unwind_safe::<Lane>();
    assert_unwind_safe::<Pinned<std::rc::Rc<std::cell::Cell<u8>>>>();
    assert_unwind_safe::<CancelToken>();
    watched(|| {
        let pool = Pool::new();
        let caught = std::panic::catch_unwind(|| {
            pool.submit(|| ()).unwrap().detach();
            panic!("after a submit");
        });
        assert!(caught.is_err());
        assert_eq!(block_on(pool.submit(|| 1).unwrap()).unwrap(), 1);
    });
}
