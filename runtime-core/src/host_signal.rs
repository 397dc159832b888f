//! The signal by which a detached loop asks its host for a turn.
//!
//! The host receives the signal in two ways, and may use both:
//!
//! - a hook, which is called on the thread whose unpark requires the turn;
//! - the poll waker, which makes the descriptor of the loop's selector readable.
//!
//! The owner may replace the hook at any time, also while another thread calls it. The hook is
//! called without the lock, so an unpark never waits for user code. Each call on another thread is
//! counted, and the owner waits until the count is zero. So after a replacement the former hook
//! does not run, and its captured values are dropped. A call on the owner's own thread is not
//! counted: it has ended, or it is further up on the stack and cannot be awaited.

use std::sync::Arc;

use crate::catch_panic::{catch_panic, drop_catching};
use crate::sync::{Mutex, MutexGuard};

/// The host's hook, called by the first unpark of a detached loop.
pub type WakeHook = Box<dyn Fn() + Send + Sync>;

/// The host's settings, and the calls of its hook that are in progress.
///
/// *Shared by* the owner of a parker, which sets the hook, and the threads that unpark it. *Guarded
/// by* its mutex, which is not held while the hook runs. *Woken by* the last call that ends while
/// the owner waits: [`HookCall::run`] reports it.
pub(crate) struct HostSignal {
    state: Mutex<HostState>,
}

#[derive(Default)]
struct HostState {
    hook: Option<Arc<WakeHook>>,
    /// True if the host watches the descriptor of the loop's selector.
    uses_poll_waker: bool,
    /// The number of calls in progress on threads other than the owner.
    calls: usize,
    owner_waits: bool,
}

/// The thread that calls the hook.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Owner,
    OtherThread,
}

/// A call of the hook that has begun.
pub(crate) struct HookCall {
    hook: Option<Arc<WakeHook>>,
    caller: Caller,
    pub(crate) uses_poll_waker: bool,
}

impl HostSignal {
    pub(crate) fn new() -> HostSignal {
        HostSignal { state: Mutex::new(HostState::default()) }
    }

    fn lock(&self) -> MutexGuard<'_, HostState> {
        self.state.lock()
    }

    /// Replaces the hook. The former hook may still run on another thread.
    pub(crate) fn replace_hook(&self, hook: Option<WakeHook>) {
        let former = std::mem::replace(&mut self.lock().hook, hook.map(Arc::new));
        drop_catching(former);
    }

    /// Uses the poll waker from now on.
    pub(crate) fn use_poll_waker(&self) {
        self.lock().uses_poll_waker = true;
    }

    /// Returns whether a call is in progress on another thread. If so, the call that ends last
    /// wakes the owner.
    pub(crate) fn is_hook_running(&self) -> bool {
        let mut state = self.lock();
        state.owner_waits = state.calls > 0;
        state.owner_waits
    }

    /// Begins a call of the current hook.
    pub(crate) fn begin_call(&self, caller: Caller) -> HookCall {
        let mut state = self.lock();
        let hook = state.hook.clone();
        if hook.is_some() && caller == Caller::OtherThread {
            state.calls += 1;
        }
        HookCall { hook, caller, uses_poll_waker: state.uses_poll_waker }
    }

    /// Returns whether this was the last of the calls that the owner waits for.
    fn end_call(&self) -> bool {
        let mut state = self.lock();
        state.calls -= 1;
        state.calls == 0 && std::mem::take(&mut state.owner_waits)
    }
}

impl HookCall {
    /// Calls the hook, and catches its panic. Returns whether the owner waits for the end of this
    /// call and must be woken.
    pub(crate) fn run(self, signal: &HostSignal) -> bool {
        let Some(hook) = self.hook else { return false };
        catch_panic(&**hook);
        // If the hook has been replaced, this was its last reference.
        drop_catching(hook);
        self.caller == Caller::OtherThread && signal.end_call()
    }
}
