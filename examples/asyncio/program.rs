//! The parts that the five programs share: the function that blocks, and the lines they print.

use std::env;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The time for which one call blocks, at scale 1.
const ONE_CALL: Duration = Duration::from_secs(2);

/// The number of calls: `main_of` runs twice, and makes two calls each time.
const CALLS: u32 = 4;

/// The time at which the program began, and the factor by which its times are multiplied.
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
/// async version does. Returns 1, to count one call.
pub(crate) fn slow(name: &str, call: u32) -> u32 {
    say(&format!("{name}: call {call} starts to block"));
    thread::sleep(ONE_CALL.mul_f64(timing().scale));
    say(&format!("{name}: call {call} is done"));
    1
}

/// Prints the time, the current thread, and the event.
pub(crate) fn say(event: &str) {
    let time = timing().begun.elapsed().as_secs_f64();
    let thread = thread::current();
    let name = thread.name().unwrap_or("unnamed");
    println!("{time:8.3} s  on {name:<12}{event}");
}

/// Prints how long the program took, and why.
pub(crate) fn end(calls_done: u32, reason: &str) {
    let took = timing().begun.elapsed().as_secs_f64();
    assert_eq!(calls_done, CALLS, "each of the two mains makes two calls");
    let blocked = (ONE_CALL * CALLS).mul_f64(timing().scale).as_secs_f64();
    println!("took {took:.3} s for {blocked:.3} s of blocking: {reason}");
}

fn timing() -> &'static Timing {
    TIMING.get_or_init(|| Timing { scale: scale(), begun: Instant::now() })
}

/// Returns the number after `--scale`: 1 (the default) is real time, and 0.01 is a hundredth of
/// real time.
fn scale() -> f64 {
    let mut arguments = env::args().skip_while(|argument| argument != "--scale").skip(1);
    let Some(scale) = arguments.next() else { return 1.0 };
    let scale = scale.parse().unwrap_or(f64::NAN);
    assert!((0.0..=1000.0).contains(&scale), "--scale takes a number from 0 to 1000");
    scale
}
