//! The reactor receives from the operating system the events of descriptors that become ready, and
//! wakes the tasks that wait for these descriptors.
//!
//! A read from a socket without data fails with `WouldBlock`. Its task waits until the system
//! reports that the socket is readable. The reactor does no I/O itself: the woken task reads.
//!
//! # The life of a registration
//!
//! - S1. *Register*, on any thread. The source gets a slot in the slab. The first registration
//!   opens the selector (with mio, an epoll instance) and delivers the poller, which receives the
//!   events, to the loop: directly if the registration happens on the loop's thread, and otherwise
//!   by a message. A loop without sockets makes no system call for them. The selector records the
//!   descriptor, under the slot's token, at once or when a task first waits for it (L1 to L3 in
//!   `registration.rs`).
//! - S2. *Try*. While the source is ready, operations are tried. A new source is assumed to be
//!   ready. (Waits for readiness and operations that never wait differ: see `readiness.rs`.)
//! - S3. *Wait*. An operation returned `WouldBlock`: the task clears the readiness that it had seen
//!   and stores its waker in the source. (`readiness.rs` shows the race with S4.)
//! - S4. *Dispatch*. The loop polls the selector during a turn, or sleeps in it. For each event it
//!   finds the source by the token, sets the readiness and takes the wakers of that direction.
//!   After the last event it wakes these tasks, and holds no lock while it does so.
//! - S5. *Deregister*. The selector forgets the descriptor if it knows it, and then the slot is
//!   vacated. The next
//!   source in the slot gets another token, so a late event for the old source finds no source.
//! - S6. *Shut down*. The poller is dropped: by the loop when it closes, or with a message that no
//!   loop receives. Every waiting task is woken with an error, and later operations fail.
//!
//! The head of `poller.rs` shows what happens while the selector fails (E1 to E3).
//!
//! # Reading order
//!
//! | file | role |
//! |---|---|
//! | `selector.rs` | the interface to the operating system |
//! | `mio_selector.rs` | its implementation; no other file names mio |
//! | `readiness.rs` | whether one direction of a descriptor is ready |
//! | `waiters.rs` | the tasks that wait for one direction |
//! | `own_waiter.rs` | one of any number of tasks that wait |
//! | `source.rs` | a registered descriptor: readiness and waiters of both directions |
//! | `driver.rs` | the reactor as all threads share it |
//! | `poller.rs` | the loop's end |
//! | `short_transfer.rs` | the effect of a transfer of fewer bytes than requested |
//! | `registration.rs` | a socket's end |
//! | `disabled.rs` | the stand-in of a build without sockets |

mod driver;
mod mio_selector;
mod own_waiter;
mod poller;
mod readiness;
mod registration;
mod selector;
mod short_transfer;
mod source;
#[cfg(test)]
mod tests;
mod waiters;

pub(crate) use driver::Reactor;
pub(crate) use poller::{Poller, PollerSlot, waker, watch};
pub use readiness::Tick;
pub use registration::Registration;
pub use selector::{
    Direction, Interest, OpenSelector, ReadinessEvent, Selector, SelectorParts, Token,
    WaitForEvents, WaitUntilReadable,
};
pub use short_transfer::ShortTransfer;
