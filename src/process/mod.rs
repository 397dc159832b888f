//! Processes: programs that are started, fed, read and waited for. On Unix, with the feature
//! `process`.
//!
//! # The problem
//!
//! std waits for a child by blocking, and its pipes block as well. A thread for each of the four
//! (two pipes to read, one to write, the end) is much for a child that mostly runs by itself. And a
//! child that nobody waits for stays a *zombie*: it has ended, and keeps its number and its place
//! in the system's table until its parent ends too.
//!
//! # The idea
//!
//! The pipes are descriptors that the loop hears of, as of sockets. So is the end of the child:
//! where the system gives a descriptor of a process (a *pidfd*, on Linux), that becomes readable
//! when the process has ended. Elsewhere, and where a sandbox forbids it, a thread waits, aside.
//! Either way the child is then waited for by std, without blocking; and a child that was dropped
//! is waited for as well.
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
//! - [`Command`]: what to start, and how, in std's names.
//! - [`Child`]: what was started; its end.
//! - [`ChildStdin`], [`ChildStdout`], [`ChildStderr`]: its pipes.
//!
//! # What holds for all of them
//!
//! - *Errors* are those of the system, as std gives them. What a signal interrupted is done again.
//! - *Starting blocks*: as with std, the thread is held until the child has called `exec`, or has
//!   failed to; mostly about a millisecond. Where that is too long, start it in a job: a child may
//!   be started, and used, on any thread that has a runtime.
//! - A child *belongs to the runtime* that was current when it was started, as a socket does. When
//!   that is gone, its pipes give an error; but it can still be waited for, by a thread.
//! - *Cancel safety*: each future either has done what it says, or nothing; see each.
//! - *No zombies*: a child that is dropped goes on running, or is killed
//!   ([`kill_on_drop`](Command::kill_on_drop)), and is waited for by a task of its runtime. If the
//!   runtime ends before it does, the child is waited for, if it has ended by then, whenever
//!   another is started or waited for. No thread and no handler of `SIGCHLD` is needed.
//! - *Its number is its own* as long as nobody has waited for it, and only what is here waits for
//!   it. So [`start_kill`](Child::start_kill) never hits another process. (This cannot hold if
//!   other code in the program waits for any child whatever, or has `SIGCHLD` ignored; then waiting
//!   here gives an error.)
//! - *A child inherits* no descriptor of the runtime's, and no handler.
//! - *Where there is no pidfd*, or no loop any more, each child that is waited for takes a thread,
//!   which is of no runtime's pool and which no shutdown waits for.
//! - *By a virtual clock* a child takes no virtual time, as a socket does.

mod child;
mod child_pipes;
mod command;
mod exit;
mod orphans;

pub use child::Child;
pub use child_pipes::{ChildStderr, ChildStdin, ChildStdout};
pub use command::Command;
