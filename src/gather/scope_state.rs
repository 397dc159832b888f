//! The state that a scope's future shares with its [`Scope`](super::Scope) handles.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;

/// *Shared by* the scope's future and its handles, by `Rc`: all are on one thread.
pub(super) struct ScopeState<'env> {
    pub(super) phase: Cell<ScopePhase>,
    /// Spawned children that the scope's poll has not taken yet, in the order of their spawning.
    pub(super) spawned: RefCell<Vec<BoxedChild<'env>>>,
    /// The scope was cancelled: its poll must drop the children that it has taken.
    pub(super) cancelled: Cell<bool>,
    /// The waker of the scope itself, which belongs to a slot without a child.
    pub(super) waker: Waker,
}

pub(super) type BoxedChild<'env> = Pin<Box<dyn Future<Output = ()> + 'env>>;

/// The phases of a scope's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopePhase {
    /// Not being polled: every change must wake the scope.
    Idle,
    /// Being polled: the poll looks for changes before it returns.
    Polled,
    /// Finished, panicked or dropped: new children are refused.
    Ended,
}

/// Ends a scope when dropped: refuses new children, then drops the spawned children that no poll
/// has taken yet.
pub(super) struct ScopeEnd<'env> {
    pub(super) state: Rc<ScopeState<'env>>,
}

impl Drop for ScopeEnd<'_> {
    fn drop(&mut self) {
        self.state.phase.set(ScopePhase::Ended);
        drop(self.state.spawned.take());
    }
}

/// One poll of a scope. If it is dropped without a call of [`pending`](ScopePoll::pending), the
/// scope has ended: it has returned its output, or has panicked.
pub(super) struct ScopePoll<'a> {
    phase: &'a Cell<ScopePhase>,
    after: ScopePhase,
}

impl<'a> ScopePoll<'a> {
    pub(super) fn begin(state: &'a ScopeState<'_>) -> Self {
        state.phase.set(ScopePhase::Polled);
        Self { phase: &state.phase, after: ScopePhase::Ended }
    }

    /// Ends a poll after which the scope continues.
    pub(super) fn pending(mut self) {
        self.after = ScopePhase::Idle;
    }
}

impl Drop for ScopePoll<'_> {
    fn drop(&mut self) {
        self.phase.set(self.after);
    }
}
