//! The blocking executor of the [aside](https://docs.rs/aside) runtime: a pool of threads that run
//! closures which block.
//!
//! The problem: a call that blocks must not run on an event loop, so it runs on another thread.
//! Most pools end up with one thread per call. With one thread per call, most of the cost of a
//! burst of 100,000 short calls is the contention of the threads. With too few threads, however,
//! calls that wait for each other deadlock.
//!
//! The idea: observe whether the queue moves. As many jobs as there are cores get a thread at once.
//! Beyond that number, one worker becomes the monitor, which runs no jobs. If no job finishes for
//! 100 µs, or jobs run for longer than that, they must be blocked, so the monitor adds threads: as
//! many as there are cores, then twice as many each time. It stops when more threads make the jobs
//! run longer, because the jobs then compute.
//!
//! ```
//! use aside::blocking::{Pool, Shutdown};
//!
//! let pool = Pool::new();
//! let size = aside::run(async {
//!     let job = pool.submit(|| std::fs::metadata("Cargo.toml").map(|file| file.len()));
//!     job.expect("a thread can be started").await
//! });
//! assert!(size.unwrap().unwrap() > 0);
//! println!("{}", pool.shutdown(Shutdown::Wait));
//! ```
//!
//! A submitted closure has exactly one of three ends: it is handed back, cancelled before it
//! begins, or run. A blocking call takes five steps:
//!
//! 1. *submit*: [`Lane::submit`] (`pool/lane`) makes the job, one allocation that contains the
//!    closure and the completion cell (`job/closure`);
//! 2. *enqueue*: the pool's state (`pool/shared`) puts the job into its lane (`queue/job_queue`),
//!    and asks the `worker/policy` whether to wake a worker, start a thread, or do nothing;
//! 3. *worker*: a thread (`worker/lifecycle`) takes the next job, waits for one, or retires;
//! 4. the worker runs the closure, catches a panic, and completes the cell;
//! 5. the cell wakes the awaiting task, which reads the result through its
//!    [`JoinHandle`](runtime_core::join::JoinHandle).
//!
//! Everything else is off this path: lanes' limits and backpressure (`queue`), cancellation
//! (`job/cancel`), deadlock detection (`deadlock`), statistics and [shutdown](Pool::shutdown)
//! (`pool`), and [`PinnedState`], a state that lives on one thread and receives calls. A pinned
//! state shares nothing with the pool but the completion cell.
//!
//! The pool's threads leave signals to the program that contains the pool
//! ([`PoolBuilder::inherit_signals`]).
//!
//! Limits: a running job cannot be stopped from outside, only requested to stop
//! ([`check_cancelled`]). Closures must be `'static`: no safe interface can lend borrowed data to
//! another thread from async code.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod deadlock;
mod job;
mod pinned;
mod pool;
mod queue;
mod worker;

#[doc(hidden)]
pub use pinned::PendingClose;
pub use pinned::{PinnedCallError, PinnedState, PinnedStateBuilder};

pub use deadlock::deadlock_error::Deadlock;
pub use job::cancel::{CancelHook, CancelToken, Cancelled, check_cancelled, is_cancelled, job_id};
pub use pool::builder::PoolBuilder;
pub use pool::handle::Pool;
pub use pool::lane::Lane;
pub use pool::lane_builder::LaneBuilder;
pub use pool::report::PoolReport;
pub use pool::shutdown::Shutdown;
pub use pool::stats::{LaneStats, RunningJob, Stats};
pub use pool::submit_error::SubmitError;
#[doc(hidden)]
pub use worker::signal_mask::ThreadBody;

pub use queue::lane_config::Priority;

/// Calls `start`, which starts a child process, with the signals blocked that the host's threads
/// block. On a thread of this crate more signals are blocked, and a child inherits the mask.
#[doc(hidden)]
pub fn with_host_signals<T>(start: impl FnOnce() -> T) -> T {
    worker::signal_mask::with_host_signals(start)
}

/// Starts a thread that runs no jobs. It leaves to the host's threads the signals that a pool's
/// threads leave to them.
#[doc(hidden)]
pub fn start_helper(
    name: String,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<runtime_core::sync::thread::JoinHandle<()>> {
    let masked = worker::signal_mask::Masked::new(worker::signal_mask::SignalMask::HostSignals);
    runtime_core::sync::thread::spawn(name, None, masked.wrap(Box::new(body)))
}

/// Wraps the body of a thread that a thread of this crate starts, and that inherits its mask, so
/// that [`with_host_signals`] has its effect there, too.
#[doc(hidden)]
pub fn carry_host_signals(body: impl FnOnce() + Send + 'static) -> impl FnOnce() + Send + 'static {
    worker::signal_mask::carry(body)
}
