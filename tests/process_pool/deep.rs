//! Values of recursive types.

use aside::process_pool::{CallError, ProcessPool};
use aside::run_in_executor;

use crate::functions::{DEEP, DEPTH, ECHO, LYING_LIST, List};

/// P128. The worker makes and encodes this result on its main thread's stack.
pub(crate) fn a_deep_result_that_a_worker_can_encode_is_decoded() {
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(async {
        let list = run_in_executor(&pool, DEEP.call(DEEPEST)).await.unwrap().unwrap();
        assert_eq!(list.into_depth(), DEEPEST);
        // The worker decodes arguments on its main thread, with a smaller stack.
        let depth = run_in_executor(&pool, DEPTH.call(List::of(DEEPEST / 4))).await;
        assert_eq!(depth.unwrap().unwrap(), DEEPEST / 4);
    });
}

/// A depth that takes a third of the default stack in a debug build, and more than 2 MiB.
const DEEPEST: u32 = 10_000;

/// P128.
pub(crate) fn a_result_that_is_nested_too_deeply_is_an_error_of_its_call() {
    let pool = ProcessPool::builder().workers(1).stack_size(4 * 1024 * 1024).build();
    aside::run(async {
        for _ in 0..2 {
            let list = run_in_executor(&pool, LYING_LIST.call(5_000_000)).await.unwrap();
            let Err(error) = list else { panic!("it fits") };
            assert!(
                matches!(&error, CallError::BadResult(why) if why.contains("nested too deeply")),
                "{error}"
            );
        }
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

/// P128.
pub(crate) fn an_argument_that_is_nested_too_deeply_is_an_error_of_its_call() {
    let pool = ProcessPool::builder().workers(1).stack_size(1024 * 1024).build();
    aside::run(async {
        let list = List::of(300_000);
        let error = run_in_executor(&pool, DEPTH.call(list)).await.unwrap().unwrap_err();
        assert!(
            matches!(&error, CallError::BadArguments(why) if why.contains("nested too deeply")),
            "{error}"
        );
    });
}
