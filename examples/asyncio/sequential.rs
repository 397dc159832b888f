//! An asyncio program in Rust: blocking calls inside `async` functions overlap with nothing.
//!
//! A function blocks for two seconds. The function `main_of` calls it twice, and the program runs
//! `main_of` twice, so the program takes eight seconds.
//!
//! ```python
//! def slow(name, call):          # blocks for two seconds
//!     time.sleep(2)
//!     return 1
//!
//! async def main_of(name):
//!     return slow(name, 1) + slow(name, 2)
//!
//! async def main():
//!     return await main_of("main 1") + await main_of("main 2")
//!
//! asyncio.run(main())
//! ```
//!
//! Run it with `cargo run --release --example sequential`. It prints each call with its time and
//! its thread, and in the end `took 8.001 s for 8.000 s of blocking`. With `-- --scale 0.01` the
//! program is 100 times faster.
//!
//! Read the example `gathered` next.

mod program;

use program::slow;

/// This function is `async` in name only: it has no await, so no other task can run while it
/// blocks.
async fn main_of(name: &str) -> u32 {
    slow(name, 1) + slow(name, 2)
}

fn main() {
    program::begin("Every call blocks the loop, one main after the other.");
    let done = aside::run(async {
        program::say("this is the thread of the event loop");
        main_of("main 1").await + main_of("main 2").await
    });
    program::end(done, "one thread does one thing after the other");
}
