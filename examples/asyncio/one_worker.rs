//! An asyncio program in Rust: four calls on a pool of one thread.
//!
//! The calls wait in the pool's queue, run in the order in which they were submitted, and take
//! eight seconds. The loop stays free for other tasks. Such a pool is right if the service behind
//! the calls can serve only one call at a time.
//!
//! ```python
//! async def main_of(name, pool):
//!     loop = asyncio.get_running_loop()
//!     calls = [loop.run_in_executor(pool, slow, name, call) for call in (1, 2)]
//!     return sum(await asyncio.gather(*calls))
//!
//! async def main():
//!     with ThreadPoolExecutor(max_workers=1) as pool:
//!         mains = main_of("main 1", pool), main_of("main 2", pool)
//!         return sum(await asyncio.gather(*mains))
//!
//! asyncio.run(main())
//! ```
//!
//! Run it with `cargo run --release --example one_worker`. It prints each call with its time and
//! its thread, and in the end `took 8.001 s for 8.000 s of blocking`.

mod program;

use aside::blocking::Pool;
use aside::{JoinError, run_in_executor, try_gather};
use program::slow;

async fn main_of(name: &'static str, pool: &Pool) -> Result<u32, JoinError> {
    let calls = [1, 2].map(|call| run_in_executor(pool, move || slow(name, call)));
    let done = try_gather(calls).await?;
    Ok(done.iter().sum())
}

fn main() -> Result<(), JoinError> {
    program::begin("All four calls are on the pool at once, but the pool has one thread.");
    let pool = Pool::builder().threads_max(1).thread_name("only").build();
    let done = aside::run(async {
        program::say("this is the thread of the event loop, and it never blocks");
        let mains = (main_of("main 1", &pool), main_of("main 2", &pool));
        let (first, second) = try_gather(mains).await?;
        Ok(first + second)
    })?;
    program::end(done, "one worker runs the four calls one after the other");
    Ok(())
}
