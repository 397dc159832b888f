//! Async code calls blocking code, which calls async code again.
//!
//! A library that blocks is given a callback, and what the callback needs is async: a job on the
//! pool, and within it [`Handle::block_on`](aside::Handle::block_on). The worker sleeps while the
//! loop does the async part.

use std::thread;
use std::time::Duration;

use aside::{Handle, JoinError, sleep, spawn, spawn_blocking};

fn say(what: &str) {
    println!("on {:<10}  {what}", thread::current().name().unwrap_or("?"));
}

/// Somebody else's library: it walks through a document and asks for each word, and knows nothing
/// of async.
fn translate_all(document: &[&str], look_up: impl Fn(&str) -> String) -> String {
    document.iter().map(|word| look_up(word)).collect::<Vec<_>>().join(" ")
}

/// Our dictionary, which is async: it may be far away.
async fn look_up(word: String) -> String {
    say(&format!("async: somebody asks for `{word}`"));
    sleep(Duration::from_millis(20)).await;
    match word.as_str() {
        "guten" => "good".to_owned(),
        "Tag" => "day".to_owned(),
        _ => word,
    }
}

fn main() -> Result<(), JoinError> {
    let text = aside::run(async {
        say("async: the loop");
        let handle = Handle::current();
        let job = spawn_blocking(move || {
            say("sync:  the library works on the pool");
            translate_all(&["guten", "Tag"], |word| {
                // A future that runs right here, while this thread waits for it ...
                let waited = handle.block_on(async {
                    sleep(Duration::from_millis(5)).await;
                    // ... and may send others home, to the loop.
                    spawn_on_loop(&handle, word).await
                });
                waited.expect("a look-up does not panic")
            })
        });
        let ticker = spawn(async {
            for tick in 1..=3 {
                sleep(Duration::from_millis(10)).await;
                say(&format!("async: the loop is free, tick {tick}"));
            }
        });
        ticker.await?;
        job.await
    })?;
    println!("the result: {text}");
    Ok(())
}

async fn spawn_on_loop(handle: &Handle, word: &str) -> Result<String, JoinError> {
    handle.spawn(look_up(word.to_owned())).await
}
