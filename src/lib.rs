//! An async runtime for programs that must call blocking code: one event loop, and a pool of
//! threads aside.
//!
//! # The problem
//!
//! Async code waits for many things at a time on one thread, as long as nothing blocks that thread.
//! But file systems, database drivers, compression and most other libraries block. A blocking call
//! on the loop's thread stalls all tasks.
//!
//! # The idea
//!
//! One thread turns an event loop and never blocks. Blocking calls run on a pool of threads, and
//! are awaited like everything else. [`run`] makes the loop and the pool, and shuts both down;
//! [`gather()`] awaits many futures at once. Threads share data in five places only: the job queue,
//! the cell of a result, the loop's inbox, the command queue of a blocking stream, and the
//! readiness of a socket. So tasks need not be `Send`, and there is no unsafe code.
//!
//! # Hello, world
//!
//! ```
//! use aside::{gather, spawn_blocking};
//!
//! aside::run(async {
//!     let greet = |name| async move { format!("hello, {name}") };
//!     let length = |path| spawn_blocking(move || std::fs::read(path).map(|bytes| bytes.len()));
//!     let (greeting, length) = gather((greet("world"), length("Cargo.toml"))).await;
//!     println!("{greeting}: {} bytes", length??);
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A server
//!
//! It sends back all bytes that it receives. A task is a few hundred bytes, and need not be `Send`.
//! `copy` is from the crate `futures-lite`, which works with all streams of this crate.
//!
//! ```no_run
//! # #[cfg(all(feature = "net", unix))]
//! fn main() -> std::io::Result<()> {
//!     aside::run(async {
//!         let listener = aside::net::TcpListener::bind("127.0.0.1:8080").await?;
//!         loop {
//!             let (stream, _peer) = listener.accept().await?;
//!             let echo = async move { futures_lite::io::copy(&stream, &stream).await };
//!             aside::spawn(echo).detach();
//!         }
//!     })
//! }
//! # #[cfg(not(all(feature = "net", unix)))] fn main() {}
//! ```
//!
//! If you know [tokio](guide::from_tokio), [smol](guide::from_smol) or
//! [asyncio](guide::from_asyncio), begin with the table of their names. `tokio::sync`,
//! `tokio::select!` and the crates of smol work as they are.
//!
//! # Modules, in reading order
//!
//! - [`run`], [`spawn`], [`spawn_blocking`]: the main function, tasks, blocking calls.
//! - [`JoinHandle`], [`JoinError`]: the result of a task or a call, and the reason why there is
//!   none.
//! - [`gather()`], [`try_gather`], [`race`], [`first_ok`], [`scope`], [`group`]: many futures as
//!   one, within one task.
//! - [`task`]: [`task::JoinSet`], a set of tasks that are joined as they end; the number of the
//!   current task.
//! - [`time`]: sleeping, timeouts, intervals; real time and virtual time.
//! - [`coop`]: fairness between tasks, and tools for futures of other crates.
//! - [`Runtime`], [`Handle`]: a runtime that is configured, kept, turned from a foreign loop, used
//!   from other threads, and shut down with a report.
//! - [`blocking`]: pools of your own and [`run_in_executor`]; [`blocking::Pinned`], a state that
//!   stays on one thread.
//! - [`net`]: TCP, UDP and Unix sockets, and every other descriptor that can be polled.
//! - [`fs`]: files and directories.
//! - [`io`]: blocking readers, writers and iterators as async streams; stdin, stdout, stderr.
//! - [`process`]: child processes.
//! - [`signal`]: ctrl-c, and all other signals.
//! - [`process_pool`]: worker processes, for functions that may crash, leak or hang.
//! - [`compat`]: the traits of tokio, hyper and async-rs.
//! - [`observe`]: which task blocks the loop, what the loop does, and the list of tasks.
//! - [`named`]: names of tasks and jobs, for errors and reports.
//!
//! The [`guide`] shows how to use them together: [blocking calls](guide::blocking_calls),
//! [tasks](guide::tasks), [sync primitives](guide::sync_primitives), [sockets](guide::sockets),
//! [native I/O or the pool](guide::native_io), [cancellation](guide::cancellation),
//! [embedding](guide::embedding), [observing](guide::observing), [recording](guide::recording), and
//! [systems and hosts](guide::hosts). The event loop is the package
//! `runtime-executor`, the pool is `runtime-blocking`, and `runtime-core` is the base of both. The
//! front pages of these packages describe the life of a task and of a blocking call.
//!
//! # Features
//!
//! | feature | default | contents |
//! |---|---|---|
//! | `net` | yes | [`net`]; includes `stream` (Unix) |
//! | `fs` | yes | [`fs`]; includes `unblock` |
//! | `unblock` | yes | [`io`], [`Unblock`]; includes `stream` |
//! | `stream` | yes | `Stream` for [`time::Interval`] |
//! | `process` | | [`process`]; includes `net` (Unix) |
//! | `signal` | | [`signal`]; includes `net` (Unix) |
//! | `process-pool` | | [`process_pool`] (Unix) |
//! | `peer-cred` | | `peer_cred` of [`net::UnixStream`] (Linux) |
//! | `macros` | | [`main`](macro@main), [`test`](macro@test): attributes for `main` and for tests |
//! | `tracing` | | [`observe::TracingSpans`]: spans for tasks and jobs |
//! | `record` | | [`observe::Trace`]: each step of a runtime, as a timeline or a replay |
//! | `tokio-io` | | [`compat::tokio`]: tokio's traits, without its runtime |
//! | `hyper` | | [`compat::hyper`]: hyper 1 |
//! | `hyper-client` | | [`compat::hyper::Connector`], for a pooled client; includes `net` (Unix) |
//! | `async-rs` | | [`compat::async_rs`]: libraries such as lapin; includes `net` (Unix) |
//!
//! Without default features there are `run`, `spawn`, `gather`, timers and the pool. Features are
//! additive.
//!
//! # Promises
//!
//! Each promise is tested. The tests that are named here are those to read first; a check of the
//! repository searches for them.
//!
//! 1. `wake` never blocks, never drops a future, and never runs user code under a lock. It works
//!    from any thread, after shutdown, and during the destruction of thread-locals.
//!    `aside::wakers::ten_thousand_remote_wakes_under_a_lock_that_the_loop_needs_do_not_block`,
//!    `aside::wakers::a_waker_works_after_its_runtime_is_gone`,
//!    `aside::thread_exit::a_wake_from_the_thread_local_destructors_of_another_thread_arrives`.
//! 2. A submitted closure is in exactly one state: returned to the caller, cancelled before it
//!    began, or run. A running closure occupies a thread until it has really ended, even if nothing
//!    waits for it any more. `aside::shutdown::a_job_submitted_during_shutdown_is_run_or_reported`.
//! 3. Shutdown is explicit. It reports what it has cancelled and which jobs still run, with name,
//!    location and age. It waits, waits up to a limit, or does not wait, as the caller chooses, and
//!    a limit is a limit: work that must run is waited for within it, and then reported. [`run`]
//!    waits, and prints after five seconds for what. Dropping a runtime never panics; inside async
//!    code it does not wait.
//!    `aside::shutdown::shutdown_that_leaves_reports_running_and_cancelled_jobs`,
//!    `runtime_blocking::lanes::a_limit_holds_although_a_job_that_must_run_hangs`,
//!    `aside::shutdown::a_shutdown_that_waits_long_prints_the_running_jobs_to_stderr`,
//!    `aside::shutdown::a_runtime_dropped_inside_async_code_does_not_wait`.
//! 4. A panic in a task, job, waker or destructor ends only that task, job, waker or destructor. A
//!    future or closure that panics is dropped while the panic unwinds. If its destructor panics,
//!    too, that panic is caught. (Rust aborts the process if one drop runs two destructors that
//!    panic.)
//!    `aside::panics::a_panicking_task_ends_alone`,
//!    `aside::panics::panicking_destructors_during_shutdown_do_not_prevent_the_others`.
//! 5. Running out of threads, descriptors or memory for one request is an error of that request.
//!    `aside::jobs::a_job_for_which_no_thread_can_be_started_is_refused_and_the_next_one_runs`,
//!    `aside::descriptors::a_socket_that_cannot_be_created_is_an_error_of_its_caller`.
//! 6. All time arithmetic saturates: no duration panics, and deadlines of any length work on every
//!    supported system. `aside::timers::no_sleep_timeout_or_interval_is_too_long`,
//!    `aside::long_waits::a_sleep_of_thirty_days_is_a_bounded_wait`.
//! 7. An idle runtime sleeps: no periodic wake-up, no spinning. Nothing that a future does with its
//!    waker can make it spin. `aside::idle::an_idle_loop_sleeps_once_with_idle_workers_or_without`,
//!    `aside::idle::an_idle_loop_and_idle_workers_that_may_spin_do_not`,
//!    `aside::replaced_wakers::tasks_jobs_and_calls_wake_no_replaced_waker`.
//! 8. An operation of this crate that is always ready (a late interval, a zero sleep, a cached
//!    file) yields often enough for timers, wakes and sockets to be served: see [`coop`].
//!    `aside::starvation::a_late_interval_yields_at_every_tick`,
//!    `aside::busy_sockets::a_socket_gets_its_events_beside_a_task_that_is_always_ready`.
//! 9. No safe function lends borrowed data to another thread from async code. Concurrent futures of
//!    one task may borrow: see [`gather()`] and [`scope`]. The code in `src/compile_fail.rs` does
//!    not compile;
//!    `aside::scopes::children_borrow_from_outside_and_their_handles_yield_their_outputs`.
//! 10. Same input, same order: with a seed and virtual time, a program without threads of its own
//!     replays exactly. `aside::seeds::the_same_seed_replays_exactly`,
//!     `aside::clock::a_thousand_hours_run_at_once_and_in_order`.
//! 11. An error in writing accepted data is never forgotten: once a write of a [`fs::File`],
//!     [`Unblock`] or standard stream has failed, every later write, flush, sync and close of that
//!     object fails.
//!     `aside::lost_writes::the_error_of_a_failed_write_is_returned_by_every_later_operation`.
//!
//! # Limits
//!
//! - The async code of a runtime runs on one thread. Use several runtimes for several cores.
//! - Sockets, signals and processes are for Unix. On other systems those modules do not exist, and
//!   their features have no effect. WebAssembly has no threads: blocking calls return errors.
//! - A running job cannot be stopped from outside. It can be asked to stop
//!   ([`blocking::check_cancelled`]), awaited, or left running; a process can be killed
//!   ([`process_pool`]). A job must own what it uses (`'static`).
//! - A future that blocks stalls its loop. [`observe::Watchdog`] reports which task does so.

#![cfg_attr(docsrs, feature(doc_cfg))]
// The front page links every module, even those that a build does not have.
#![cfg_attr(
    not(all(
        unix,
        feature = "async-rs",
        feature = "fs",
        feature = "hyper",
        feature = "hyper-client",
        feature = "macros",
        feature = "net",
        feature = "process",
        feature = "process-pool",
        feature = "record",
        feature = "signal",
        feature = "tokio-io",
        feature = "tracing"
    )),
    allow(rustdoc::broken_intra_doc_links)
)]

#[cfg(feature = "macros")]
mod attributes;
pub mod blocking;
#[cfg(feature = "fs")]
mod closing_files;
#[cfg(any(
    feature = "hyper",
    all(feature = "async-rs", unix),
    all(feature = "tokio-io", any(all(feature = "net", unix), feature = "unblock"))
))]
pub mod compat;
#[cfg(doctest)]
mod compile_fail;
mod context;
pub mod coop;
mod embedding;
mod enter;
#[cfg(feature = "fs")]
pub mod fs;
mod gather;
mod handle;
#[cfg(feature = "unblock")]
pub mod io;
#[cfg(all(feature = "net", unix))]
mod lookups;
#[cfg(not(all(feature = "net", unix)))]
#[path = "lookups/disabled.rs"]
mod lookups;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macro_support;
mod named;
#[cfg(all(feature = "net", unix))]
pub mod net;
pub mod observe;
mod observed_builder;
mod observed_runtime;
#[cfg(all(feature = "process", unix))]
pub mod process;
#[cfg(all(feature = "process-pool", unix))]
pub mod process_pool;
mod run;
mod runtime;
mod runtime_gone;
mod shutdown_report;
#[cfg(all(feature = "signal", unix))]
pub mod signal;
mod sleep_builder;
pub mod task;
mod task_list;
pub mod time;
mod unwind_safe;
mod wake_thread;

/// The types of [`gather()`], [`try_gather`], [`race`], [`first_ok`] and [`scope`]: several futures
/// as one, within one task.
pub mod group {
    pub use crate::gather::{
        ChildCancelled, Gather, IntoGather, Scope, ScopeFuture, ScopedHandle, marker,
    };
}

#[cfg(feature = "macros")]
#[doc(inline)]
pub use attributes::{main, test};
pub use blocking::executor::run_in_executor;
pub use blocking::spawn::spawn_blocking;
pub use enter::EnterGuard;
pub use gather::{first_ok, gather, race, scope, try_gather};
pub use handle::Handle;
#[cfg(feature = "unblock")]
pub use io::{stdio, unblock::Unblock};
pub use named::{Named, named};
pub use run::{run, spawn};
pub use runtime::{Builder, Runtime};
pub use runtime_core::abort_handle::AbortHandle;
pub use runtime_core::abort_on_drop::AbortOnDrop;
pub use runtime_core::join::{JoinError, JoinHandle};
pub use runtime_core::metadata::{Id, Metadata};
pub use runtime_core::runtime_gone::RuntimeGoneError;
pub use runtime_executor::{
    AlreadyTurning, NextTurn, NoRuntimeError, Turn, interval, interval_at, sleep, sleep_until,
    timeout, timeout_at, yield_now,
};
pub use runtime_gone::is_runtime_gone;
pub use shutdown_report::ShutdownReport;

/// The guide, as in `docs/guide/`.
#[cfg(doc)]
pub mod guide {
    #[doc = include_str!("../docs/guide/blocking-executor.md")]
    pub mod blocking_calls {}
    #[doc = include_str!("../docs/guide/tasks.md")]
    pub mod tasks {}
    #[doc = include_str!("../docs/guide/sync-primitives.md")]
    #[doc(alias("broadcast", "watch", "mpsc", "oneshot", "channel", "Queue"))]
    #[doc(alias("Mutex", "RwLock", "Semaphore", "Barrier", "OnceCell", "Notify", "Event"))]
    #[doc(alias("CancellationToken", "tokio::sync"))]
    pub mod sync_primitives {}
    #[cfg(all(feature = "net", unix))]
    #[doc = include_str!("../docs/guide/sockets.md")]
    pub mod sockets {}
    #[doc = include_str!("../docs/guide/native-io.md")]
    pub mod native_io {}
    #[doc = include_str!("../docs/guide/cancellation.md")]
    pub mod cancellation {}
    #[cfg(all(feature = "net", unix))]
    #[doc = include_str!("../docs/guide/embedding.md")]
    pub mod embedding {}
    #[cfg(feature = "record")]
    #[doc = include_str!("../docs/guide/recording.md")]
    #[doc(alias("trace", "profile", "timeline"))]
    pub mod recording {}
    #[doc = include_str!("../docs/guide/hosts.md")]
    pub mod hosts {}
    #[doc = include_str!("../docs/guide/observing.md")]
    #[doc(alias("console", "metrics", "monitor", "profile", "tracing"))]
    pub mod observing {}
    #[cfg(all(feature = "net", unix))]
    #[doc = include_str!("../docs/guide/from-tokio.md")]
    #[doc(alias("reqwest", "async_compat", "task_local", "select!", "JoinSet", "tokio::sync"))]
    pub mod from_tokio {}
    #[doc = include_str!("../docs/guide/from-smol.md")]
    #[doc(alias("async_std", "async_io", "block_on", "LocalExecutor"))]
    pub mod from_smol {}
    #[doc = include_str!("../docs/guide/from-asyncio.md")]
    #[doc(alias("python", "as_completed", "shield"))]
    pub mod from_asyncio {}
}

/// Tests the code in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
