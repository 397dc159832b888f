//! The output and the input of workers.

use std::sync::{Arc, mpsc::channel};

use aside::process_pool::ProcessPool;
use aside::run_in_executor;
use runtime_core::sync::Mutex;

use crate::functions::{CHATTER, ECHO, EXIT, PID, PRINT, READ_INPUT};

/// P58.
pub(crate) fn a_worker_that_prints_much_never_blocks() {
    const LINES: u32 = 100_000;
    let count = Arc::new(Mutex::new(0_u32));
    let counted = Arc::clone(&count);
    let pool = ProcessPool::builder().workers(2).on_line(move |line| {
        assert_eq!(line.text.len(), 99);
        *counted.lock() += 1;
    });
    let pool = pool.build();
    aside::run(async {
        let calls = [
            run_in_executor(&pool, CHATTER.call(LINES)),
            run_in_executor(&pool, CHATTER.call(LINES)),
        ];
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), LINES);
        }
    });
    assert_eq!(*count.lock(), 2 * LINES, "all lines of ten megabytes from each worker");
}

pub(crate) fn the_output_of_a_job_arrives_before_its_result() {
    let (sender, received) = channel();
    let pool = ProcessPool::builder()
        .workers(1)
        .on_line(move |line| sender.send((line.pid, line.text.to_owned())).unwrap())
        .build();
    let pid = aside::run(async {
        run_in_executor(&pool, PRINT.call("a".into())).await.unwrap().unwrap();
        let lines: Vec<_> = received.try_iter().map(|(_, text)| text).collect();
        assert_eq!(lines, ["out: a", "err: a"]);
        run_in_executor(&pool, PRINT.call("b".into())).await.unwrap().unwrap();
        run_in_executor(&pool, PID.call(())).await.unwrap().unwrap()
    });
    drop(pool);
    let lines: Vec<_> = received.iter().collect();
    let expected = ["no end: aout: b", "err: b", "no end: b"].map(|text| (pid, text.to_owned()));
    assert_eq!(lines, expected);
}

pub(crate) fn the_standard_input_of_a_job_is_empty() {
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(async {
        assert_eq!(run_in_executor(&pool, READ_INPUT.call(())).await.unwrap().unwrap(), 0);
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

pub(crate) fn a_hook_that_panics_changes_no_result() {
    let pool =
        ProcessPool::builder().workers(1).on_line(|_| std::panic::resume_unwind(Box::new(())));
    let pool = pool.build();
    aside::run(async {
        run_in_executor(&pool, PRINT.call("a".into())).await.unwrap().unwrap();
        let error = run_in_executor(&pool, EXIT.call(1)).await.unwrap().unwrap_err();
        let death = error.worker_death().unwrap();
        assert!(death.last_lines.ends_with("no end: aabout to exit with 1"));
    });
}
