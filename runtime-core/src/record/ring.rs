//! The ring that keeps the last events.
//!
//! Each event takes the next number by one atomic addition, and is written to the slot of that
//! number. Each slot has a lock of its own. Two threads meet at a lock only if one of them is a
//! whole round behind the other, or if a reader copies that very slot, so recording does not
//! wait in practice, and memory is bounded by the number of slots.

use std::fmt;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::record::event::Event;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::counter::Counter;
use crate::sync::{Mutex, thread_local_const};

/// An event, and when and where it happened.
#[derive(Clone, Debug)]
pub struct TraceEvent {
    /// The place in the order of all events of the trace, from 0.
    pub seq: u64,
    /// The time since the trace began, by the runtime's clock.
    pub time: Duration,
    /// A number for the thread, unique in the process.
    pub thread: u64,
    /// The event.
    pub event: Event,
}

/// The last events of a runtime. *Shared by* its threads. *Guarded by* the lock of each slot.
/// *Woken by* nothing.
pub struct Ring {
    clock: Clock,
    origin: Instant,
    is_on: AtomicBool,
    next: AtomicUsize,
    /// Their number is a power of two, so that a mask yields the slot of a number.
    slots: Box<[Mutex<Option<StoredEvent>>]>,
}

/// An event as it is stored. The time since the origin is computed when the event is read.
#[derive(Clone)]
struct StoredEvent {
    place: ReservedPlace,
    thread: u64,
    event: Event,
}

/// The number and the time of an event that is not yet written.
#[derive(Clone, Debug)]
#[must_use = "a reserved place that is not filled counts as a lost event"]
pub struct ReservedPlace {
    number: usize,
    time: Instant,
}

static THREADS: Counter = Counter::new();

thread_local_const! {
    /// The number of this thread, or `u64::MAX` before its first event.
    static THREAD: std::cell::Cell<u64> = std::cell::Cell::new(u64::MAX)
}

#[inline]
fn thread_number() -> u64 {
    THREAD.with(|thread| {
        if thread.get() == u64::MAX {
            thread.set(THREADS.next());
        }
        thread.get()
    })
}

impl Ring {
    /// A ring that is on. The number of its slots is `capacity`, rounded up to a power of two.
    /// `clock` gives the times of the events.
    pub fn new(capacity: usize, clock: Clock) -> Ring {
        let slots = (0..capacity.next_power_of_two()).map(|_| Mutex::new(None)).collect();
        let (is_on, next) = (AtomicBool::new(true), AtomicUsize::new(0));
        Ring { origin: clock.now(), clock, is_on, next, slots }
    }

    /// Returns whether events are recorded.
    #[inline]
    pub fn is_on(&self) -> bool {
        // ORDERING: Relaxed. A thread that has not yet seen the last switch records, or does not
        // record, a few more events.
        self.is_on.load(Ordering::Relaxed)
    }

    /// Starts recording, after [`stop`](Ring::stop). One number is left out, which shows readers
    /// that steps of the runtime are missing there.
    pub fn start(&self) {
        // ORDERING: Relaxed, as in `is_on`.
        if !self.is_on.swap(true, Ordering::Relaxed) {
            // ORDERING: AcqRel, as in `reserve`.
            self.next.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Stops recording. The recorded events are kept.
    pub fn stop(&self) {
        // ORDERING: Relaxed, as in `is_on`.
        self.is_on.store(false, Ordering::Relaxed);
    }

    /// Appends an event. If the ring is full, the event replaces the oldest one.
    #[inline(never)]
    pub fn record(&self, event: Event) {
        let place = self.reserve();
        self.fill(place, event);
    }

    /// Takes the next number for an event that happens now, and that is written later.
    pub fn reserve(&self) -> ReservedPlace {
        let time = self.clock.now();
        // ORDERING: AcqRel, the rule for words that several threads write. A thread that sees what
        // another thread did after its event gets a higher number.
        ReservedPlace { number: self.next.fetch_add(1, Ordering::AcqRel), time }
    }

    /// Writes the event of a reserved place. If the ring is full, the event replaces an older one.
    pub fn fill(&self, place: ReservedPlace, event: Event) {
        let mut slot = self.slots[place.number & (self.slots.len() - 1)].lock();
        // A thread that was delayed for a whole round does not overwrite a newer event.
        if slot.as_ref().is_none_or(|former| former.place.number < place.number) {
            *slot = Some(StoredEvent { place, thread: thread_number(), event });
        }
    }

    /// Copies the events, in order. Events that are recorded meanwhile may be missing.
    pub fn events(&self) -> Vec<TraceEvent> {
        let stored = self.slots.iter().filter_map(|slot| slot.lock().clone());
        let mut events: Vec<_> = stored.map(|stored| self.read(stored)).collect();
        events.sort_unstable_by_key(|recorded| recorded.seq);
        events
    }

    fn read(&self, stored: StoredEvent) -> TraceEvent {
        let StoredEvent { place: ReservedPlace { number, time }, thread, event } = stored;
        let time = time.saturating_duration_since(self.origin);
        TraceEvent { seq: number as u64, time, thread, event }
    }

    /// The instant from which the times of the events count.
    pub fn origin(&self) -> Instant {
        self.origin
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("capacity", &self.slots.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
