//! A value that records how often it is dropped, and on which threads.

use runtime_core::sync::explore::Record;
use runtime_core::sync::thread::{self, ThreadId};

/// A value that records the thread on which it is dropped.
pub(crate) struct DropProbe(Record<ThreadId>);

/// Makes a probe, and the record of its drops.
pub(crate) fn drop_probe() -> (DropProbe, Drops) {
    let record = Record::new();
    (DropProbe(record.clone()), Drops(record))
}

impl Drop for DropProbe {
    fn drop(&mut self) {
        self.0.note(thread::current().id());
    }
}

/// The drops of a [`DropProbe`].
#[derive(Clone)]
pub(crate) struct Drops(Record<ThreadId>);

impl Drops {
    /// Returns whether this thread dropped the probe.
    pub(crate) fn were_here(&self) -> bool {
        self.threads().contains(&thread::current().id())
    }

    fn threads(&self) -> Vec<ThreadId> {
        let threads = self.0.take();
        threads.iter().for_each(|&thread| self.0.note(thread));
        threads
    }

    /// Asserts that the probe was not dropped.
    pub(crate) fn assert_none(&self) {
        assert_eq!(self.0.len(), 0, "the probe was dropped too soon");
    }

    /// Asserts that the probe was dropped once.
    pub(crate) fn assert_one(&self) {
        assert_eq!(self.0.len(), 1, "the probe is dropped once");
    }

    /// Returns whether the probe was dropped once.
    pub(crate) fn is_one(&self) -> bool {
        self.0.len() == 1
    }

    /// Asserts that the probe was dropped once, and on this thread.
    pub(crate) fn assert_one_here(&self) {
        self.assert_one_on(thread::current().id());
    }

    /// Asserts that the probe was dropped once, and on the given thread.
    pub(crate) fn assert_one_on(&self, thread: ThreadId) {
        assert_eq!(self.threads(), [thread], "the probe is dropped once, and on this thread");
    }
}
