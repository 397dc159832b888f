//! Signals from outside at random, descriptors that run out, and calls that are aborted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::process_pool::{CallError, ProcessPool};
use aside::run_in_executor;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::functions::{ECHO, HANG, PRINT};
use crate::processes::descriptors;

const CALLS: u32 = 600;

/// Sends SIGKILL and SIGSTOP to the workers of the pool in turn, until the flag is set.
fn disturb(pool: &ProcessPool, is_over: &AtomicBool) {
    for round in 0_usize.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let pids = pool.pids();
        if let Some(pid) = pids.get(round % pids.len().max(1)) {
            let signal = if round % 3 == 0 { Signal::STOP } else { Signal::KILL };
            let _gone = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal);
        }
        thread::park_timeout(Duration::from_millis(3));
    }
}

/// P129.
pub(crate) fn workers_that_are_killed_and_stopped_at_random_lose_no_call_and_leave_nothing() {
    let before = descriptors();
    let limit = Duration::from_millis(100);
    let builder = ProcessPool::builder().workers(3).job_timeout(limit).start_timeout(limit);
    let pool = builder.on_line(|_| ()).build();
    let is_over = Arc::new(AtomicBool::new(false));
    let disturbing = thread::spawn({
        let (pool, is_over) = (pool.clone(), Arc::clone(&is_over));
        move || disturb(&pool, &is_over)
    });
    aside::run(async {
        let calls = (0..CALLS).map(|n| match n % 8 {
            7 => (n, run_in_executor(&pool, HANG.call(())), true),
            6 => (n, run_in_executor(&pool, PRINT.call("text ".repeat(1_000))), false),
            _ => {
                let echo = run_in_executor(&pool, ECHO.call(n));
                let call =
                    aside::spawn(
                        async move { echo.await.unwrap().map(|echoed| assert_eq!(echoed, n)) },
                    );
                (n, call, false)
            }
        });
        let mut ended = 0;
        for (n, call, is_aborted) in calls.collect::<Vec<_>>() {
            if is_aborted {
                call.abort();
            }
            match call.await {
                Ok(
                    Ok(())
                    | Err(
                        CallError::WorkerDied(_)
                        | CallError::TimedOut(_)
                        | CallError::Start(_)
                        | CallError::Aborted,
                    ),
                ) => {}
                Err(error) if error.is_cancelled() && is_aborted => {}
                other => panic!("call {n} has ended with {other:?}"),
            }
            ended += 1;
        }
        assert_eq!(ended, CALLS);
    });
    is_over.store(true, Ordering::Relaxed);
    disturbing.join().unwrap();
    assert_eq!(aside::run(echo_until_it_works(&pool)), 7);
    pool.shutdown(Shutdown::Wait);
    assert_eq!(pool.pids(), []);
    drop(pool);
    assert_eq!(descriptors(), before);
}

/// The last signal may still stop a worker.
async fn echo_until_it_works(pool: &ProcessPool) -> u32 {
    loop {
        if let Ok(echoed) = run_in_executor(pool, ECHO.call(7)).await.unwrap() {
            return echoed;
        }
    }
}

/// P129.
pub(crate) fn a_start_without_descriptors_is_an_error_and_leaks_none() {
    let before = descriptors();
    let limits = getrlimit(Resource::Nofile);
    let allow = |current| setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
    let (mut failed, mut made) = (0, 0);
    // The limit is on the number of a new descriptor, and this process has a few.
    for number in 3..40 {
        let pool = ProcessPool::builder().workers(1).on_line(|_| ()).build();
        allow(Some(number));
        let call = pool.submit(ECHO.call(1));
        while !call.is_finished() {
            thread::yield_now();
        }
        allow(limits.current);
        match aside::run(call).unwrap() {
            Ok(echoed) => made += echoed,
            Err(CallError::Start(_)) => failed += 1,
            // The worker inherits the limit, and needs descriptors, too.
            Err(CallError::WorkerDied(_)) => failed += 1,
            Err(other) => panic!("{other}"),
        }
        drop(pool);
        assert_eq!(descriptors(), before, "with descriptors below {number}");
    }
    assert!(failed > 2 && made > 2, "{failed} {made}");
}
