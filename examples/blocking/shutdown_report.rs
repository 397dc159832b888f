//! What a shutdown reports: the tasks and jobs it cancelled, and the jobs that still run.
//!
//! A task can be dropped at any of its awaits, and a job that has not begun can be taken back. A
//! job that runs cannot be stopped from outside: one waits for it, or leaves it and knows its name.

use std::sync::mpsc;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::{Runtime, named, sleep, spawn_blocking};

fn main() {
    let runtime = Runtime::builder().threads_max(1).build();
    let (release, held) = mpsc::channel::<()>();

    runtime.block_on(async {
        named("heartbeat").spawn(sleep(Duration::from_secs(3600))).detach();
        let begun = spawn_blocking(|| println!("a job that ends in time"));
        // It waits for something that will not come while we look.
        named("stubborn").spawn_blocking(move || held.recv()).detach();
        // There is one worker, so this one waits in the queue behind it.
        named("patient").spawn_blocking(|| println!("never printed")).detach();
        let _ = begun.await;
    });

    println!("shutting down, and waiting for 100 ms at most");
    let report = runtime.shutdown(Shutdown::WaitAtMost(Duration::from_millis(100)));

    println!("tasks cancelled: {}", names(report.tasks_cancelled.iter()));
    println!("jobs cancelled before they began: {}", names(report.jobs.cancelled.iter()));
    println!("jobs that still run: {}", names(report.jobs.running.iter().map(|job| &job.metadata)));
    println!("the same, as it is displayed:\n{report}");
    // The straggler's thread is its own: it ends when what it waits for comes.
    drop(release);
}

fn names<'a>(metadata: impl Iterator<Item = &'a aside::Metadata>) -> String {
    metadata
        .map(|metadata| metadata.name().unwrap_or("without a name"))
        .collect::<Vec<_>>()
        .join(", ")
}
