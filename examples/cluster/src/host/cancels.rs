//! [`Cancels`]: the jobs whose callers no longer wait.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};

use event_listener::Event;

/// The ids that are remembered. A job that waits in the queue longer than this many cancels runs in
/// vain.
const REMEMBERED: usize = 100_000;

/// The ids of cancelled jobs: of queued ones, which this host may get, and of running ones.
#[derive(Default)]
pub(super) struct Cancels {
    ids: RefCell<Remembered>,
    changed: Event,
}

#[derive(Default)]
struct Remembered {
    set: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Cancels {
    pub(super) fn insert(&self, id: String) {
        let mut ids = self.ids.borrow_mut();
        if ids.set.insert(id.clone()) {
            ids.oldest_first.push_back(id);
        }
        if ids.oldest_first.len() > REMEMBERED
            && let Some(oldest) = ids.oldest_first.pop_front()
        {
            ids.set.remove(&oldest);
        }
        drop(ids);
        self.changed.notify(usize::MAX);
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.ids.borrow().set.contains(id)
    }

    /// Waits until the job is cancelled.
    pub(super) async fn wait(&self, id: &str) {
        loop {
            let listener = self.changed.listen();
            if self.contains(id) {
                return;
            }
            listener.await;
        }
    }
}
