//! A pool of worker processes, for what a thread cannot give: work that may crash, leak or hang.
//!
//! # The problem
//!
//! A job on a thread shares everything with the program. If it aborts, overflows its stack or
//! divides wrongly in somebody's C library, the program is gone; what it leaks stays; and if it
//! never ends, nobody can end it, because no system can stop a thread without losing what it held.
//! A process can be stopped.
//!
//! # The idea
//!
//! The workers are processes that run this very program. They are started by executing it (never by
//! a fork of a program with threads), and [`init`] at the head of `main` keeps them from going any
//! further. Closures cannot travel; functions can be named. So a function that workers are to carry
//! out is made a `static` [`Function`], whose arguments and result serde can encode, and a [`Call`]
//! of it is given to [`run_in_executor`](crate::run_in_executor) like a closure.
//!
//! ```no_run
//! use aside::process_pool::{Function, ProcessPool, init};
//! use std::time::Duration;
//!
//! fn digest(data: Vec<u8>) -> u64 {
//!     data.iter().fold(0, |sum, &byte| sum * 31 + u64::from(byte))
//! }
//!
//! static DIGEST: Function<Vec<u8>, u64> = Function::new("digest", digest);
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // In a worker process this never returns.
//!     init(&[&DIGEST]);
//!
//!     let pool = ProcessPool::builder()
//!         .workers(4)
//!         .max_jobs_per_worker(100)
//!         .job_timeout(Duration::from_secs(30))
//!         .build();
//!     aside::run(async {
//!         let digest = aside::run_in_executor(&pool, DIGEST.call(vec![1, 2, 3])).await??;
//!         println!("{digest}");
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # What becomes of a call
//!
//! | the function | awaiting the call yields | and the worker |
//! |---|---|---|
//! | returns | `Ok(Ok(result))` | goes on |
//! | panics | `Err`, a [`JoinError`](crate::JoinError) that `is_panic` with the message | goes on |
//! | exits, aborts, is killed | [`CallError::WorkerDied`]: status, last lines | is replaced |
//! | takes too long | [`CallError::TimedOut`] | is killed and replaced |
//! | is aborted while it runs | [`CallError::Aborted`] | is killed and replaced |
//! | is aborted before | `Err`, a `JoinError` that `is_cancelled` | does not know |
//! | is unknown there | [`CallError::UnknownFunction`] | goes on |
//! | takes or returns what does not encode, or is too big | an error that says which | goes on |
//! | answers nonsense | [`CallError::BadResult`], [`CallError::BadReply`] | is replaced |
//!
//! Each of them is the end of that one call, and of no other. A worker that dies while it has no
//! call is replaced without a word: a call that it has not read is sent to another. (One that it
//! has read may have done something, and is not made twice.)
//!
//! So a time limit that really ends what it limits is
//! `timeout(limit, run_in_executor(&pool, call).abort_on_drop())`.
//!
//! # Processes
//!
//! Each worker leads a process group of its own. To kill a worker is to kill its group, with all
//! that its jobs have started and that has not left the group (by `setsid`). When a worker ends,
//! for whatever reason, what is left of its group is killed too.
//!
//! - *No child is left behind.* Every worker is waited for: when its call fails, when it has been
//!   idle for [`keep_alive`](Builder::keep_alive), when it has done its share, when the pool is
//!   shut down or dropped. (One that dies idle, at the next call or at the end of its time.)
//! - *No worker outlives the program.* If the program dies, however, its workers see the end of
//!   their connection and kill their groups at once, in the middle of whatever they do.
//! - *Ctrl-C* at a terminal goes to the program's group alone, so not to the workers. If the
//!   program dies of it, they die of that; if it handles it, they go on with their calls. Ctrl-Z
//!   stops the program, and its workers go on.
//! - What a worker prints, to standard output or standard error, is passed on line by line to the
//!   standard error of the program, or to [`Builder::on_line`]: what a job printed, before its
//!   result comes. Its standard input is empty. None of the three carries calls, so a job may use
//!   them as it likes.
//! - A worker inherits environment and working directory. It is known by its first argument, which
//!   nothing that a job starts inherits: a job may have a process pool of its own.
//! - A worker that is not needed any more is told so, and exits as `main` would by
//!   [`exit`](std::process::exit); one that takes more than two seconds for it is killed.
//!
//! # Limits
//!
//! - Unix only. It is tested on Linux.
//! - A call costs four changes between threads: to the thread that drives the worker, to the
//!   worker, and back. Starting a worker costs about what starting the program costs.
//! - What `main` does before [`init`], every worker does again.
//! - Arguments and results are in [postcard](https://docs.rs/postcard)'s format, which does not say
//!   what it holds: types that need that (`serde(untagged)`, `serde(flatten)`,
//!   `serde_json::Value`) do not come through. A long `Vec<u8>` goes byte by byte; the package
//!   `serde_bytes` has one that goes as a whole.
//! - Workers that are of another version of the program than the pool are recognised by the names
//!   they do not know and by what they cannot decode, and not by more. On Linux they run the very
//!   file that the program runs, also when it has been replaced.
//!
//! # In reading order
//!
//! `function` and `function_call` are what a program says; `frame` is the protocol, byte by byte;
//! `worker_main` is the worker's side of it, `worker_process` (with `child_guard`, which kills, and
//! `worker_output`, for what is printed) the pool's; `driver` is what a thread of the pool does with
//! a call; `pool_handle` and `pool_builder` are what its owner holds.

#[cfg(not(unix))]
compile_error!(
    "the feature `process-pool` needs Unix: process groups, Unix sockets, and signals that kill"
);

mod call_error;
mod encoding;
mod function;
mod function_call;

mod frame;

mod worker_main;

mod child_guard;
mod pids;
mod poll_fds;
mod program;
mod worker_output;
mod worker_process;

mod driver;

mod pool_builder;
mod pool_handle;

pub use call_error::{CallError, WorkerDeath};
pub use function::{Function, Registered, answer};
pub use function_call::Call;
pub use pool_builder::Builder;
pub use pool_handle::ProcessPool;
pub use worker_main::init;
pub use worker_output::OutputLine;
