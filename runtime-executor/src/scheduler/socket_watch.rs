//! The helper thread of a host that cannot watch a descriptor.
//!
//! The helper waits until the selector has events, consumes none of them, and unparks the loop. A
//! detached loop then calls the host's hook, as for a wake.
//!
//! The selector keeps reporting its events until a turn receives them. The helper therefore waits
//! only once for each detachment of the loop:
//!
//! - K1. The loop is detached, and arms the helper.
//! - K2. The armed helper waits for the selector.
//! - K3. There are events. The helper is no longer armed, and *then* unparks the loop.
//! - K4. The host turns the loop, which receives the events and is detached again: K1.
//!
//! While the helper is armed, K1 does nothing: a turn without events makes no system call for the
//! helper. The order of K3 matters. If the unpark came first, the host could turn the loop before
//! the helper is disarmed. K1 would do nothing, and nobody would watch the selector any more.

use std::fmt;
use std::io;
use std::sync::Arc;

use runtime_core::park::Parker;
use runtime_core::sync::Mutex;

use crate::reactor::{Selector, WaitUntilReadable};
use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// The body of the helper thread, made by
/// [`EventLoop::socket_watcher`](crate::EventLoop::socket_watcher).
pub struct SocketWatcher {
    watch: SocketWatch,
    event_loop: Arc<Shared<Message>>,
    wait: Box<dyn WaitUntilReadable>,
}

/// Arms and stops the helper thread. Cheap to clone.
#[derive(Clone)]
pub struct SocketWatch {
    parts: Arc<WatchParts>,
}

/// *Shared by* the loop's thread and the helper. *Guarded by* its mutex. *Woken by*
/// [`arm`](SocketWatch::arm) and [`stop`](SocketWatch::stop).
struct WatchParts {
    /// Keeps the selector open for the helper, until the helper has ended.
    selector: Arc<dyn Selector>,
    state: Mutex<WatchState>,
}

struct WatchState {
    phase: WatchPhase,
    /// Present once the helper runs.
    helper: Option<Arc<Parker>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WatchPhase {
    Idle,
    Armed,
    Stopped,
}

impl SocketWatcher {
    pub(crate) fn new(
        event_loop: Arc<Shared<Message>>,
        selector: Arc<dyn Selector>,
    ) -> io::Result<SocketWatcher> {
        let wait = selector.watch()?;
        let state = WatchState { phase: WatchPhase::Idle, helper: None };
        let parts = WatchParts { selector, state: Mutex::new(state) };
        Ok(SocketWatcher { watch: SocketWatch { parts: Arc::new(parts) }, event_loop, wait })
    }

    /// Returns the value that arms and stops this watcher.
    pub fn watch(&self) -> SocketWatch {
        self.watch.clone()
    }

    /// Watches the selector until [`SocketWatch::stop`].
    ///
    /// # Blocking
    /// Blocks the thread, which must not be the loop's.
    pub fn run(mut self) {
        let parker = Arc::new(Parker::new());
        self.watch.parts.state.lock().helper = Some(Arc::clone(&parker));
        loop {
            let phase = self.watch.parts.state.lock().phase;
            match phase {
                WatchPhase::Stopped => return,
                WatchPhase::Idle => drop(parker.park(None)),
                WatchPhase::Armed => {
                    // After an error, too, a turn is the answer: its poll gets the same error, and
                    // reports it to the tasks.
                    let _readable = self.wait.wait_until_readable();
                    if self.watch.disarm() {
                        self.event_loop.parker.unpark();
                    }
                }
            }
        }
    }
}

impl SocketWatch {
    /// Lets the helper wait for events once (K1).
    pub fn arm(&self) {
        let mut state = self.parts.state.lock();
        if state.phase != WatchPhase::Idle {
            return;
        }
        state.phase = WatchPhase::Armed;
        let helper = state.helper.clone();
        drop(state);
        if let Some(helper) = helper {
            helper.unpark();
        }
    }

    /// The first half of K3. Returns whether the helper was armed and not stopped.
    fn disarm(&self) -> bool {
        let mut state = self.parts.state.lock();
        let was_armed = state.phase == WatchPhase::Armed;
        if was_armed {
            state.phase = WatchPhase::Idle;
        }
        was_armed
    }

    /// Ends [`SocketWatcher::run`]. The loop must not be turned any more, because it would consume
    /// the wake of the selector.
    pub fn stop(&self) {
        let mut state = self.parts.state.lock();
        state.phase = WatchPhase::Stopped;
        let helper = state.helper.clone();
        drop(state);
        self.parts.selector.wake();
        if let Some(helper) = helper {
            helper.unpark();
        }
    }
}

impl fmt::Debug for SocketWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocketWatcher")
    }
}

impl fmt::Debug for SocketWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocketWatch")
    }
}
