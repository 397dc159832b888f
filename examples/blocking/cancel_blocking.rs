//! Cancelling what blocks. Nothing stops a thread from outside: a job is asked, and looks.
//!
//! 1. A timeout around a long computation, which looks from deep inside, with no token in any
//!    signature.
//! 2. A job that sits in a child process, which a hook kills.
//! 3. A job that does not look: it is abandoned, and the pool says so until it has ended.

// The ban is for aside's own source, whose locks the models are to see.
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
            println!("1. the search ends: {}", found.expect_err("it never finds anything"));
        });
        let found = timeout(Duration::from_millis(20), search.abort_on_drop()).await;
        println!("1. nobody waits for it any more: {}", found.is_err());

        let child = spawn_blocking(|| wait_for_a_child().expect("`sleep` can be started"));
        sleep(Duration::from_millis(20)).await;
        child.abort();
        println!("2. the child: {}", child.await.expect("its result comes"));

        let (release, held) = mpsc::channel::<()>();
        let deaf = named("deaf").spawn_blocking(move || held.recv().is_err());
        sleep(Duration::from_millis(20)).await;
        deaf.abort();
        for job in Handle::current().pool().running() {
            println!("3. still runs: {}", job.metadata);
            assert!(job.is_abandoned);
        }
        drop(release);
        println!("3. it ended by itself: {}", deaf.await.expect("its result comes"));
    });
}

fn search_for_ever() -> Result<u64, Cancelled> {
    let mut steps: u64 = 0;
    loop {
        steps = steps.wrapping_add(1);
        // A look costs a few nanoseconds, so not every step needs one.
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
    let token = CancelToken::current().expect("this is a job");
    let _hook = token.on_cancel(move || drop(victim.lock().map(|mut child| child.kill())));
    // The end of its output is the end of the child; it is not locked while this waits for it.
    if let Some(mut output) = output {
        std::io::copy(&mut output, &mut std::io::sink())?;
    }
    child.lock().expect("nobody panics").wait()
}
