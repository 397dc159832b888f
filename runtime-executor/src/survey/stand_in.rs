//! A stand-in for a stored waker, which notes by which task it is replaced.
//!
//! Some combinators give each child a waker of its own, which leads to the task only when it is
//! woken. To find the task behind such a waker, the survey puts a *stand-in* in its place, which
//! forwards wakes to it, and wakes it. The task then polls the child again, as after any spurious
//! wake-up, and the child stores its waker again. This drops the stand-in during the poll of the
//! task, and the stand-in notes that task.
//!
//! ```text
//! timer            stand-in            the loop
//! child's waker                        T1: takes the waker, stores a stand-in for it
//! stand-in       ─ forwards ─▶ child's waker
//!                                      T2: wakes the child's waker
//!                                      T3: polls task 3: its group polls the child,
//! child's waker                            which stores its waker again,
//!                  is dropped              and the dropped stand-in notes task 3
//! ```
//!
//! No wake is lost: until it is replaced, a stand-in wakes the waker for which it stands. A
//! stand-in that is woken by the timer notes nothing, because the wait is over.
//!
//! Several surveys of a loop may be open at a time. They share the stand-ins, so stand-ins never
//! stand for each other. A stand-in that is still in its place when a survey ends is *left*: later
//! surveys leave it alone.

use std::mem;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use runtime_core::context;
use runtime_core::metadata::Id;
use runtime_core::sync::Mutex;

use crate::scheduler::current;
use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// The number of a wait in its survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitNumber(pub(super) usize);

/// The tasks that have replaced stand-ins. `None` is the main future.
///
/// *Shared by* the stand-ins of one survey, on any thread. *Guarded by* its mutex. *Woken by*
/// nothing.
pub(super) struct Sightings {
    shared: Weak<Shared<Message>>,
    seen: Mutex<Vec<(WaitNumber, Option<Id>)>>,
}

impl Sightings {
    pub(super) fn new(shared: &Arc<Shared<Message>>) -> Arc<Sightings> {
        Arc::new(Sightings { shared: Arc::downgrade(shared), seen: Mutex::new(Vec::new()) })
    }

    /// Takes the sightings so far.
    pub(super) fn take(&self) -> Vec<(WaitNumber, Option<Id>)> {
        mem::take(&mut *self.seen.lock())
    }

    /// Notes the task that the loop is polling. Does nothing on any other thread, and in a loop
    /// inside this loop.
    fn note(&self, wait: WaitNumber) {
        let Some(core) = current::turning() else { return };
        if std::ptr::eq(Arc::as_ptr(&core.shared), self.shared.as_ptr()) {
            self.seen.lock().push((wait, context::task()));
        }
    }
}

/// Forwards wakes to the waker whose place it has taken.
///
/// *Shared by* the place that stores it and, for moments, the surveys. *Guarded by* its mutex.
/// *Woken by* the thing for which the task waits.
pub(super) struct StandIn {
    inner: Waker,
    watch: Mutex<Watch>,
}

/// The surveys that an end of the stand-in interests.
#[derive(Default)]
struct Watch {
    watchers: Vec<(WaitNumber, Arc<Sightings>)>,
    is_left: bool,
}

impl StandIn {
    /// Step T1. Puts a stand-in into the place of a stored waker. Runs no foreign code.
    pub(super) fn replace(stored: &mut Waker) -> Arc<StandIn> {
        let inner = mem::replace(stored, Waker::noop().clone());
        let stand_in = Arc::new(StandIn { inner, watch: Mutex::new(Watch::default()) });
        *stored = Waker::from(Arc::clone(&stand_in));
        stand_in
    }

    /// Notes the task that replaces this stand-in for a survey. Returns false if the stand-in is
    /// left.
    pub(super) fn watch(&self, wait: WaitNumber, sightings: &Arc<Sightings>) -> bool {
        let mut watch = self.watch.lock();
        if watch.is_left {
            return false;
        }
        watch.watchers.push((wait, Arc::clone(sightings)));
        true
    }

    /// Step T2. The stand-in stays in its place.
    pub(super) fn wake_inner(&self) {
        self.inner.wake_by_ref();
    }

    /// Notes that the survey has ended and the stand-in is still in its place.
    pub(super) fn leave(&self, sightings: &Arc<Sightings>) {
        let mut watch = self.watch.lock();
        watch.is_left = true;
        watch.watchers.retain(|(_, watcher)| !Arc::ptr_eq(watcher, sightings));
    }
}

impl Wake for StandIn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.watch.lock() = Watch { watchers: Vec::new(), is_left: true };
        self.inner.wake_by_ref();
    }
}

/// Step T3.
impl Drop for StandIn {
    fn drop(&mut self) {
        for (wait, sightings) in mem::take(&mut self.watch.get_mut().watchers) {
            sightings.note(wait);
        }
    }
}
