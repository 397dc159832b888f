//! A race, the first success, and timeouts.
//!
//! The losers of a race are dropped at the await where they are suspended. A running job on the
//! pool cannot be dropped: a timeout ends only the waiting, and the job continues.
//!
//! Run it with `cargo run --example race_and_timeout`. It prints the winner of each group, and a
//! line for each future that is dropped.

use std::thread;
use std::time::Duration;

use aside::{first_ok, race, sleep, spawn_blocking, timeout};

/// Prints its name when it is dropped.
struct PrintOnDrop(&'static str);

impl Drop for PrintOnDrop {
    fn drop(&mut self) {
        println!("    {} is dropped", self.0);
    }
}

async fn runner(name: &'static str, milliseconds: u64) -> &'static str {
    let _guard = PrintOnDrop(name);
    sleep(Duration::from_millis(milliseconds)).await;
    name
}

async fn mirror<T>(milliseconds: u64, answer: T) -> T {
    sleep(Duration::from_millis(milliseconds)).await;
    answer
}

fn main() {
    aside::run(async {
        println!("a race: the first future to finish wins, and the others are dropped");
        let winner = race((runner("the hare", 200), runner("the tortoise", 20))).await;
        println!("  {winner} wins");

        println!("the first success: an error ends one future, and the others continue");
        let (near, far) = (Err("near is down"), Err("far is down"));
        let found = first_ok([mirror(5, near), mirror(20, Ok("far"))]).await;
        println!("  {found:?}");
        let none: Result<&str, _> = first_ok([mirror(20, near), mirror(5, far)]).await;
        println!("  {none:?}");

        println!("a timeout: the future is dropped when the time has passed");
        let late = timeout(Duration::from_millis(20), runner("the snail", 60_000)).await;
        println!("  {late:?}");

        println!("a timeout of a job: the waiting ends, the job does not");
        let mut job = spawn_blocking(|| {
            thread::sleep(Duration::from_millis(60));
            "the job's result"
        });
        let early = timeout(Duration::from_millis(20), &mut job).await;
        println!("  {early:?}, and the handle is still valid");
        println!("  {:?}, when it is awaited again", job.await);
    });
}
