//! An asyncio program in Rust, with the most common mistake: an async function that blocks.
//!
//! The function is spawned and gathered like any other. But the loop has one thread, and a blocking
//! call stops every task. The program takes eight seconds, as if nothing were gathered.
//!
//! ```python
//! async def call(name, number):
//!     return slow(name, number)      # blocks the loop: no await, no thread
//!
//! async def main_of(name):
//!     return sum(await asyncio.gather(call(name, 1), call(name, 2)))
//!
//! async def main():
//!     mains = [asyncio.create_task(main_of(name)) for name in ("main 1", "main 2")]
//!     return sum(await asyncio.gather(*mains))
//!
//! asyncio.run(main(), debug=True)    # debug mode logs slow callbacks
//! ```
//!
//! Run it with `cargo run --release --example blocked_loop`. For each task that blocked the loop,
//! the observer `SlowPolls` prints the task, the place where it was spawned, and the time for which
//! it blocked the loop. In the end the program prints `took 8.001 s for 8.000 s of blocking`. The
//! remedy is `spawn_blocking` around each call: see `all_gathered`.

mod program;

use std::time::Duration;

use aside::observe::SlowPolls;
use aside::{JoinError, Runtime, gather, named, try_gather};
use program::slow;

/// The compiler accepts this function without a warning.
async fn call(name: &str, number: u32) -> u32 {
    slow(name, number)
}

async fn main_of(name: &str) -> u32 {
    let (first, second) = gather((call(name, 1), call(name, 2))).await;
    first + second
}

fn main() -> Result<(), JoinError> {
    program::begin("All four calls are gathered, but they block the loop itself.");
    let slow_polls = SlowPolls::with_report(Duration::from_millis(10), |task, held| {
        program::say(&format!("{task} held the loop for {:.3} s", held.as_secs_f64()));
    });
    let runtime = Runtime::builder().observer(slow_polls).build();
    let done = runtime.block_on(async {
        let first = named("main 1").spawn(main_of("main 1"));
        let second = named("main 2").spawn(main_of("main 2"));
        let (first, second) = try_gather((first, second)).await?;
        Ok(first + second)
    })?;
    program::end(done, "calls that block the loop overlap with nothing");
    Ok(())
}
