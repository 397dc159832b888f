//! `#[aside::main]` and `#[aside::test]`, with their documentation.

/// Makes an async function the main function of a program.
///
/// The function is run as by [`run`]: on a new [`Runtime`], which is shut down afterwards and waits
/// for accepted blocking jobs. The function may return whatever `main` may return.
///
/// ```
/// #[aside::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let manifest = aside::spawn_blocking(|| std::fs::read_to_string("Cargo.toml")).await??;
///     println!("{} lines", manifest.lines().count());
///     Ok(())
/// }
/// ```
///
/// # Options
/// Options are separated by commas. Most of them are the setters of the same name of [`Builder`]:
///
/// | option | meaning |
/// |---|---|
/// | `threads_max = N` | [the maximum number of threads](crate::Builder::threads_max) of the pool |
/// | `keep_alive = DURATION` | [how long an idle thread is kept](crate::Builder::keep_alive) |
/// | `thread_name = NAME` | [the name of the pool's threads](crate::Builder::thread_name) |
/// | `stack_size = BYTES` | [the stack size of the pool's threads](crate::Builder::stack_size) |
/// | `slow_shutdown_notice = OPTION` | [when running jobs are named][notice] |
/// | `turn_bound = N` | [the maximum number of polls in one turn](crate::Builder::turn_bound) |
/// | `observer = OBSERVER` | [an observer of the loop](crate::Builder::observer) |
/// | `seed = N` | [a seed for the order of polls](crate::Builder::seed) |
/// | `virtual_time` | a [virtual clock] instead of the system's |
/// | `crate = PATH` | the path of this crate, if it is not `::aside` |
///
/// A value is any expression.
///
/// ```
/// use std::time::Duration;
///
/// #[aside::main(threads_max = 4, keep_alive = Duration::from_secs(1))]
/// async fn main() {
///     assert_eq!(aside::spawn_blocking(|| 6 * 7).await.unwrap(), 42);
/// }
/// ```
///
/// A crate that renames aside, or exports it again, names the path:
///
/// ```
/// mod runtime {
///     pub use aside::*;
/// }
///
/// #[runtime::main(crate = crate::runtime)]
/// async fn main() {}
/// ```
///
/// # Blocking
/// The function that replaces the async one blocks its thread. It need not be called `main`.
///
/// # Errors
/// The compiler reports a function that is not async, or has arguments or generic parameters, and
/// an option that is unknown, set twice, or without its value.
///
/// [`run`]: crate::run
/// [`Builder`]: crate::Builder
/// [`Runtime`]: crate::Runtime
/// [notice]: crate::Builder::slow_shutdown_notice
/// [virtual clock]: crate::time::Clock::virtual_time
pub use aside_macros::main;

/// Makes an async function a test.
///
/// The test is run as by [`run`], on a runtime of its own. Other attributes, such as
/// `#[should_panic]`, work as on any test, and so does a `Result` as the return type.
///
/// ```
/// #[aside::test]
/// async fn a_job_returns_its_result() {
///     let job = aside::spawn_blocking(|| 6 * 7);
///     assert_eq!(job.await.unwrap(), 42);
/// }
/// # fn main() {}
/// ```
///
/// # Options
/// The options are those of [`main`], and one more:
///
/// | option | meaning |
/// |---|---|
/// | `seeds = N` | runs the test with each of the seeds 0 to N − 1, every time on a new runtime |
///
/// With a [virtual clock], a test that waits for hours takes no time. With a [seed], the tasks of
/// each turn are polled in an order that depends on the seed alone. `seeds` therefore tries many
/// orders, and finds tests that depend on one of them:
///
/// ```
/// use std::time::Duration;
///
/// #[aside::test(virtual_time, seeds = 100)]
/// async fn the_earlier_deadline_comes_first() {
///     let early = aside::spawn(aside::sleep(Duration::from_secs(3600)));
///     let late = aside::spawn(aside::sleep(Duration::from_secs(7200)));
///     early.await.unwrap();
///     assert!(!late.is_finished());
/// }
/// # fn main() {}
/// ```
///
/// A failure names its seed on stderr:
///
/// ```text
/// the test failed with the seed 17; ASIDE_SEED=17 runs this seed alone
/// ```
///
/// `ASIDE_SEED=17 cargo test NAME` then repeats that run, and no other; only tests with `seeds`
/// read the variable. A test with `seeds` that returns a value other than `()` returns an
/// [`ExitCode`](std::process::ExitCode) in its stead.
///
/// # Errors
/// The compiler reports what it reports for [`main`], and a second test attribute.
///
/// [`run`]: crate::run
/// [`main`]: macro@crate::main
/// [virtual clock]: crate::time::Clock::virtual_time
/// [seed]: crate::Builder::seed
pub use aside_macros::test;
