//! The reactor: how a loop hears from the system that a descriptor is ready, and who is told.
//!
//! A read of a socket that has nothing yet fails with *would block*. Whoever wanted to read then
//! waits until the system says that the socket has become ready. That is all that happens here: the
//! reading itself is done by the one who wanted it, on its own thread.
//!
//! The numbered steps of a socket's life:
//!
//! 1. *Register*, from any thread: a source gets a slot in the table, and the system is told the
//!    descriptor and the slot's token. The first registration of a loop opens the *kernel* (an
//!    epoll instance, with mio), and hands the loop its *ear*, the end that listens: at once on the
//!    loop's own thread, else by a letter. A loop that never registers makes no system call.
//! 2. *Try*: the operation is tried as long as the source counts as ready, as it does at first.
//! 3. *Would block*: the readiness is cleared, unless something was heard since the try began, and
//!    the waker waits with the source. (The race is told at the head of `readiness.rs`.)
//! 4. *Hear*: the loop looks at the kernel, in its turns or by sleeping there. Each event finds its
//!    source by the token, makes it ready, and calls up all who wait for that direction; when every
//!    event of that look has been told and no lock is held, they are woken.
//! 5. *Deregister*: the system forgets the descriptor, and then the slot is free. A slot's next
//!    token is another one, so an event that is on its way to the old source finds nobody.
//! 6. *The end*: the ear is dropped, by the loop that closes or with the letter that nobody opened.
//!    Every source is told that its runtime is gone, which wakes all who wait; so are those who
//!    come later.
//!
//! In reading order: `selector` (what is asked of the system), `mio_selector` (who answers; the only
//! file that names mio), `readiness` (whether one direction is ready), `source` (both directions, and
//! who waits), `waiters` (several who wait), `registry` (tokens and sources), `driver` (what all threads
//! see), `poller` (what the loop alone has), and `registration`, which is what a socket holds.

mod driver;
mod mio_selector;
mod poller;
mod readiness;
mod registration;
mod registry;
mod selector;
mod source;
#[cfg(test)]
mod tests;
mod waiters;

pub(crate) use driver::Reactor;
pub(crate) use poller::Ear;
pub use readiness::Tick;
pub use registration::{Registration, Short, descriptor, gone};
pub use selector::{Direction, Kernel, Listen, Open, Opened, Readiness};
