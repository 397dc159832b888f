//! A value whose end is recorded: who dropped it, and that nobody did so twice.

use runtime_core::sync::explore::Record;
use runtime_core::sync::thread::{self, ThreadId};

/// Notes, when it is dropped, on which thread.
pub(crate) struct Mortal(Record<ThreadId>);

/// A mortal, and the record of its end.
pub(crate) fn mortal() -> (Mortal, Deaths) {
    let record = Record::new();
    (Mortal(record.clone()), Deaths(record))
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.note(thread::current().id());
    }
}

/// How often a [`Mortal`] was dropped, and where.
#[derive(Clone)]
pub(crate) struct Deaths(Record<ThreadId>);

impl Deaths {
    /// Whether this thread dropped it.
    pub(crate) fn were_here(&self) -> bool {
        self.threads().contains(&thread::current().id())
    }

    fn threads(&self) -> Vec<ThreadId> {
        let threads = self.0.take();
        threads.iter().for_each(|&thread| self.0.note(thread));
        threads
    }

    /// It lives.
    pub(crate) fn assert_none(&self) {
        assert_eq!(self.0.len(), 0, "it was dropped too soon");
    }

    /// It was dropped, once.
    pub(crate) fn assert_one(&self) {
        assert_eq!(self.0.len(), 1, "it is dropped once");
    }

    /// Whether it was dropped.
    pub(crate) fn is_one(&self) -> bool {
        self.0.len() == 1
    }

    /// It was dropped, once, and on this thread.
    pub(crate) fn assert_one_here(&self) {
        self.assert_one_on(thread::current().id());
    }

    /// It was dropped, once, and on that thread.
    pub(crate) fn assert_one_on(&self, thread: ThreadId) {
        assert_eq!(self.threads(), [thread], "it is dropped once, and at home");
    }
}
