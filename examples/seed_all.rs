//! The seed program, as it should be: each main gathers its two calls, and the two mains are
//! gathered. All four block at the same time, each on a thread of its own: two seconds.
//!
//! Read before: `seed_gather`. The two ways to get it wrong are `seed_blocked_loop` and
//! `seed_one_worker`.

mod seed;

use aside::{JoinError, spawn_blocking, try_gather};
use seed::slow;

async fn main_of(who: &'static str) -> Result<u32, JoinError> {
    let calls = [1, 2].map(|call| spawn_blocking(move || slow(who, call)));
    let done = try_gather(calls).await?;
    Ok(done.iter().sum())
}

fn main() -> Result<(), JoinError> {
    seed::begin("All four calls are on the pool at once.");
    let done = aside::run(async {
        seed::say("the loop turns here, and never blocks");
        let (first, second) = try_gather((main_of("main 1"), main_of("main 2"))).await?;
        Ok(first + second)
    })?;
    seed::end(done, "everything overlaps, on one worker for each call");
    Ok(())
}
