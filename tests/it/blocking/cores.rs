use std::sync::{Arc, Barrier};
use std::thread;

use aside::{gather, spawn_blocking};

use crate::support::watchdog::watched;

/// The cores on which this thread may run, in the words of Linux.
fn permitted() -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("Cpus_allowed_list:"));
    line.expect("Linux lists the cores of a thread").to_owned()
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
