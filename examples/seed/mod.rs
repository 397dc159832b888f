//! What the seed programs share: the function that blocks, and the lines that tell who runs when.

use std::env;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long one call blocks, in real time.
const ONE_CALL: Duration = Duration::from_secs(2);

/// Two calls in each of two mains.
const CALLS: u32 = 4;

struct Story {
    begun: Instant,
    scale: f64,
}

static STORY: OnceLock<Story> = OnceLock::new();

/// Starts the clock, and says what the program is about to show.
pub(crate) fn begin(title: &str) {
    println!("{title}");
    let _ = story();
}

/// The function that blocks: a database driver, a look-up in the DNS, a library without an async
/// version. Its thread can do nothing else meanwhile. Says 1, for one call done.
pub(crate) fn slow(who: &str, call: u32) -> u32 {
    say(&format!("{who}: call {call} begins to block"));
    thread::sleep(ONE_CALL.mul_f64(story().scale));
    say(&format!("{who}: call {call} is done"));
    1
}

/// One line: the time, the thread, and what happens there.
pub(crate) fn say(what: &str) {
    let time = story().begun.elapsed().as_secs_f64();
    let thread = thread::current();
    let name = thread.name().unwrap_or("a thread without a name");
    println!("{time:8.3} s  on {name:<12}{what}");
}

/// The line that counts, and why it is so.
pub(crate) fn end(calls_done: u32, moral: &str) {
    let took = story().begun.elapsed().as_secs_f64();
    assert_eq!(calls_done, CALLS, "each of the two mains calls twice");
    let blocked = (ONE_CALL * CALLS).mul_f64(story().scale).as_secs_f64();
    println!("took {took:.3} s for {blocked:.3} s of blocking: {moral}");
}

fn story() -> &'static Story {
    STORY.get_or_init(|| Story { scale: scale(), begun: Instant::now() })
}

/// What is said by `--scale`: 1 is real time, 0.01 a hundredth of it.
fn scale() -> f64 {
    let mut arguments = env::args().skip_while(|argument| argument != "--scale").skip(1);
    let Some(scale) = arguments.next() else { return 1.0 };
    let scale = scale.parse().unwrap_or(f64::NAN);
    assert!((0.0..=1000.0).contains(&scale), "--scale takes a number from 0 to 1000");
    scale
}
