//! Async code calls blocking code, which calls async code again.
//!
//! A blocking library takes a callback, and the callback needs the result of async code. The
//! library runs in a job on the pool, and its callback uses
//! [`Handle::block_on`](aside::Handle::block_on): the worker waits while the loop runs the async
//! part.
//!
//! Run it with `cargo run --example async_from_sync`. It prints which step runs on which thread.

use std::thread;
use std::time::Duration;

use aside::{Handle, JoinError, sleep, spawn, spawn_blocking};

fn say(step: &str) {
    println!("on {:<10}  {step}", thread::current().name().unwrap_or("?"));
}

/// A blocking library: it walks through a document, asks for each word, and knows nothing of async.
fn translate_all(document: &[&str], look_up: impl Fn(&str) -> String) -> String {
    document.iter().map(|word| look_up(word)).collect::<Vec<_>>().join(" ")
}

/// An async dictionary, which may be on another machine.
async fn look_up(word: String) -> String {
    say(&format!("async: looks up `{word}`"));
    sleep(Duration::from_millis(20)).await;
    match word.as_str() {
        "guten" => "good".to_owned(),
        "Tag" => "day".to_owned(),
        _ => word,
    }
}

async fn spawn_on_loop(handle: &Handle, word: &str) -> Result<String, JoinError> {
    handle.spawn(look_up(word.to_owned())).await
}

fn main() -> Result<(), JoinError> {
    let text = aside::run(async {
        say("async: the loop");
        let handle = Handle::current();
        let job = spawn_blocking(move || {
            say("sync:  the library runs on the pool");
            translate_all(&["guten", "Tag"], |word| {
                // This future runs on the worker's thread ...
                let found = handle.block_on(async {
                    sleep(Duration::from_millis(5)).await;
                    // ... and can spawn other futures on the loop.
                    spawn_on_loop(&handle, word).await
                });
                found.expect("a look-up does not panic")
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
