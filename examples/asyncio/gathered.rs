//! An asyncio program in Rust: the calls run on the thread pool, two at a time.
//!
//! The function `main_of` runs twice, concurrently. Within it the second call still follows the
//! first call, so the program takes four seconds.
//!
//! ```python
//! async def main_of(name):
//!     first = await asyncio.to_thread(slow, name, 1)
//!     second = await asyncio.to_thread(slow, name, 2)
//!     return first + second
//!
//! async def main():
//!     first, second = await asyncio.gather(main_of("main 1"), main_of("main 2"))
//!     return first + second
//!
//! asyncio.run(main())
//! ```
//!
//! Run it with `cargo run --release --example gathered`. It prints each call with its time and its
//! thread, and in the end `took 4.001 s for 8.000 s of blocking`.
//!
//! Read `sequential` before this example, and `all_gathered` after it.

mod program;

use aside::{JoinError, spawn_blocking, try_gather};
use program::slow;

/// While a call blocks a worker of the pool, this function is suspended and the loop is free.
async fn main_of(name: &'static str) -> Result<u32, JoinError> {
    let first = spawn_blocking(move || slow(name, 1)).await?;
    let second = spawn_blocking(move || slow(name, 2)).await?;
    Ok(first + second)
}

fn main() -> Result<(), JoinError> {
    program::begin("Every call runs on the pool, and the two mains are gathered.");
    let done = aside::run(async {
        program::say("this is the thread of the event loop, and it never blocks");
        let (first, second) = try_gather((main_of("main 1"), main_of("main 2"))).await?;
        Ok(first + second)
    })?;
    program::end(done, "the mains overlap, the two calls of each main do not");
    Ok(())
}
