use std::fs;
use std::sync::{Arc, Barrier};
use std::thread;

use aside::{Runtime, gather, spawn_blocking};

use crate::support::watchdog::watched;

const CORES: &str = "Cpus_allowed_list:";

/// Returns the line of a thread's status that begins with this word.
fn status(thread: &str, word: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(word));
    line.expect("the status of a thread has this line").to_owned()
}

/// The cores on which this thread may run, in the words of Linux.
fn permitted() -> String {
    status("thread-self", CORES)
}

/// A worker that runs single short jobs sleeps on one core. Neither a job, nor a thread that it
/// starts, nor another worker that is started then is restricted to that core.
#[test]
fn jobs_run_on_every_core_of_the_program_after_single_short_ones() {
    watched(|| {
        let own = permitted();
        for _ in 0..100 {
            aside::run(async {
                for _ in 0..5 {
                    spawn_blocking(|| ()).await.unwrap();
                }
                // Each of the two jobs waits for the other, so a second worker is started.
                let both = Arc::new(Barrier::new(2));
                let look = |both: Arc<Barrier>| {
                    spawn_blocking(move || {
                        both.wait();
                        (permitted(), thread::spawn(permitted).join().unwrap())
                    })
                };
                let looks = gather((look(Arc::clone(&both)), look(both))).await;
                for (in_job, in_thread) in [looks.0.unwrap(), looks.1.unwrap()] {
                    assert_eq!((&in_job, &in_thread), (&own, &own));
                }
            });
        }
    });
}

/// A worker that must not choose its core may be woken on every core of the program.
#[test]
fn a_worker_that_may_not_choose_its_core_sleeps_on_every_core() {
    watched(|| {
        let own = permitted();
        let runtime = Runtime::builder().choose_cores(false).build();
        runtime.block_on(async {
            for _ in 0..20 {
                let thread = spawn_blocking(|| fs::read_link("/proc/thread-self").unwrap());
                let thread = thread.await.unwrap().display().to_string();
                while !status(&thread, "State:").contains("sleeping") {
                    thread::yield_now();
                }
                assert_eq!(status(&thread, CORES), own);
            }
        });
    });
}
