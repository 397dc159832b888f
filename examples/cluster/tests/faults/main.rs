//! Faults of real processes: hosts that die, and jobs that hang, panic or crash. Each call must be
//! answered once, or fail with an error that says what happened.
//!
//! `cargo test --package cluster --test faults [NAME]` starts RabbitMQ on a free port, with its
//! data in a folder of its own. The tests run one after another, and wait for facts, never for a
//! time.
#![allow(clippy::unwrap_used)]

mod calls;
mod ends;
mod link;
mod losses;
mod namespace;
mod processes;
mod proxy;

use std::time::Instant;

use processes::Broker;

/// A test with its name.
type NamedTest = (&'static str, fn(&Broker));

fn main() {
    let tests: [NamedTest; 11] = [
        ("without_a_broker_the_error_says_so", ends::without_a_broker_the_error_says_so),
        ("the_program_runs_jobs_in_each_place", ends::the_program_runs_jobs_in_each_place),
        ("a_client_starts_one_thread", ends::a_client_starts_one_thread),
        ("a_panic_is_a_panic_of_the_caller", ends::a_panic_is_a_panic_of_the_caller),
        ("a_hanging_job_is_killed", ends::a_hanging_job_is_killed),
        ("a_job_that_crashes_is_set_aside", ends::a_job_that_crashes_is_set_aside),
        ("a_job_that_kills_its_host_is_set_aside", ends::a_job_that_kills_its_host_is_set_aside),
        ("queued_jobs_have_limits_and_order", ends::queued_jobs_have_limits_and_order),
        ("lost_hosts_lose_no_job", losses::lost_hosts_lose_no_job),
        ("a_restarted_broker_loses_no_job", losses::a_restarted_broker_loses_no_job),
        ("a_stopping_host_ends_with_its_broker", losses::a_stopping_host_ends_with_its_broker),
    ];
    let wanted = std::env::args().nth(1).filter(|word| !word.starts_with('-'));
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|word| name.contains(word));
    let broker = Broker::start();
    let mut passed = 0;
    for (name, test) in tests.iter().filter(|(name, _)| is_wanted(name)) {
        let start = Instant::now();
        println!("{name} ...");
        test(&broker);
        println!("{name} ok, {:.1?}", start.elapsed());
        passed += 1;
    }
    drop(broker);
    println!("test result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}
