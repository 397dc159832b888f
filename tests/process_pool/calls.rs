//! The results and errors of calls.

use std::sync::Arc;
use std::time::Duration;

use aside::blocking::{Executor, Shutdown};
use aside::process_pool::{Call, CallError, Function, ProcessPool, init};
use aside::time::Clock;
use aside::{Runtime, run_in_executor};

use crate::functions::{
    BLOCKED_SIGNALS, BYTES, ECHO, FRAGILE, Fragile, LENGTH, LYING_UNITS, NUMBER_AS_TEXT, PANIC,
    PANIC_WITH_NUMBER, PID, REPORT, Shape, TAKES_TEXT_GETS_NUMBER, TAKES_UNWILLING, UNREGISTERED,
    UNWILLING, Unwilling, blocked_signals,
};

fn one_worker() -> ProcessPool {
    ProcessPool::builder().workers(1).on_line(|_| ()).build()
}

pub(crate) fn a_call_runs_in_a_worker_and_its_result_is_returned() {
    let pool = one_worker();
    aside::run(async {
        assert_eq!(run_in_executor(&pool, ECHO.call(7)).await.unwrap().unwrap(), 7);
        let named = aside::named("who").run_in_executor(&pool, PID.call(()));
        assert_eq!(named.metadata().name(), Some("who"));
        let pid = named.await.unwrap().unwrap();
        assert_ne!(pid, std::process::id());
        let again = aside::Handle::current().run_in_executor(&pool, PID.call(()));
        assert_eq!(again.await.unwrap().unwrap(), pid, "the worker stays");
    });
    assert_eq!(pool.pids().len(), 1);
}

pub(crate) fn a_pool_is_an_executor() {
    let pool = Arc::new(one_worker());
    aside::run(async {
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
        // The executor may be chosen at run time.
        type Echo = dyn Executor<Call<u32, u32>, Output = Result<u32, CallError>>;
        let any: &Echo = &*pool;
        assert_eq!(run_in_executor(any, ECHO.call(2)).await.unwrap().unwrap(), 2);
        // The type of a closure is still inferred.
        let threads = aside::blocking::Pool::new();
        assert_eq!(run_in_executor(&threads, || "here").await.unwrap(), "here");
    });
}

pub(crate) fn arguments_and_results_are_any_serde_types() {
    let pool = one_worker();
    let shapes = vec![Shape::Circle { radius: 0.5 }, Shape::Path(vec![(1, -2), (3, 4)])];
    let call = REPORT.call((shapes.clone(), Some("s".to_owned())));
    let named = aside::run(async { run_in_executor(&pool, call).await.unwrap().unwrap() });
    assert_eq!(named["s0"], shapes[0]);
    assert_eq!(named["s1"], shapes[1]);
}

pub(crate) fn a_panic_comes_back_as_a_panic() {
    let pool = one_worker();
    aside::run(async {
        let pid = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        let error = run_in_executor(&pool, PANIC.call("ouch".into())).await.unwrap_err();
        assert!(error.is_panic() && error.to_string().ends_with("panicked: it was said: ouch"));
        let payload = error.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "it was said: ouch");
        let error = run_in_executor(&pool, PANIC_WITH_NUMBER.call(())).await.unwrap_err();
        assert!(error.is_panic());
        let after = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        assert_eq!(after, pid, "the worker stays");
    });
}

pub(crate) fn a_call_without_a_runtime_can_be_awaited() {
    let pool = one_worker();
    let handle = pool.submit(ECHO.call(1));
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    assert!(handle.is_finished());
    let refused = pool.submit(ECHO.call(2));
    aside::run(async {
        assert_eq!(handle.await.unwrap().unwrap(), 1);
        assert!(refused.await.unwrap_err().is_refused());
        assert!(run_in_executor(&pool, ECHO.call(2)).await.unwrap_err().is_refused());
    });
}

pub(crate) fn eight_tasks_call_at_once() {
    let pool = ProcessPool::builder().workers(3).build();
    aside::run(async {
        let tasks = (0..8_u32).map(|task| {
            let pool = pool.clone();
            aside::spawn(async move {
                for n in 0..50 {
                    let call = ECHO.call(100 * task + n);
                    assert_eq!(
                        run_in_executor(&pool, call).await.unwrap().unwrap(),
                        100 * task + n
                    );
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    assert!((1..=3).contains(&pool.pids().len()));
}

pub(crate) fn a_huge_argument_and_a_huge_result_arrive() {
    const HUGE: usize = 40_000_000;
    let pool = one_worker();
    aside::run(async {
        let length = run_in_executor(&pool, LENGTH.call("y".repeat(HUGE)));
        assert_eq!(length.await.unwrap().unwrap(), HUGE);
        let text = run_in_executor(&pool, BYTES.call(HUGE)).await.unwrap().unwrap();
        assert!(text.len() == HUGE && text.bytes().all(|byte| byte == b'x'));
    });
}

pub(crate) fn a_value_that_is_too_big_is_an_error_and_the_worker_stays() {
    let pool = ProcessPool::builder().workers(1).frame_bytes_max(1000).build();
    aside::run(async {
        let pid = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        let error = run_in_executor(&pool, LENGTH.call("y".repeat(2000))).await.unwrap();
        assert!(matches!(error, Err(CallError::ArgumentsTooBig { bytes: 2001.., max: 1000 })));
        let error = run_in_executor(&pool, BYTES.call(2000)).await.unwrap();
        assert!(matches!(error, Err(CallError::ResultTooBig { bytes: 2001.., max: 1000 })));
        assert_eq!(run_in_executor(&pool, PID.call(())).await.unwrap().unwrap(), pid);
    });
}

pub(crate) fn a_value_that_does_not_encode_is_an_error_and_the_worker_stays() {
    let pool = one_worker();
    aside::run(async {
        let pid = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        let error = run_in_executor(&pool, TAKES_UNWILLING.call(Unwilling)).await.unwrap();
        assert!(matches!(error, Err(CallError::BadArguments(_))));
        let error = run_in_executor(&pool, UNWILLING.call(())).await.unwrap();
        assert!(matches!(error, Err(CallError::BadResult(_))));
        let error = run_in_executor(&pool, TAKES_TEXT_GETS_NUMBER.call(9)).await.unwrap();
        assert!(matches!(error, Err(CallError::BadArguments(_))));
        assert_eq!(run_in_executor(&pool, PID.call(())).await.unwrap().unwrap(), pid);
    });
}

pub(crate) fn a_call_of_an_unregistered_name_is_an_error_with_the_name() {
    let pool = one_worker();
    let error = aside::run(async { run_in_executor(&pool, UNREGISTERED.call(())).await.unwrap() });
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "the worker's program has no function `unregistered`");
    assert!(matches!(error, CallError::UnknownFunction(name) if &*name == "unregistered"));
}

/// P131. Decoding such a value would take centuries.
pub(crate) fn a_reply_with_a_false_length_of_elements_without_bytes_is_an_error() {
    let pool = one_worker();
    aside::run(async {
        let honest = run_in_executor(&pool, LYING_UNITS.call(1_000)).await.unwrap().unwrap();
        assert_eq!(honest.len(), 1_000);
        let error = run_in_executor(&pool, LYING_UNITS.call(u64::MAX)).await.unwrap();
        assert!(matches!(error, Err(CallError::BadResult(_))));
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

/// P104.
pub(crate) fn a_worker_blocks_the_signals_that_the_host_blocks() {
    let pool = one_worker();
    let blocked = aside::run(async {
        run_in_executor(&pool, BLOCKED_SIGNALS.call(())).await.unwrap().unwrap()
    });
    assert_eq!(blocked, blocked_signals());
}

/// P58.
pub(crate) fn a_reply_that_does_not_decode_is_an_error_and_the_worker_is_replaced() {
    let pool = one_worker();
    aside::run(async {
        let pid = run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        let error = run_in_executor(&pool, NUMBER_AS_TEXT.call(())).await.unwrap();
        assert!(matches!(error, Err(CallError::BadResult(_))));
        assert_ne!(run_in_executor(&pool, PID.call(())).await.unwrap().unwrap(), pid);
    });
}

pub(crate) fn two_functions_of_one_name_are_refused() {
    static ONE: Function<u8, u8> = Function::new("one", |n| n);
    static OTHER: Function<u16, u16> = Function::new("one", |n| n);
    std::panic::catch_unwind(|| init(&[&ONE, &OTHER])).unwrap_err();
}

pub(crate) fn a_virtual_clock_stands_still_during_a_call() {
    let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
    let pool = one_worker();
    runtime.block_on(async {
        let began = aside::time::now();
        let call = run_in_executor(&pool, ECHO.call(1));
        let first = aside::timeout(Duration::from_secs(3600), call).await;
        assert_eq!(first.unwrap().unwrap().unwrap(), 1);
        assert_eq!(aside::time::now(), began);
    });
}

pub(crate) fn destructors_that_panic_end_only_their_call() {
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(async {
        // The destructor of the argument panics, and then the destructor of the result.
        let Err(error) = run_in_executor(&pool, FRAGILE.call(Fragile)).await else {
            panic!("the result replaces the panic");
        };
        assert!(error.is_panic());
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}
