//! All four calls are gathered, on a pool of one thread: they queue up before it, in the order in
//! which they were submitted, and it takes eight seconds. But the loop is free all the while.
//!
//! It is no mistake if the thing behind the calls can serve only one at a time.

mod seed;

use aside::blocking::Pool;
use aside::{JoinError, run_in_executor, try_gather};
use seed::slow;

async fn main_of(who: &'static str, pool: &Pool) -> Result<u32, JoinError> {
    let calls = [1, 2].map(|call| run_in_executor(pool, move || slow(who, call)));
    let done = try_gather(calls).await?;
    Ok(done.iter().sum())
}

fn main() -> Result<(), JoinError> {
    seed::begin("All four calls are on the pool at once, but the pool has one thread.");
    let pool = Pool::builder().threads_max(1).thread_name("only").build();
    let done = aside::run(async {
        seed::say("the loop turns here, and never blocks");
        let mains = (main_of("main 1", &pool), main_of("main 2", &pool));
        let (first, second) = try_gather(mains).await?;
        Ok(first + second)
    })?;
    seed::end(done, "four calls, one worker, one after the other");
    Ok(())
}
