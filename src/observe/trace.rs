//! [`Trace`]: the recorded events of a runtime.

use std::fmt;
use std::sync::Arc;

use aside_trace::Recording;
use runtime_core::clock::Clock;
use runtime_core::record::Recorder;
use runtime_core::record::ring::Ring;
use runtime_core::sync::Mutex;

/// The number of events that a trace keeps by default.
const CAPACITY: usize = 1 << 16;

/// The last events of a runtime: its loop, the wakes by other threads, and its pool.
///
/// Clones share the events: give one clone to [`Builder::record`](crate::Builder::record), and keep
/// the other. A trace belongs to one runtime.
///
/// A trace keeps a fixed number of events, 65,536 by default, which take about 5 MB. A new event
/// replaces the oldest one. The memory is allocated when the runtime is built.
///
/// # Examples
/// ```
/// use aside::{Runtime, observe::Trace};
///
/// let trace = Trace::new();
/// let runtime = Runtime::builder().record(&trace).build();
/// runtime.block_on(async { aside::spawn_blocking(|| 6 * 7).await.unwrap() });
/// drop(runtime);
/// assert!(trace.recording().is_whole());
/// ```
#[doc(alias("tracing", "console", "profile"))]
#[derive(Clone)]
pub struct Trace {
    shared: Arc<TraceShared>,
}

/// *Shared by* the clones of a trace, on any thread. *Guarded by* its mutex. *Woken by* nothing.
struct TraceShared {
    capacity: usize,
    state: Mutex<TraceState>,
}

enum TraceState {
    /// No runtime records yet.
    Unused {
        is_on: bool,
    },
    Used(Arc<Ring>),
}

impl Trace {
    /// A trace of 65,536 events, which is on.
    pub fn new() -> Trace {
        Trace::with_capacity(CAPACITY)
    }

    /// A trace of at least `events` events, which is on. The number is rounded up to a power of
    /// two. An event takes 72 bytes on 64-bit systems, and a name is kept as long as the events
    /// that mention it.
    pub fn with_capacity(events: usize) -> Trace {
        let state = Mutex::new(TraceState::Unused { is_on: true });
        Trace { shared: Arc::new(TraceShared { capacity: events, state }) }
    }

    /// Starts recording, after a [`stop`](Trace::stop).
    pub fn start(&self) {
        match &mut *self.shared.state.lock() {
            TraceState::Unused { is_on } => *is_on = true,
            TraceState::Used(ring) => ring.start(),
        }
    }

    /// Stops recording, and keeps the events. Other threads may record a few more events.
    ///
    /// While a trace is stopped, each step of its runtime costs one load and one branch. So a
    /// service can run with a stopped trace, and start it when there is a question.
    pub fn stop(&self) {
        match &mut *self.shared.state.lock() {
            TraceState::Unused { is_on } => *is_on = false,
            TraceState::Used(ring) => ring.stop(),
        }
    }

    /// Returns whether events are recorded, now or as soon as a runtime uses the trace.
    pub fn is_on(&self) -> bool {
        match &*self.shared.state.lock() {
            TraceState::Unused { is_on } => *is_on,
            TraceState::Used(ring) => ring.is_on(),
        }
    }

    /// Copies the events, at any time and on any thread. The runtime may run meanwhile; then the
    /// events of the last moments may have gaps.
    pub fn recording(&self) -> Recording {
        let ring = match &*self.shared.state.lock() {
            TraceState::Unused { .. } => return Recording::default(),
            TraceState::Used(ring) => Arc::clone(ring),
        };
        Recording::of(&ring)
    }

    /// Makes the ring, and returns the recorder of the runtime that uses this trace.
    ///
    /// # Panics
    /// If a runtime uses the trace already.
    #[track_caller]
    pub(crate) fn recorder(&self, clock: Clock) -> Recorder {
        let mut state = self.shared.state.lock();
        let TraceState::Unused { is_on } = *state else {
            drop(state);
            panic!("a trace records one runtime, and this trace was given to another one before")
        };
        let ring = Arc::new(Ring::new(self.shared.capacity, clock));
        if !is_on {
            ring.stop();
        }
        *state = TraceState::Used(Arc::clone(&ring));
        Recorder::to(ring)
    }
}

impl Default for Trace {
    fn default() -> Trace {
        Trace::new()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("is_on", &self.is_on()).finish_non_exhaustive()
    }
}
