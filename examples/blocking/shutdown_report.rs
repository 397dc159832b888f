//! The report of a shutdown: the tasks and jobs it has cancelled, and the jobs that still run.
//!
//! A shutdown drops tasks at the awaits where they are suspended, and removes queued jobs. It
//! cannot stop a running job: it waits for the job up to a limit, and then reports it.
//!
//! Run it with `cargo run --example shutdown_report`. It prints the three lists, and then the
//! report by its `Display`.

use std::sync::mpsc;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::{Runtime, named, sleep, spawn_blocking};

fn main() {
    let runtime = Runtime::builder().threads_max(1).build();
    let (release, held) = mpsc::channel::<()>();

    runtime.block_on(async {
        named("heartbeat").spawn(sleep(Duration::from_secs(3600))).detach();
        let begun = spawn_blocking(|| println!("this job ends in time"));
        // This job waits for a message that is not sent before the shutdown has ended.
        named("stubborn").spawn_blocking(move || held.recv()).detach();
        // The pool has one worker, so this job waits in the queue behind the job above.
        named("patient").spawn_blocking(|| println!("never printed")).detach();
        let _ = begun.await;
    });

    println!("shutting down, with a limit of 100 ms");
    let report = runtime.shutdown(Shutdown::WaitAtMost(Duration::from_millis(100)));

    println!("tasks cancelled: {}", names(report.tasks_cancelled.iter()));
    println!("jobs cancelled before they began: {}", names(report.jobs.cancelled.iter()));
    println!("jobs that still run: {}", names(report.jobs.running.iter().map(|job| &job.metadata)));
    println!("the report as it displays itself:\n{report}");
    // The job's thread ends when its message arrives, or with the process.
    drop(release);
}

fn names<'a>(metadata: impl Iterator<Item = &'a aside::Metadata>) -> String {
    metadata.map(|metadata| metadata.name().unwrap_or("unnamed")).collect::<Vec<_>>().join(", ")
}
