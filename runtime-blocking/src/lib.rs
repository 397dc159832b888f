//! The blocking executor of the [aside](https://docs.rs/aside) runtime: a pool of threads that run
//! closures which block.
//!
//! The problem: a call that blocks must not run on an event loop, so it goes to a thread aside. One
//! thread for each call is what most pools come to; then a burst of 100,000 short calls costs more
//! in threads that fight each other than in calls. Too few threads, and calls that wait for each
//! other wait for ever.
//!
//! The idea: look whether the queue moves. As many jobs as there are cores get a thread at once.
//! Past that one worker, the lookout, watches; only when no job has ended for a while, so that
//! those that run evidently block, the crew grows, by twice as many each time.
//!
//! ```
//! use runtime_blocking::{Pool, Shutdown};
//!
//! let pool = Pool::new();
//! let size = pool.submit(|| std::fs::metadata("Cargo.toml").map(|file| file.len()))?;
//! // `size` is a future; here nobody awaits it.
//! size.detach();
//! println!("{}", pool.shutdown(Shutdown::Wait));
//! # Ok::<(), runtime_blocking::SubmitError<_>>(())
//! ```
//!
//! A submitted closure comes to exactly one end: it is handed back, or cancelled before it began,
//! or run. In reading order, following one job from its submit to its result:
//!
//! 1. [`Lane::submit`] (`lane`; a `pool`, configured by `builder`, has a main one) makes its two
//!    allocations, of which `job` tells;
//! 2. `policy`, a pure value, says who is to be called: wake, hire, nobody, or refuse
//!    (`submit_error`);
//! 3. `shared` puts it into its queue (`lanes`, a pure value too, of `fifo`s, says which job is
//!    next) and calls, outside the one lock, whom the `roster` names;
//! 4. a `worker` takes it, runs it, catches its panic and completes its cell, which wakes whoever
//!    awaits the [`JoinHandle`](runtime_core::join::JoinHandle); if it is `cancel`led meanwhile, it
//!    can see that;
//! 5. if it blocks on another job of the pool, `reentry` notes that, and `standstill`, a third pure
//!    value, says whether anybody is left to run it;
//! 6. [`Pool::shutdown`] (`shutdown`) waits or leaves, and reports.
//!
//! Beside the pool there is [`Pinned`]: a state that lives on one thread, which everybody else
//! sends calls. It shares nothing with the pool but the cell.
//!
//! Limits: a job that runs cannot be stopped from outside, only asked
//! to ([`check_cancelled`]). Closures must be `'static`: no safe interface can lend borrowed data
//! to another thread from async code.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod deadlock;
mod job;
mod pinned;
mod pool;
mod queue;
mod worker;

#[doc(hidden)]
pub use pinned::PendingClose;
pub use pinned::{Pinned, PinnedBuilder, PinnedCallError};

pub use deadlock::deadlock_error::Deadlock;
pub use job::cancel::{CancelHook, CancelToken, Cancelled, check_cancelled, is_cancelled};
pub use pool::builder::Builder;
pub use pool::handle::Pool;
pub use pool::lane::Lane;
pub use pool::lane_builder::LaneBuilder;
pub use pool::report::PoolReport;
#[doc(hidden)]
pub use pool::settings::ThreadBody;
pub use pool::shutdown::Shutdown;
pub use pool::stats::{LaneStats, RunningJob, Stats};
pub use pool::submit_error::SubmitError;

pub use queue::lane_config::Priority;
