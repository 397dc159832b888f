//! What workers print, and what they read.

use std::sync::{Arc, mpsc::channel};

use aside::process_pool::ProcessPool;
use aside::run_in_executor;
use runtime_core::sync::Mutex;

use crate::functions::{CHATTER, ECHO, EXIT, PID, PRINT, READ_INPUT};

/// P58.
pub(crate) fn a_chatty_worker_never_blocks() {
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
    assert_eq!(*count.lock(), 2 * LINES, "ten megabytes each, and every line of them");
}

pub(crate) fn what_a_job_prints_is_passed_on_before_its_result() {
    let (tell, told) = channel();
    let pool = ProcessPool::builder()
        .workers(1)
        .on_line(move |line| tell.send((line.pid, line.text.to_owned())).unwrap())
        .build();
    let pid = aside::run(async {
        run_in_executor(&pool, PRINT.call("a".into())).await.unwrap().unwrap();
        let lines: Vec<_> = told.try_iter().map(|(_, text)| text).collect();
        assert_eq!(lines, ["out: a", "err: a"]);
        run_in_executor(&pool, PRINT.call("b".into())).await.unwrap().unwrap();
        run_in_executor(&pool, PID.call(())).await.unwrap().unwrap()
    });
    drop(pool);
    let lines: Vec<_> = told.iter().collect();
    let expected = ["no end: aout: b", "err: b", "no end: b"].map(|text| (pid, text.to_owned()));
    assert_eq!(lines, expected);
}

pub(crate) fn a_job_reads_nothing_from_its_input() {
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(async {
        assert_eq!(run_in_executor(&pool, READ_INPUT.call(())).await.unwrap().unwrap(), 0);
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
}

pub(crate) fn a_hook_that_panics_harms_nobody() {
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
