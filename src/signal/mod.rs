//! Signals: ctrl-c, and streams of any other signals. On Unix, with the feature `signal`.
//!
//! # The problem
//!
//! A signal interrupts a thread at any instruction, and the signal's handler may do almost nothing:
//! the handler must not lock, allocate, or wake a task.
//!
//! # The idea
//!
//! The handler comes from the package signal-hook. It sets a flag and writes a byte to a socket.
//! The event loop receives that byte like any other, and wakes the task. A signal is therefore a
//! future or a stream, and no code of the user's runs in a handler.
//!
//! ```
//! use aside::signal::{Signal, Signals};
//!
//! aside::run(async {
//!     let mut signals = Signals::new([Signal::HUP, Signal::USR1])?;
//!     // The program sends itself the signal. In a shell: `kill -HUP` and the process id.
//!     let own = rustix::process::getpid();
//!     rustix::process::kill_process(own, rustix::process::Signal::HUP)?;
//!     assert_eq!(signals.recv().await?, Signal::HUP);
//!     Ok::<(), std::io::Error>(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # In reading order
//!
//! - [`ctrl_c`]: the signal that most programs need.
//! - [`Signals`]: a stream of any other signals.
//! - [`Signal`]: the signals that exist.
//!
//! # Common properties
//!
//! - *Signals are received from the call on*, not from the first poll: [`ctrl_c`] and
//!   [`Signals::new`] have installed the handler when they return.
//! - *The default action does not come back by itself.* A program that has once received `SIGINT`
//!   is no longer ended by ctrl-c. As in other runtimes, the handler stays even after the last
//!   receiver is dropped. With [`then_default`](Signals::then_default) the default action comes
//!   back: a second ctrl-c ends a program that hangs in its cleanup. The program can also decide
//!   what a signal does by [`Signal::act_by_default`]. A handler that was installed before is
//!   called as well.
//! - *The handler cannot be removed.* The code of a library that is unloaded must not contain it:
//!   the next signal would jump to memory that is gone. A plugin lets its host receive the signals.
//! - *The handler runs on the stack of the interrupted thread*, because it lacks `SA_ONSTACK`.
//!   Hosts with small stacks, such as programs in Go, forbid that. The guide's chapter on
//!   [hosts](crate::guide::hosts) shows what such a host does.
//! - *Signals coalesce*, as they do in the kernel: a signal that arrives again before it was
//!   received is received once. It is received at least once after its last arrival. The order of
//!   different signals is not preserved.
//! - *Each receiver gets each signal*, even if other receivers, of this or another runtime, also
//!   get it.
//! - *Cancel safety*: a future that is dropped has received nothing.
//! - *A receiver belongs to the runtime* that was current when it was made, as a socket does. It
//!   may be used on any thread and by any executor. After the end of the runtime, the receiver
//!   returns an error.
//! - *System calls*: a signal with a handler restarts the system calls that it interrupts
//!   (`SA_RESTART`). This package repeats those that are not restarted.
//! - *A child* started by `exec` has the default action for the signals that its parent handles,
//!   and ignores those that its parent ignores. A forked child that is signalled before it calls
//!   `exec` does not notify its parent.

mod ctrl_c;
mod default_action;
mod number;
mod signals;

pub use ctrl_c::{CtrlC, ctrl_c};
pub use number::{NoSuchSignal, Signal};
pub use signals::Signals;
