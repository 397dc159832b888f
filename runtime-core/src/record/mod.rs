//! The recorder: events of a runtime, in order, from all of its threads.
//!
//! Without the feature `record`, a [`Recorder`] has no size and [`Recorder::record`] is empty, so
//! that the code that calls it costs nothing. With the feature, a recorder is either off, which
//! costs one predictable branch for each event, or it writes to a [`ring`] of fixed size.
//!
//! An event is numbered *before* the action that another thread may see (a wake before its swap, a
//! job before it can be taken) and *after* the action that shows what another thread did (a message
//! after it was received, a job after it was taken). So the order of the numbers is true to each
//! thread, and to each pair of a wake and the poll, or of a submit and the run, that it causes. The
//! order of two events that do not affect each other is arbitrary.

pub mod event;
#[cfg(feature = "record")]
pub mod ring;

#[cfg(feature = "record")]
use std::sync::Arc;

use event::Event;

/// The way of one runtime's events to its trace. Clones record into the same trace.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    #[cfg(feature = "record")]
    ring: Option<Arc<ring::Ring>>,
}

impl Recorder {
    /// A recorder that records nothing.
    pub const fn off() -> Recorder {
        Recorder {
            #[cfg(feature = "record")]
            ring: None,
        }
    }

    /// A recorder that writes to `ring`.
    #[cfg(feature = "record")]
    pub fn to(ring: Arc<ring::Ring>) -> Recorder {
        Recorder { ring: Some(ring) }
    }

    /// Records the event that the closure returns. The closure is not called if the recorder is
    /// off.
    #[inline(always)]
    pub fn record(&self, event: impl FnOnce() -> Event) {
        #[cfg(feature = "record")]
        if let Some(ring) = &self.ring
            && ring.is_on()
        {
            ring.record(event());
        }
        #[cfg(not(feature = "record"))]
        let _ = event;
    }

    /// Like [`record`](Recorder::record), if the closure returns an event.
    #[inline(always)]
    pub fn record_if(&self, event: impl FnOnce() -> Option<Event>) {
        #[cfg(feature = "record")]
        if let Some(ring) = &self.ring
            && ring.is_on()
            && let Some(event) = event()
        {
            ring.record(event);
        }
        #[cfg(not(feature = "record"))]
        let _ = event;
    }

    /// Performs an action that other threads may see, and records an event that depends on the
    /// result. The event is numbered before the action.
    #[inline(always)]
    pub fn record_around<R>(
        &self,
        action: impl FnOnce() -> R,
        event: impl FnOnce(&R) -> Event,
    ) -> R {
        #[cfg(feature = "record")]
        if let Some(ring) = &self.ring
            && ring.is_on()
        {
            let place = ring.reserve();
            let result = action();
            ring.fill(place, event(&result));
            return result;
        }
        #[cfg(not(feature = "record"))]
        let _ = event;
        action()
    }
}
