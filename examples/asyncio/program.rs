//! The parts that the five programs share: the function that blocks, and the lines they print.

use std::env;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The time for which one call blocks, at full scale.
const ONE_CALL: Duration = Duration::from_secs(2);

/// Two calls in each of two mains.
const CALLS: u32 = 4;

/// When the program began, and how much faster than real time it runs.
struct Timing {
    begun: Instant,
    scale: f64,
}

static TIMING: OnceLock<Timing> = OnceLock::new();

/// Starts the clock and prints what the program is about to show.
pub(crate) fn begin(title: &str) {
    println!("{title}");
    let _ = timing();
}

/// Blocks its thread for two seconds, as a database driver, a DNS lookup or any library without an
/// async version does. Returns 1, for one call done.
pub(crate) fn slow(name: &str, call: u32) -> u32 {
    say(&format!("{name}: call {call} starts to block"));
    thread::sleep(ONE_CALL.mul_f64(timing().scale));
    say(&format!("{name}: call {call} is done"));
    1
}

/// Prints the time, the current thread, and this event.
pub(crate) fn say(event: &str) {
    let time = timing().begun.elapsed().as_secs_f64();
    let thread = thread::current();
    let name = thread.name().unwrap_or("unnamed");
    println!("{time:8.3} s  on {name:<12}{event}");
}

/// Prints how long the program took, and the reason.
pub(crate) fn end(calls_done: u32, reason: &str) {
    let took = timing().begun.elapsed().as_secs_f64();
    assert_eq!(calls_done, CALLS, "each of the two mains makes two calls");
    let blocked = (ONE_CALL * CALLS).mul_f64(timing().scale).as_secs_f64();
    println!("took {took:.3} s for {blocked:.3} s of blocking: {reason}");
}

fn timing() -> &'static Timing {
    TIMING.get_or_init(|| Timing { scale: scale(), begun: Instant::now() })
}

/// The number after `--scale`: 1 (the default) is real time, 0.01 a hundredth of it.
fn scale() -> f64 {
    let mut arguments = env::args().skip_while(|argument| argument != "--scale").skip(1);
    let Some(scale) = arguments.next() else { return 1.0 };
    let scale = scale.parse().unwrap_or(f64::NAN);
    assert!((0.0..=1000.0).contains(&scale), "--scale takes a number from 0 to 1000");
    scale
}
