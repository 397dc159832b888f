//! The atomics, locks and channels of a model, as its film names them.

use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::film::{Step, next_object, push};
use super::mutation::Mutation;

/// An atomic operation, for its note.
#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) verb: &'static str,
    pub(super) order: Ordering,
    pub(super) mutation: Option<Mutation>,
}

/// The identity of an object in films: its number, and the value that was written last.
#[derive(Debug)]
pub(super) struct Filmed {
    number: OnceLock<u64>,
    latest: AtomicU64,
    kind: FilmedKind,
}

/// The way in which the value of an object is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilmedKind {
    Flag,
    Number,
    /// The object is an inner part of the facade. Only mutated operations on it are noted.
    Inner,
}

impl FilmedKind {
    /// The kind of a type, by its name.
    pub(super) fn of(name: &str) -> FilmedKind {
        if name == "bool" { FilmedKind::Flag } else { FilmedKind::Number }
    }
}

impl Default for Filmed {
    fn default() -> Filmed {
        Filmed::new(FilmedKind::Number, 0)
    }
}

impl Filmed {
    pub(super) fn new(kind: FilmedKind, value: u64) -> Filmed {
        Filmed { number: OnceLock::new(), latest: AtomicU64::new(value), kind }
    }

    /// The number, which is given at the first access of an execution.
    fn number(&self) -> Option<u64> {
        self.number.get().copied().or_else(|| {
            let number = next_object()?;
            Some(*self.number.get_or_init(|| number))
        })
    }

    fn hides(&self, access: Access) -> bool {
        self.kind == FilmedKind::Inner && access.mutation.is_none()
    }

    fn print(&self, value: u64) -> Option<String> {
        Some(match self.kind {
            FilmedKind::Flag => (value != 0).to_string(),
            FilmedKind::Number | FilmedKind::Inner => value.to_string(),
        })
    }

    /// The value that was written last.
    pub(super) fn latest(&self) -> u64 {
        // ORDERING: Relaxed. The threads of a model are coroutines on one thread.
        self.latest.load(Ordering::Relaxed)
    }

    /// Notes a load, or an exchange that has failed.
    #[track_caller]
    pub(super) fn note_read(&self, access: Access, value: u64) {
        let (site, latest) = (Location::caller(), self.latest());
        if self.hides(access) {
            return;
        }
        push(|| Step {
            object: self.number(),
            order: Some(access.order),
            before: self.print(value),
            latest: self.print(latest).filter(|_| latest != value),
            is_mutated: access.mutation.is_some(),
            ..Step::at(site, access.verb)
        });
    }

    /// Notes a store or a read-modify-write.
    #[track_caller]
    pub(super) fn note_write(&self, access: Access, before: u64, after: u64) {
        let site = Location::caller();
        self.set_latest(after);
        if self.hides(access) {
            return;
        }
        push(|| Step {
            object: self.number(),
            order: Some(access.order),
            before: self.print(before),
            after: self.print(after),
            is_mutated: access.mutation.is_some(),
            ..Step::at(site, access.verb)
        });
    }

    /// Notes an operation on a lock or a channel. `value` is the holder, or the number of the
    /// message.
    pub(super) fn note_at(
        &self,
        site: &'static Location<'static>,
        verb: &'static str,
        value: Option<u64>,
    ) {
        push(|| Step {
            object: self.number(),
            after: value.and_then(|value| self.print(value)),
            ..Step::at(site, verb)
        });
    }

    /// Records a value that no step shows, such as the holder of a lock.
    pub(super) fn set_latest(&self, value: u64) {
        // ORDERING: Relaxed, as in `latest`.
        self.latest.store(value, Ordering::Relaxed);
    }
}
