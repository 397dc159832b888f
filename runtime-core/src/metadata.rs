//! The metadata of a task or job: its number, its name, and the source location that started it.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;

use crate::sync::counter::Counter;

/// The number of a task or job, unique in the process and never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

/// Each thread takes numbers in blocks of this size, so that not every spawn writes to memory that
/// threads share.
const BLOCK: u64 = 1024;

static NEXT_BLOCK: Counter = Counter::new();

std::thread_local! {
    /// The next number of this thread's block; a multiple of `BLOCK` if the block is used up.
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

impl Id {
    pub(crate) fn next() -> Id {
        NEXT.with(|next| {
            let mut id = next.get();
            if id.is_multiple_of(BLOCK) {
                id = NEXT_BLOCK.next() * BLOCK;
            }
            next.set(id + 1);
            Id(NonZeroU64::MIN.saturating_add(id))
        })
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number, name and location of a task or job, kept for errors, reports and observers.
///
/// A `Metadata` takes three words and is cheap to clone, because every task contains one.
#[derive(Clone, Debug)]
pub struct Metadata {
    id: Id,
    location: &'static Location<'static>,
    /// A thin pointer, because most tasks have no name: the field costs them only one word.
    name: Option<Arc<Box<str>>>,
}

impl Metadata {
    /// Metadata with a new [`Id`] and the caller's location.
    #[track_caller]
    #[inline]
    pub fn here() -> Metadata {
        Metadata { id: Id::next(), location: Location::caller(), name: None }
    }

    /// The same metadata with a name.
    #[must_use]
    pub fn named(self, name: impl Into<Box<str>>) -> Metadata {
        Metadata { name: Some(Arc::new(name.into())), ..self }
    }

    /// The number.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The name, if the task or job has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| &***name)
    }

    /// The source location where the task or job was spawned or submitted.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

/// Writes `` `resize` (spawned at src/main.rs:12:5) ``. Without a name, it writes `task 12` instead
/// of the name.
impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "`{name}`")?,
            None => write!(f, "task {}", self.id)?,
        }
        write!(f, " (spawned at {})", self.location)
    }
}
