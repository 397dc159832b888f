//! Signals: ctrl-c, and streams of any others. On Unix, with the feature `signal`.
//!
//! # The problem
//!
//! A signal interrupts a thread anywhere, and what runs then may do next to nothing: not lock, not
//! allocate, not wake a task.
//!
//! # The idea
//!
//! The handler, which is the package signal-hook's, makes a note and writes a byte to a socket, and
//! the loop hears of that byte as of any other. So a signal is something to be awaited, and no code
//! of yours ever runs in a handler.
//!
//! ```
//! use aside::signal::{Signal, Signals};
//!
//! aside::run(async {
//!     let mut signals = Signals::new([Signal::HUP, Signal::USR1])?;
//!     # let own = rustix::process::getpid();
//!     # rustix::process::kill_process(own, rustix::process::Signal::HUP)?;
//!     // Elsewhere: `kill -HUP` and this process's number.
//!     assert_eq!(signals.recv().await?, Signal::HUP);
//!     Ok::<(), std::io::Error>(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # In reading order
//!
//! - [`ctrl_c`]: the one that most programs want.
//! - [`Signals`]: a stream of any others.
//! - [`Signal`]: which there are.
//!
//! # What holds for all of them
//!
//! - *From the call on*, not from the first poll, signals are heard: [`ctrl_c`] and
//!   [`Signals::new`] listen when they return.
//! - *The default action is gone for good.* A program that has once listened to `SIGINT` is not
//!   ended by ctrl-c any more, also when nobody listens any longer: as everywhere in this field,
//!   the handler stays. What is to happen then, the program says itself, if need be by
//!   [`Signal::act_by_default`]. A handler that was there before is called as well.
//! - *Signals coalesce*, as they do in the system: one that comes again before it was taken is
//!   heard once. It is heard at least once after the last time that it came; none is lost beyond
//!   that. In which order several come is not told.
//! - *Each listener hears each signal*, whatever others take, in this runtime or another.
//! - *Cancel safety*: a future that is dropped has taken nothing.
//! - *A listener belongs to the runtime* that was current when it was made, as a socket does, and
//!   may be used from any thread and by any executor. When the runtime is gone, it gives an error.
//! - *Other calls*: a signal that is listened to restarts the system calls that it interrupts
//!   (`SA_RESTART`), and those that are not restarted this package does again.
//! - *A child* that is started by `exec` has the default action again for what its parent listened
//!   to, and ignores what its parent ignored. One that is forked, and signalled before it has
//!   called `exec`, tells its parent nothing.

mod ctrl_c;
mod number;
mod signals;

pub use ctrl_c::{CtrlC, ctrl_c};
pub use number::{NoSuchSignal, Signal};
pub use signals::Signals;
