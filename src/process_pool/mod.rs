//! A pool of worker processes, for calls that may crash, leak memory or never return.
//!
//! # The problem
//!
//! A job on a thread shares everything with the program. If the job aborts, overflows its stack or
//! divides by zero in a C library, the entire program dies. Memory that the job leaks stays
//! allocated. If the job never returns, it cannot be stopped: no system can end a thread without
//! losing what the thread had locked. A process can be killed.
//!
//! # The idea
//!
//! The workers are processes that run this same program. The pool starts them by executing the
//! program, never by a mere fork of a process with threads. [`init`], at the beginning of `main`,
//! turns such a process into a worker. A closure cannot be sent to another process, but a function
//! can be named. A function that workers may run is therefore a `static` [`Function`], whose
//! arguments and result serde can encode. [`run_in_executor`](crate::run_in_executor) accepts a
//! [`Call`] of the function as it accepts a closure.
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
//! # The ends of a call
//!
//! | the function | awaiting the call yields | the worker |
//! |---|---|---|
//! | returns | `Ok(Ok(result))` | stays |
//! | panics | `Err`, a [`JoinError`](crate::JoinError) with `is_panic` and the message | stays |
//! | exits, aborts, is killed | [`CallError::WorkerDied`]: status and last output | is replaced |
//! | takes too long | [`CallError::TimedOut`] | is killed and replaced |
//! | is aborted while it runs | [`CallError::Aborted`] | is killed and replaced |
//! | is aborted before it begins | `Err`, a `JoinError` with `is_cancelled` | is not involved |
//! | is not registered in the worker | [`CallError::UnknownFunction`] | stays |
//! | has arguments or a result that do not encode or are too big | an error for each case | stays |
//! | sends an invalid reply | [`CallError::BadResult`], [`CallError::BadReply`] | is replaced |
//!
//! An error ends only its own call. A worker that dies between two calls is replaced without an
//! error: a call that it has not read goes to another worker. A call that it has read may have had
//! effects, and is not repeated.
//!
//! To end one call after a time limit, use `timeout(limit, run_in_executor(&pool,
//! call).abort_on_drop())`.
//!
//! # Processes
//!
//! Each worker leads a process group of its own. Killing a worker kills its group: the worker, and
//! all processes that its jobs have started, unless they left the group (by `setsid`). When a
//! worker ends for any reason, the rest of its group is killed, unless other code in the program
//! has waited for the worker, because the number of the group may then belong to other processes.
//!
//! - *No zombies.* The pool waits for every worker that ends: after a failed call, after
//!   [`keep_alive`](ProcessPoolBuilder::keep_alive) without work, after its [last
//!   call](ProcessPoolBuilder::max_jobs_per_worker), and at the end of the pool. (If a worker dies
//!   between two calls, the pool waits for it at the next call, or when the keep-alive time has
//!   passed.)
//! - *No worker outlives the program.* If the program dies, even by `SIGKILL`, its workers detect
//!   the end of their connections, or the exit of their parent, and kill their groups at once.
//! - *A death is detected by the process.* A job may fork without `exec`, and a C library or an
//!   interpreter may do so for it. The fork holds the worker's connection, and delays neither the
//!   end of the call nor an abort. On Linux the pool watches a pidfd of the worker. On other
//!   systems, and where a sandbox forbids pidfds, it checks every 100 ms while it waits for a
//!   reply.
//! - *Ctrl-C* at a terminal sends `SIGINT` to the program's group only, not to the workers. If the
//!   signal kills the program, the workers die, too. If the program handles the signal, the workers
//!   continue with their calls. Ctrl-Z stops the program, but not its workers.
//! - *Output.* Lines that a worker prints to standard output or standard error go to the program's
//!   standard error, or to [`ProcessPoolBuilder::on_line`]. Lines that a job prints arrive before
//!   its result. A worker's standard input is empty. Calls do not use these three streams, so a job
//!   may use them freely.
//! - *Output that nobody takes.* If the program's standard error is a full pipe, or the hook
//!   blocks, a worker that prints more than its pipe holds (64 KiB) blocks. Time limits, aborts and
//!   shutdowns stay in force. A result is withheld for its lines only while the hook or the stream
//!   makes progress: not once a line has taken longer than a second, and never for more than five
//!   seconds. Later lines then arrive after the result. Of what workers that end in the meantime
//!   have left in their pipes, the first MiB is kept.
//! - A worker inherits the environment and the working directory. Its first argument marks it as a
//!   worker. Processes that a job starts do not inherit the argument, so a job may have a process
//!   pool of its own.
//! - A worker that is no longer needed is asked to exit, and exits as `main` would by
//!   [`exit`](std::process::exit). If it takes more than two seconds, it is killed.
//!
//! # Threads
//!
//! Each worker has two threads in this process: one decides how a call ends, and one encodes,
//! exchanges bytes and decodes. The first never waits for the second without a limit. A type whose
//! `Serialize` or `Deserialize` never returns therefore ends its call by the time limit or an
//! abort, and leaves one thread behind, which no system can end. One more thread passes on the
//! output of all workers.
//!
//! Recursive types are encoded and decoded by recursion. The stack of the second thread has 32 MiB
//! unless [`ProcessPoolBuilder::stack_size`] changes it, and a value that is nested too deeply for
//! it is an error of its call. A worker runs calls on its main thread, whose stack the system
//! limits (`ulimit -s`). If it overflows that stack, it dies, and its call fails.
//!
//! # Limits
//!
//! - The module is for Unix only, and is tested on Linux.
//! - *A worker is no security boundary.* It has the rights of the program. All the same, the pool
//!   bounds what a reply can cost: its length, its nesting, and its elements, of which a value may
//!   have at most 2^20 more than bytes. (Elements of size zero take no bytes, so a false length
//!   could describe 2^64 of them.) What a type's own `Deserialize` does is not bounded.
//! - A call costs six thread switches: to the thread that decides, to the thread that drives the
//!   worker, to the worker, and the same way back. Starting a worker costs about as much as
//!   starting the program.
//! - Every worker repeats what `main` does before [`init`].
//! - Arguments and results use [postcard](https://docs.rs/postcard)'s format, which does not
//!   describe itself. Types that need a self-describing format (`serde(untagged)`,
//!   `serde(flatten)`, `serde_json::Value`) do not work. A long `Vec<u8>` is encoded byte by byte;
//!   the package `serde_bytes` has a type that is encoded in one piece.
//! - A worker of another version of the program is detected only by function names that the worker
//!   does not know and values that it cannot decode. On Linux the workers execute the same file as
//!   the program, even after that file has been replaced.
//!
//! # In reading order
//!
//! `function` and `function_call` are the user's side. `frame` is the protocol, byte by byte.
//! `worker_main` is the worker's side of the protocol, and `worker_process` is the pool's side. The
//! pool's side uses `child_guard`, which kills a worker, and `output_forwarder`, which passes on
//! what the workers print. `driver` makes a call, on the `driver_thread` of a worker, and
//! `supervisor` decides how the call ends; `call_control` is what the two share. `pool_handle` and
//! `pool_builder` are the owner's side.

mod call_error;
mod element_limit;
mod encoding;
mod function;
mod function_call;

mod frame;

mod worker_main;

mod child_guard;
mod output_forwarder;
mod output_source;
mod pids;
mod poll_fds;
mod program;
mod worker_output;
mod worker_process;

mod call_control;
mod driver;
mod driver_thread;
mod supervisor;

mod pool_builder;
mod pool_handle;

pub use call_error::{CallError, WorkerDeath};
pub use function::{Function, Registered, answer};
pub use function_call::Call;
pub use pool_builder::ProcessPoolBuilder;
pub use pool_handle::ProcessPool;
pub use worker_main::init;
pub use worker_output::OutputLine;
