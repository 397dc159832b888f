//! An asyncio program in Rust, without its usual mistakes: all four calls run at the same time.
//!
//! The function `main_of` gathers its two calls, and the program gathers two runs of `main_of`.
//! Every call blocks a thread of its own, so the program takes two seconds.
//!
//! ```python
//! async def main_of(name):
//!     calls = [asyncio.to_thread(slow, name, call) for call in (1, 2)]
//!     return sum(await asyncio.gather(*calls))
//!
//! async def main():
//!     first, second = await asyncio.gather(main_of("main 1"), main_of("main 2"))
//!     return first + second
//!
//! asyncio.run(main())
//! ```
//!
//! Run it with `cargo run --release --example all_gathered`. It prints each call with its time and
//! its thread, and in the end `took 2.004 s for 8.000 s of blocking`.
//!
//! Read the example `gathered` first. In `blocked_loop` and `one_worker` the same calls run one
//! after the other.

mod program;

use aside::{JoinError, spawn_blocking, try_gather};
use program::slow;

async fn main_of(name: &'static str) -> Result<u32, JoinError> {
    let calls = [1, 2].map(|call| spawn_blocking(move || slow(name, call)));
    let done = try_gather(calls).await?;
    Ok(done.iter().sum())
}

fn main() -> Result<(), JoinError> {
    program::begin("All four calls run on the pool at once.");
    let done = aside::run(async {
        program::say("this is the thread of the event loop, and it never blocks");
        let (first, second) = try_gather((main_of("main 1"), main_of("main 2"))).await?;
        Ok(first + second)
    })?;
    program::end(done, "everything overlaps, with one worker for each call");
    Ok(())
}
