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

    /// Returns the number.
    pub fn get(self) -> u64 {
        self.0.get()
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
/// A `Metadata` takes two words and is cheap to clone, because every task contains one.
#[derive(Clone)]
pub struct Metadata(Parts);

/// Most tasks have no name. The pointer to a name lies in the place of the location, where a null
/// pointer for the location marks it, so it costs no memory.
#[derive(Clone)]
enum Parts {
    Unnamed { id: Id, location: &'static Location<'static> },
    Named(Arc<NamedPlace>),
}

struct NamedPlace {
    id: Id,
    location: &'static Location<'static>,
    name: Box<str>,
}

// The niche of the location must remain the mark.
const _: () = assert!(size_of::<Metadata>() == size_of::<(Id, usize)>());

impl Metadata {
    /// Metadata with a new [`Id`] and the caller's location.
    #[track_caller]
    #[inline]
    pub fn here() -> Metadata {
        Metadata(Parts::Unnamed { id: Id::next(), location: Location::caller() })
    }

    /// The same metadata with a name.
    #[must_use]
    pub fn named(self, name: impl Into<Box<str>>) -> Metadata {
        let (id, location) = (self.id(), self.location());
        Metadata(Parts::Named(Arc::new(NamedPlace { id, location, name: name.into() })))
    }

    /// The number.
    #[inline]
    pub fn id(&self) -> Id {
        match &self.0 {
            Parts::Unnamed { id, .. } => *id,
            Parts::Named(named) => named.id,
        }
    }

    /// The name, if the task or job has one.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Parts::Unnamed { .. } => None,
            Parts::Named(named) => Some(&named.name),
        }
    }

    /// The source location where the task or job was spawned or submitted.
    pub fn location(&self) -> &'static Location<'static> {
        match &self.0 {
            Parts::Unnamed { location, .. } => location,
            Parts::Named(named) => named.location,
        }
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata")
            .field("id", &self.id())
            .field("location", &self.location())
            .field("name", &self.name())
            .finish()
    }
}

/// Writes `` `resize` (spawned at src/main.rs:12:5) ``. Without a name, it writes the number, as
/// `#12`, instead.
impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "`{name}`")?,
            None => write!(f, "#{}", self.id())?,
        }
        write!(f, " (spawned at {})", self.location())
    }
}
