//! Tests of the process pool. They have no test harness: the workers run this program, so its
//! `main` must call `init` first.
//!
//! `cargo test --features process-pool --test process_pool -- WORD` runs the tests whose name
//! contains the word. No test may leave a child process behind. If a test hangs, the program prints
//! its name and exits.
#![allow(clippy::unwrap_used)]

mod functions;
mod processes;

mod abuse;
mod calls;
mod deaths;
mod deep;
mod ends;
mod forks;
mod other_programs;
mod output;
mod soak;
mod stuck;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The name of a test, and the test.
type Test = (&'static str, fn());

/// Lists the tests of each module with their names.
macro_rules! tests {
    ($($module:ident: $($test:ident),+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($test)), $module::$test)),+),+]
    };
}

const TESTS: &[Test] = tests! {
    calls: a_call_runs_in_a_worker_and_its_result_is_returned, a_pool_is_an_executor,
        arguments_and_results_are_any_serde_types, a_panic_comes_back_as_a_panic,
        a_call_without_a_runtime_can_be_awaited, eight_tasks_call_at_once,
        a_huge_argument_and_a_huge_result_arrive,
        a_value_that_is_too_big_is_an_error_and_the_worker_stays,
        a_value_that_does_not_encode_is_an_error_and_the_worker_stays,
        a_call_of_an_unregistered_name_is_an_error_with_the_name,
        a_reply_that_does_not_decode_is_an_error_and_the_worker_is_replaced,
        a_reply_with_a_false_length_of_elements_without_bytes_is_an_error,
        destructors_that_panic_end_only_their_call,
        a_worker_blocks_the_signals_that_the_host_blocks, two_functions_of_one_name_are_refused,
        a_virtual_clock_stands_still_during_a_call;
    deaths: an_exit_is_reported_with_its_code_and_the_last_lines,
        an_abort_of_the_process_is_reported_with_its_signal,
        a_worker_that_is_killed_fails_its_job_and_no_other,
        a_worker_that_died_between_calls_is_replaced_without_an_error,
        a_job_that_exceeds_its_time_limit_is_killed_with_its_processes,
        aborting_a_job_kills_its_worker_and_its_processes,
        a_timeout_of_a_handle_that_aborts_on_drop_kills_the_worker,
        aborting_a_queued_job_kills_no_worker;
    forks: a_worker_that_dies_is_detected_although_its_fork_holds_the_connection,
        an_aborted_call_ends_although_a_fork_outside_the_group_holds_the_connection,
        a_worker_that_died_between_calls_is_replaced_although_a_fork_holds_the_connection,
        a_worker_dies_with_its_pool_although_a_fork_of_the_pool_holds_the_connection,
        a_worker_dies_although_its_pool_died_before_the_worker_began;
    output: a_worker_that_prints_much_never_blocks, the_output_of_a_job_arrives_before_its_result,
        the_standard_input_of_a_job_is_empty, a_hook_that_panics_changes_no_result;
    ends: workers_are_replaced_after_their_number_of_jobs,
        an_idle_worker_exits_after_its_keep_alive_time, a_shutdown_waits_and_leaves_no_child,
        a_shutdown_that_does_not_wait_kills_the_workers,
        a_shutdown_that_waits_at_most_kills_the_workers_then,
        a_drop_runs_all_calls_and_leaves_no_child, a_drop_on_a_loop_runs_all_calls,
        workers_die_with_their_pool, a_worker_is_asked_to_exit_before_it_is_killed,
        a_job_may_have_a_pool_of_its_own, workers_that_do_not_call_init_start_no_workers;
    other_programs: a_missing_program_is_an_error, a_program_that_exits_at_once_is_reported_as_dead,
        a_program_that_sends_no_hello_is_killed, a_program_of_another_protocol_version_is_refused,
        a_truncated_reply_is_reported_as_a_death, a_malformed_reply_is_an_error;
    deep: a_deep_result_that_a_worker_can_encode_is_decoded,
        a_result_that_is_nested_too_deeply_is_an_error_of_its_call,
        an_argument_that_is_nested_too_deeply_is_an_error_of_its_call;
    stuck: a_hook_that_blocks_disables_no_time_limit_and_no_abort,
        a_hook_that_blocks_withholds_no_result, the_wait_for_a_hook_takes_no_time_of_a_call,
        a_shutdown_is_bounded_while_a_hook_blocks,
        a_standard_error_that_nobody_reads_disables_no_time_limit_and_no_shutdown,
        a_value_that_is_never_decoded_ends_its_call_by_the_time_limit_or_an_abort,
        a_value_that_is_never_encoded_ends_its_call_by_the_time_limit,
        an_abort_during_the_encoding_leaves_no_zombie,
        a_shutdown_is_bounded_while_a_value_is_decoded,
        a_stopped_worker_is_killed_by_a_time_limit_and_by_a_shutdown;
    abuse: workers_that_are_killed_and_stopped_at_random_lose_no_call_and_leave_nothing,
        a_start_without_descriptors_is_an_error_and_leaks_none;
    soak: each_of_two_thousand_jobs_has_one_end;
};

/// The time limit of a test: far more than any test takes on the slowest machine.
const TIME_LIMIT: Duration = Duration::from_secs(120);

fn main() {
    if std::env::var_os(ends::WITHOUT_INIT).is_some() {
        return ends::run_without_init();
    }
    aside::process_pool::init(functions::ALL);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == ends::MIDDLE) {
        return ends::run_middle();
    }
    if arguments.first().is_some_and(|first| first == forks::HOLDER) {
        return forks::run_holder(&arguments[1]);
    }
    if arguments.first().is_some_and(|first| first == stuck::STDERR) {
        return stuck::run_with_blocked_stderr();
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
    if is_done.recv_timeout(TIME_LIMIT) == Err(RecvTimeoutError::Timeout) {
        println!("test {name} ... HANGS");
        std::process::exit(101);
    }
    thread.unwrap().join().map_err(|_| "it panicked".to_owned())?;
    match processes::children() {
        none if none.is_empty() => Ok(()),
        left => Err(format!("it left children: {left:?}")),
    }
}
