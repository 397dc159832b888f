//! Hooks, streams, types and workers that block, and the calls and shutdowns that must not.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::process_pool::{CallError, ProcessPool, ProcessPoolBuilder};
use aside::run_in_executor;
use runtime_core::sync::Mutex;
use rustix::process::{Pid, Signal, kill_process};

use crate::deaths::printing;
use crate::functions::{
    ECHO, EXIT, FLOOD, HANG, PID, PRINT, Stuck, TAKES_STUCK, YIELDS_STUCK, release,
};
use crate::processes::{children, wait_until};

/// A limit that no working call reaches in these tests.
const LIMIT: Duration = Duration::from_millis(300);

/// A pool whose hook blocks in its first call, until the sender is dropped. The receiver gets a
/// message when that call begins.
fn blocking(builder: ProcessPoolBuilder) -> (ProcessPool, Receiver<()>, Sender<()>) {
    let (release, released) = channel::<()>();
    let (entered, has_entered) = channel();
    let released = Mutex::new(released);
    let pool = builder.on_line(move |_| {
        let _ = entered.send(());
        let _ = released.lock().recv();
    });
    (pool.build(), has_entered, release)
}

/// P130.
pub(crate) fn a_hook_that_blocks_disables_no_time_limit_and_no_abort() {
    let builder = ProcessPool::builder().workers(2).job_timeout(LIMIT);
    let (pool, entered, release) = blocking(builder);
    aside::run(async {
        let call = run_in_executor(&pool, FLOOD.call(()));
        entered.recv().unwrap();
        assert!(matches!(call.await.unwrap(), Err(CallError::TimedOut(LIMIT))));
        let call = run_in_executor(&pool, FLOOD.call(()));
        call.abort();
        assert!(!matches!(call.await, Ok(Ok(()))));
        // Silent calls are made as ever.
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
    pool.shutdown(Shutdown::Leave);
    assert_eq!(children(), []);
    drop(release);
}

/// P130.
pub(crate) fn a_hook_that_blocks_withholds_no_result() {
    let (pool, entered, release) = blocking(ProcessPool::builder().workers(1));
    aside::run(async {
        for _ in 0..2 {
            run_in_executor(&pool, PRINT.call("a".into())).await.unwrap().unwrap();
        }
        entered.recv().unwrap();
        // The lines are not lost: they wait for the hook.
        drop(release);
        run_in_executor(&pool, PID.call(())).await.unwrap().unwrap();
        for _ in 0..3 {
            entered.recv().unwrap();
        }
    });
}

/// P130.
pub(crate) fn the_wait_for_a_hook_takes_no_time_of_a_call() {
    // A hook counts as blocked only after a longer time.
    let limit = Duration::from_millis(700);
    let builder = || ProcessPool::builder().workers(1).job_timeout(limit);
    let (pool, _entered, release) = blocking(builder());
    aside::run(async {
        run_in_executor(&pool, PRINT.call("a".into())).await.unwrap().unwrap();
    });
    drop(release);
    let (pool, _entered, release) = blocking(builder());
    aside::run(async {
        let died = run_in_executor(&pool, EXIT.call(1)).await.unwrap();
        assert!(matches!(died, Err(CallError::WorkerDied(_))), "{died:?}");
    });
    drop(release);
}

/// P130.
pub(crate) fn a_shutdown_is_bounded_while_a_hook_blocks() {
    for how in [Shutdown::WaitAtMost(Duration::from_millis(50)), Shutdown::Leave] {
        let (pool, entered, release) = blocking(ProcessPool::builder().workers(2));
        let call = pool.submit(FLOOD.call(()));
        entered.recv().unwrap();
        assert_eq!(pool.shutdown(how).running.len(), 1);
        assert_eq!(children(), []);
        assert!(matches!(aside::run(call).unwrap(), Err(CallError::Aborted)));
        drop(release);
    }
}

pub(crate) const STDERR: &str = "--blocked-stderr";

/// Runs a program whose standard error is a full pipe.
pub(crate) fn run_with_blocked_stderr() {
    let pool = ProcessPool::builder().workers(1).job_timeout(LIMIT).build();
    aside::run(async {
        let late = run_in_executor(&pool, FLOOD.call(())).await.unwrap();
        assert!(matches!(late, Err(CallError::TimedOut(_))));
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
    let call = pool.submit(FLOOD.call(()));
    assert_eq!(pool.shutdown(Shutdown::WaitAtMost(Duration::from_millis(1))).running.len(), 1);
    assert!(matches!(aside::run(call).unwrap(), Err(CallError::Aborted)));
    println!("ended");
}

/// P130.
pub(crate) fn a_standard_error_that_nobody_reads_disables_no_time_limit_and_no_shutdown() {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    let command = command.arg(STDERR).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "ended\n");
    // The pipe stays unread until here.
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
}

/// P131.
pub(crate) fn a_value_that_is_never_decoded_ends_its_call_by_the_time_limit_or_an_abort() {
    let pool = ProcessPool::builder().workers(1).job_timeout(LIMIT).build();
    aside::run(async {
        let late = run_in_executor(&pool, YIELDS_STUCK.call(())).await.unwrap();
        assert!(matches!(late, Err(CallError::TimedOut(LIMIT))));
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
    drop(pool);
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(async {
        let call = run_in_executor(&pool, YIELDS_STUCK.call(()));
        // The worker has printed this when it has the result.
        wait_until(|| Stuck::decoding() > 1);
        call.abort();
        assert!(matches!(call.await.unwrap(), Err(CallError::Aborted)));
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
    });
    drop(pool);
    assert_eq!(children(), [], "the workers are reaped although their threads hang");
    release();
}

/// P131.
pub(crate) fn a_value_that_is_never_encoded_ends_its_call_by_the_time_limit() {
    let pool = ProcessPool::builder().workers(1).job_timeout(LIMIT).build();
    aside::run(async {
        for _ in 0..2 {
            let late = run_in_executor(&pool, TAKES_STUCK.call(Stuck)).await.unwrap();
            assert!(matches!(late, Err(CallError::TimedOut(LIMIT))));
            assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
        }
    });
    drop(pool);
    assert_eq!(children(), []);
    release();
}

/// P131.
pub(crate) fn an_abort_during_the_encoding_leaves_no_zombie() {
    let pool = ProcessPool::builder().workers(1).keep_alive(Duration::from_secs(1000)).build();
    aside::run(async {
        assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
        let before = Stuck::decoding();
        let call = run_in_executor(&pool, TAKES_STUCK.call(Stuck));
        wait_until(|| Stuck::decoding() > before);
        call.abort();
        release();
        assert!(matches!(call.await.unwrap(), Err(CallError::Aborted)));
    });
    wait_until(|| children().is_empty());
}

/// P131.
pub(crate) fn a_shutdown_is_bounded_while_a_value_is_decoded() {
    for how in [Shutdown::WaitAtMost(Duration::from_millis(50)), Shutdown::Leave] {
        let pool = ProcessPool::builder().workers(1).build();
        let before = Stuck::decoding();
        let call = pool.submit(YIELDS_STUCK.call(()));
        wait_until(|| Stuck::decoding() > before);
        assert_eq!(pool.shutdown(how).running.len(), 1);
        assert_eq!(children(), []);
        assert!(matches!(aside::run(call).unwrap(), Err(CallError::Aborted)));
    }
    release();
}

fn stop(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
}

/// P130.
pub(crate) fn a_stopped_worker_is_killed_by_a_time_limit_and_by_a_shutdown() {
    let (pool, printed) = printing(ProcessPool::builder().workers(1).job_timeout(LIMIT));
    aside::run(async {
        let call = run_in_executor(&pool, HANG.call(()));
        stop(printed.recv().unwrap());
        assert!(matches!(call.await.unwrap(), Err(CallError::TimedOut(LIMIT))));
    });
    drop(pool);
    let (pool, printed) = printing(ProcessPool::builder().workers(2));
    let idle = aside::run(async { run_in_executor(&pool, PID.call(())).await.unwrap().unwrap() });
    stop(idle);
    let running = [pool.submit(HANG.call(())), pool.submit(HANG.call(()))];
    // The idle worker cannot say that it hangs.
    stop(printed.recv().unwrap());
    pool.shutdown(Shutdown::Leave);
    assert_eq!(children(), []);
    for call in running {
        assert!(matches!(aside::run(call).unwrap(), Err(CallError::Aborted)));
    }
}
