//! The cores on which threads run.
//!
//! Elsewhere than on Linux, no thread knows its core.

#[cfg(target_os = "linux")]
use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
#[cfg(target_os = "linux")]
use nix::unistd::Pid;

use crate::worker::current::CoreId;

/// The core on which this thread runs. It may be another one at any time.
#[inline]
pub(super) fn current() -> Option<CoreId> {
    #[cfg(target_os = "linux")]
    return sched_getcpu().ok().map(CoreId);
    #[cfg(not(target_os = "linux"))]
    return None;
}

/// While this exists, its thread runs on one core, and so would a thread that it starts. Dropping
/// it lifts the restriction.
pub(super) struct Restriction {
    /// The cores on which the thread may run otherwise.
    #[cfg(target_os = "linux")]
    permitted: CpuSet,
}

impl Restriction {
    /// Moves this thread to a core, and restricts it to that core. Returns `None` if the thread
    /// must not run there, may run nowhere else, or if the system refuses.
    #[cfg(target_os = "linux")]
    pub(super) fn new(core: CoreId) -> Option<Restriction> {
        let permitted = sched_getaffinity(Pid::from_raw(0)).ok()?;
        if permitted.is_set(core.0) != Ok(true) {
            return None;
        }
        let mut only = CpuSet::new();
        only.set(core.0).ok()?;
        if only == permitted {
            return None;
        }
        sched_setaffinity(Pid::from_raw(0), &only).ok()?;
        Some(Restriction { permitted })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn new(_: CoreId) -> Option<Restriction> {
        None
    }
}

#[cfg(target_os = "linux")]
impl Drop for Restriction {
    fn drop(&mut self) {
        // Refused only if the process may no longer use any of these cores. Then the system has
        // moved the thread to others itself.
        let _refused = sched_setaffinity(Pid::from_raw(0), &self.permitted);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
