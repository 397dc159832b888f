//! A trace of a program: who woke which task, when each job ran, and when the loop slept.
//!
//! Two lines record the runtime and save the trace. Run it with `cargo run --features record
//! --example record -- trace.svg`, and open the file in a browser. Without an argument the file is
//! written to the system's folder for temporary files.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use aside::observe::Trace;
use aside::{JoinError, Runtime, named, sleep};

/// Fetches a page in a job, then works on it in the loop.
async fn fetch(page: u64) -> Result<u64, JoinError> {
    let fetched = named(format!("fetch {page}")).spawn_blocking(move || {
        thread::sleep(Duration::from_millis(5 * page));
        page * 100
    });
    let length = fetched.await?;
    sleep(Duration::from_millis(2)).await;
    Ok(length)
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args_os().nth(1).map(PathBuf::from);
    let file = file.unwrap_or_else(|| env::temp_dir().join("aside-trace.svg"));

    let trace = Trace::new();
    let runtime = Runtime::builder().record(&trace).build();
    let total = runtime.block_on(async {
        let pages = [1, 2, 3].map(|page| named(format!("page {page}")).spawn(fetch(page)));
        let mut total = 0;
        for page in pages {
            total += page.await??;
        }
        Ok::<_, JoinError>(total)
    })?;
    drop(runtime);
    trace.save(&file)?;

    println!("{total} bytes were fetched");
    if trace.recording().is_whole() {
        println!("all events are in {}", file.display());
    }
    Ok(())
}
