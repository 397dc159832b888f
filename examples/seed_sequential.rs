//! The seed program, plain: a function that blocks for two seconds is called twice by a main, and
//! the main is run twice. Nothing overlaps, so it takes eight seconds.
//!
//! Read next: `seed_gather`.

mod seed;

use seed::slow;

/// An async function only by name: it never lets anybody else run.
async fn main_of(who: &str) -> u32 {
    slow(who, 1) + slow(who, 2)
}

fn main() {
    seed::begin("Every call is made in place, one main after the other.");
    let done = aside::run(async {
        seed::say("the loop turns here, and blocks here too");
        main_of("main 1").await + main_of("main 2").await
    });
    seed::end(done, "one thread, and one thing after the other");
}
