//! The reactor of a build without sockets (without the feature `net`, or not on Unix). It offers
//! the scheduler the interface of the real reactor, and does nothing.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use runtime_core::park::{Parker, Unparked};
use runtime_core::record::Recorder;
use runtime_core::task_list::Wait;

pub(crate) use DisabledPollerSlot as PollerSlot;
pub(crate) use DisabledReactor as Reactor;
pub(crate) use NoSelector as OpenSelector;

/// The selector type of a build without sockets. It has no values, so no selector can be given to a
/// loop.
#[derive(Debug)]
pub enum NoSelector {}

/// A reactor that accepts no registration.
#[derive(Debug)]
pub(crate) struct DisabledReactor;

impl DisabledReactor {
    pub(crate) fn new(_open: Option<NoSelector>, _recorder: Recorder) -> Arc<DisabledReactor> {
        Arc::new(DisabledReactor)
    }

    pub(crate) fn visit_waiters(&self, _visit: &mut dyn FnMut(Wait, &mut Waker)) {}
}

/// A slot that is always empty.
#[derive(Default)]
pub(crate) struct DisabledPollerSlot {}

impl DisabledPollerSlot {
    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    pub(crate) fn is_full(&self) -> bool {
        false
    }

    pub(crate) fn count_polls(&self, _polls: usize) {}

    pub(crate) fn set_due(&self) {}

    pub(crate) fn poll_if_due(&self) {}

    pub(crate) fn poll(&self) {}

    pub(crate) fn park(&self, parker: &Parker, until: Option<Instant>) -> Unparked {
        parker.park(until)
    }

    pub(crate) fn close(&self) {}
}
