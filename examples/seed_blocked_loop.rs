//! The mistake: an async function that simply blocks. It is spawned and gathered like any other,
//! but the loop has one thread, and whoever blocks it blocks everybody: eight seconds, as if
//! nothing had been gathered. `SlowPolls` says who it was.
//!
//! The cure is one word for each call, `spawn_blocking`: see `seed_all`.

mod seed;

use std::time::Duration;

use aside::observe::SlowPolls;
use aside::{JoinError, Runtime, named, try_gather};
use seed::slow;

/// It looks innocent, and the compiler has nothing to say against it.
async fn call(who: &str, call: u32) -> u32 {
    slow(who, call)
}

async fn main_of(who: &str) -> u32 {
    let (first, second) = aside::gather((call(who, 1), call(who, 2))).await;
    first + second
}

fn main() -> Result<(), JoinError> {
    seed::begin("All four calls are gathered, but they block the loop itself.");
    let watch = SlowPolls::with_report(Duration::from_millis(10), |task, held| {
        seed::say(&format!("{task} held the loop for {:.3} s", held.as_secs_f64()));
    });
    let runtime = Runtime::builder().observer(watch).build();
    let done = runtime.block_on(async {
        let first = named("main 1").spawn(main_of("main 1"));
        let second = named("main 2").spawn(main_of("main 2"));
        let (first, second) = try_gather((first, second)).await?;
        Ok(first + second)
    })?;
    seed::end(done, "what blocks the loop overlaps with nothing");
    Ok(())
}
