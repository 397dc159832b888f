//! [`PendingCalls`]: the calls of a client that have no answer yet.

use std::collections::HashMap;
use std::rc::Rc;

use async_channel::Sender;

use crate::message::{Answer, Job};

/// A job, and the queue in which it belongs.
#[derive(Clone, Debug)]
pub(super) struct QueuedJob {
    pub(super) job: Rc<Job>,
    pub(super) queue: &'static str,
}

struct PendingCall {
    /// `None` once the broker has confirmed that it has stored the job.
    unconfirmed: Option<QueuedJob>,
    answer: Sender<Answer>,
}

/// The calls without an answer, by the ids of their jobs. It outlives connections.
#[derive(Default)]
pub(super) struct PendingCalls {
    calls: HashMap<String, PendingCall>,
}

impl PendingCalls {
    pub(super) fn insert(&mut self, queued: QueuedJob, answer: Sender<Answer>) {
        let id = queued.job.id.clone();
        self.calls.insert(id, PendingCall { unconfirmed: Some(queued), answer });
    }

    /// Drops the job, which the broker has stored.
    pub(super) fn confirm(&mut self, id: &str) {
        if let Some(call) = self.calls.get_mut(id) {
            call.unconfirmed = None;
        }
    }

    /// Gives an answer to its call. There is no such call if the answer is a second one, after a
    /// job was delivered twice, or if the caller has given up.
    pub(super) fn answer(&mut self, id: &str, answer: Answer) {
        if let Some(call) = self.calls.remove(id) {
            let _sent = call.answer.try_send(answer);
        }
    }

    pub(super) fn forget(&mut self, id: &str) {
        self.calls.remove(id);
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.calls.contains_key(id)
    }

    /// Returns the jobs that a new connection must publish again.
    pub(super) fn unconfirmed(&self) -> Vec<QueuedJob> {
        self.calls.values().filter_map(|call| call.unconfirmed.clone()).collect()
    }
}
