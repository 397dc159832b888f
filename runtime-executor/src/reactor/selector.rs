//! What a reactor asks of the system, as two small interfaces: one for every thread, and one for
//! the loop, which listens.
//!
//! In a build mio answers; in the models, a stand-in that sleeps where a model can see it.

use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// That there is something to read, or that nothing more will come.
    Read,
    /// That something can be written, or that nobody reads any more.
    Write,
}

/// What was heard of one descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// A read would not block.
    pub readable: bool,
    /// A write would not block.
    pub writable: bool,
    /// It is of something else than data, too, or it may be: of an end, an error, of urgent data.
    /// (What that is for is told at the head of `readiness.rs`.)
    pub beside_data: bool,
}

/// The end that every thread reaches.
pub trait Kernel: Send + Sync {
    /// From now on, whenever this descriptor *becomes* ready to be read or written, and if it is so
    /// already, that is heard under this token.
    ///
    /// # Errors
    /// As the system gives them.
    fn register(&self, descriptor: RawFd, token: usize) -> io::Result<()>;

    /// Ends that. What was heard already may still be handed out.
    ///
    /// # Errors
    /// As the system gives them.
    fn deregister(&self, descriptor: RawFd) -> io::Result<()>;

    /// Ends the [listening](Listen::listen) that goes on, or else the next one. Never blocks.
    fn ring(&self);

    /// A descriptor that can be read as long as there is something to be heard.
    ///
    /// # Errors
    /// As the system gives them; and if this is none of the system's.
    fn descriptor(&self) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The end that only the loop has.
pub trait Listen: Send {
    /// Waits until something is heard, a ring included, or the time is over; with no time given,
    /// for ever. Adds what was heard. May end early for no reason.
    ///
    /// # Errors
    /// If it cannot listen, now or later.
    fn listen(
        &mut self,
        at_most: Option<Duration>,
        heard: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<()>;
}

/// Both ends.
pub type Opened = (Arc<dyn Kernel>, Box<dyn Listen>);

/// Opens a kernel.
pub type Open = Box<dyn Fn() -> io::Result<Opened> + Send + Sync>;
