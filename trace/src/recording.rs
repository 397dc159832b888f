//! A recording: the events of one runtime, in order.

use std::time::Instant;

use runtime_core::record::ring::{Ring, TraceEvent};

/// The events of one runtime, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The events. Their numbers increase. A number that is missing belongs to an event that was
    /// lost: it was overwritten by a newer one, or it was not yet written when the copy was made.
    pub events: Vec<TraceEvent>,
    /// The instant from which the times of the events count. Without it, the times of deadlines are
    /// not known, and count as 0.
    pub origin: Option<Instant>,
}

impl Recording {
    /// Copies the events of a ring.
    pub fn of(ring: &Ring) -> Recording {
        Recording { events: ring.events(), origin: Some(ring.origin()) }
    }

    /// The number of lost events: those before the first one, and the gaps.
    pub fn lost(&self) -> u64 {
        let last = self.events.last().map_or(0, |event| event.seq + 1);
        last.saturating_sub(self.events.len() as u64)
    }

    /// Returns whether the recording begins with the first event of the runtime.
    pub fn is_whole(&self) -> bool {
        self.lost() == 0
    }
}
