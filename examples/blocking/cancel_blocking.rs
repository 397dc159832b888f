//! Cancelling blocking jobs. No thread can be stopped from outside: a job must check for
//! cancellation.
//!
//! 1. A timeout cancels a long computation. The computation checks for cancellation in its
//!    innermost loop, without a token in any signature.
//! 2. A job waits for a child process. A cancellation hook kills the child.
//! 3. A job never checks for cancellation. It is abandoned, and the pool lists it until it ends by
//!    itself.
//!
//! Run it with `cargo run --example cancel_blocking`. It prints how each of the three jobs ends.

// Only aside's own source must use the sync facade. An example may use the types of std.
#![allow(clippy::disallowed_types)]

use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use aside::blocking::{CancelToken, Cancelled, check_cancelled};
use aside::{Handle, named, sleep, spawn_blocking, timeout};

fn main() {
    aside::run(async {
        let search = spawn_blocking(|| {
            let found = search_for_ever();
            println!("1. the search ends: {}", found.expect_err("the search never succeeds"));
        });
        let found = timeout(Duration::from_millis(20), search.abort_on_drop()).await;
        println!("1. its caller has stopped waiting: {}", found.is_err());

        let child = spawn_blocking(|| wait_for_a_child().expect("`sleep` can be started"));
        sleep(Duration::from_millis(20)).await;
        child.abort();
        println!(
            "2. the child: {}",
            child.await.expect("a job returns its result although it is cancelled")
        );

        let (release, held) = mpsc::channel::<()>();
        let unaware = named("unaware").spawn_blocking(move || held.recv().is_err());
        sleep(Duration::from_millis(20)).await;
        unaware.abort();
        for job in Handle::current().pool().running() {
            println!("3. still running: {}", job.metadata);
            assert!(job.is_abandoned);
        }
        drop(release);
        println!(
            "3. it has ended by itself: {}",
            unaware.await.expect("a job returns its result although it is cancelled")
        );
    });
}

fn search_for_ever() -> Result<u64, Cancelled> {
    let mut steps: u64 = 0;
    loop {
        steps = steps.wrapping_add(1);
        // A check costs a few nanoseconds, so the job checks once in 1024 steps.
        if steps.is_multiple_of(1024) {
            check_cancelled()?;
        }
    }
}

fn wait_for_a_child() -> std::io::Result<ExitStatus> {
    let mut child = Command::new("sleep").arg("3600").stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take();
    let child = Arc::new(Mutex::new(child));
    let victim = Arc::clone(&child);
    let token = CancelToken::current().expect("this code runs in a job");
    let _hook = token.on_cancel(move || drop(victim.lock().map(|mut child| child.kill())));
    // The output ends when the child ends. The lock is free during this read, so that the hook can
    // take it.
    if let Some(mut output) = output {
        std::io::copy(&mut output, &mut std::io::sink())?;
    }
    child.lock().expect("no holder of the lock panics").wait()
}
