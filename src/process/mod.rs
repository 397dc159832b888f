//! Child processes: start a program, write to it, read from it, and wait for it. On Unix, with the
//! feature `process`.
//!
//! # The problem
//!
//! In std, waiting for a child blocks, and so does reading or writing its pipes. One child would
//! need four threads: two to read pipes, one to write to a pipe, and one to wait for the exit.
//! These are many for a process that runs by itself most of the time. A child that is not waited
//! for stays a *zombie* after its exit: it keeps its pid and its entry in the process table until
//! its parent exits.
//!
//! # The idea
//!
//! The pipes are descriptors, whose readiness the event loop reports like that of sockets. Where
//! the system has *pidfds* (on Linux), the child has a descriptor, too, which becomes readable when
//! the process exits. On other systems, and where a sandbox forbids pidfds, a thread waits for the
//! exit. std then reaps the child without blocking. Children that were dropped are reaped as well.
//!
//! ```
//! use aside::process::Command;
//!
//! aside::run(async {
//!     let output = Command::new("echo").arg("hello").output().await?;
//!     assert!(output.status.success());
//!     assert_eq!(output.stdout, b"hello\n");
//!     Ok::<(), std::io::Error>(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # In reading order
//!
//! - [`Command`]: the program to start and its settings, with std's names.
//! - [`Child`]: the process, and its exit.
//! - [`ChildStdin`], [`ChildStdout`], [`ChildStderr`]: its pipes.
//!
//! # Common properties
//!
//! - *Errors* are the system's, as std reports them. Operations interrupted by a signal are
//!   repeated.
//! - *Starting blocks*, as with std, until the child has called `exec`, or has failed to call it.
//!   This usually takes about a millisecond. Where that is too long, start the child in a job. A
//!   child may be started, and used, on any thread that has a runtime.
//! - A child *belongs to the runtime* that was current when it was started, as a socket does. After
//!   the end of that runtime its pipes return an error, but a thread can still wait for the child.
//! - *Cancel safety*: each future that is dropped has had either its full effect or none. The
//!   exceptions are documented.
//! - *No zombies*: a child that is dropped continues to run, or is killed
//!   ([`kill_on_drop`](Command::kill_on_drop)), and a task of its runtime reaps it. If the runtime
//!   ends first, the child is reaped after its exit, when another child is started or waited for.
//!   This needs no thread and no handler of `SIGCHLD`.
//! - *Pids are safe*: a child has its pid until it is reaped, and only this module reaps it. So
//!   [`start_kill`](Child::start_kill) never signals another process. (This guarantee does not hold
//!   if other code in the program waits for any child, or if `SIGCHLD` is ignored. Waiting for the
//!   child then returns an error.)
//! - *A child inherits* no descriptor of the runtime, and no signal handler.
//! - *Without a pidfd*, or after the end of the loop, each wait for a child takes a thread. The
//!   thread belongs to no runtime's pool, and no shutdown waits for it.
//! - *On a virtual clock* a child, like a socket, takes no virtual time.

mod child;
mod child_pipes;
mod command;
mod exit;
mod orphans;

pub use child::Child;
pub use child_pipes::{ChildStderr, ChildStdin, ChildStdout};
pub use command::Command;
