//! The process pool, tried out. A program of its own and no test harness: the workers are this
//! program, so its `main` must call `init` before anything else.
//!
//! `cargo test --features process-pool --test process_pool -- WORD` runs the tests whose name
//! contains the word. Each begins and ends without any child process; one that takes very long
//! names itself and ends the program.
#![allow(clippy::unwrap_used)]

mod functions;
mod processes;

mod calls;
mod deaths;
mod ends;
mod output;
mod soak;
mod strangers;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A name and a test.
type Test = (&'static str, fn());

/// The tests of a module, by their names.
macro_rules! tests {
    ($($module:ident: $($test:ident),+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($test)), $module::$test)),+),+]
    };
}

const TESTS: &[Test] = tests! {
    calls: a_call_goes_there_and_its_result_comes_back, a_pool_is_an_executor_like_others,
        arguments_and_results_are_any_serde_types,
        a_panic_comes_back_as_a_panic, a_call_without_a_runtime_can_be_awaited,
        eight_tasks_call_at_once, a_huge_argument_and_a_huge_result_pass,
        what_is_too_big_is_an_error_and_the_worker_goes_on,
        what_does_not_encode_is_an_error_and_the_worker_goes_on,
        an_unregistered_name_is_an_error_that_says_so,
        a_reply_that_does_not_decode_is_an_error_and_the_worker_is_replaced,
        two_functions_of_one_name_are_refused, a_virtual_clock_stands_still_during_a_call;
    deaths: an_exit_is_told_with_its_code_and_its_last_lines, an_abort_is_told_with_its_signal,
        a_worker_killed_at_work_takes_nothing_with_it_but_its_job,
        a_worker_that_died_idle_is_replaced_without_an_error,
        a_job_that_takes_too_long_is_killed_with_what_it_started,
        an_abort_kills_the_worker_and_what_it_started,
        a_timeout_around_a_handle_that_aborts_kills_the_worker,
        an_abort_in_the_queue_kills_nobody;
    output: a_chatty_worker_never_blocks, what_a_job_prints_is_passed_on_before_its_result,
        a_job_reads_nothing_from_its_input, a_hook_that_panics_harms_nobody;
    ends: workers_are_replaced_after_so_many_jobs, an_idle_worker_goes_after_its_time,
        a_shutdown_waits_and_leaves_no_child, a_shutdown_that_does_not_wait_kills,
        a_shutdown_that_waits_at_most_kills_then, a_drop_loses_nothing_and_leaves_no_child,
        a_drop_on_a_loop_loses_nothing, workers_die_with_their_pool,
        a_worker_is_told_before_it_is_killed, a_job_has_a_pool_of_its_own,
        workers_that_do_not_know_it_start_no_workers;
    strangers: a_program_that_is_not_there_is_an_error, a_program_that_ends_at_once_has_died,
        a_program_that_says_nothing_is_given_up, a_program_of_another_version_is_refused,
        a_truncated_reply_is_a_death, a_reply_that_is_none_is_an_error;
    soak: every_job_of_two_thousand_comes_to_one_end;
};

/// Far more than any test takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    if std::env::var_os(ends::FORGETFUL).is_some() {
        return ends::be_forgetful();
    }
    aside::process_pool::init(functions::ALL);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == ends::MIDDLE) {
        return ends::be_the_middle();
    }
    let words: Vec<_> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(*word));
    let mut failed = Vec::new();
    for &(name, test) in TESTS.iter().filter(|(name, _)| is_wanted(name)) {
        if let Err(why) = run(name, test) {
            println!("test {name} ... FAILED: {why}");
            failed.push(name);
        } else {
            println!("test {name} ... ok");
        }
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

fn run(name: &'static str, test: fn()) -> Result<(), String> {
    assert_eq!(processes::children(), [], "there is a child before {name}");
    let (done, is_done) = channel::<()>();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _done = done;
        test();
    });
    if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        println!("test {name} ... HANGS");
        std::process::exit(101);
    }
    thread.unwrap().join().map_err(|_| "it panicked".to_owned())?;
    match processes::children() {
        none if none.is_empty() => Ok(()),
        left => Err(format!("it left children: {left:?}")),
    }
}
