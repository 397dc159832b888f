//! The seed program, with the pool: every call is awaited on a thread aside, and the two mains are
//! gathered. Within a main one call still follows the other, so it takes four seconds.
//!
//! Read before: `seed_sequential`. Read next: `seed_all`.

mod seed;

use aside::{JoinError, spawn_blocking, try_gather};
use seed::slow;

/// While a call blocks a worker of the pool, this function is suspended and the loop is free.
async fn main_of(who: &'static str) -> Result<u32, JoinError> {
    let first = spawn_blocking(move || slow(who, 1)).await?;
    let second = spawn_blocking(move || slow(who, 2)).await?;
    Ok(first + second)
}

fn main() -> Result<(), JoinError> {
    seed::begin("Every call is awaited on the pool, and the two mains are gathered.");
    let done = aside::run(async {
        seed::say("the loop turns here, and never blocks");
        let (first, second) = try_gather((main_of("main 1"), main_of("main 2"))).await?;
        Ok(first + second)
    })?;
    seed::end(done, "the mains overlap, the two calls of each do not");
    Ok(())
}
