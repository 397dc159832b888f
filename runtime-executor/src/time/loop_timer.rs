//! The timers of a loop, as the sleeps that own them reach them from any thread.

use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};

use runtime_core::catch_panic::drop_catching;

use crate::scheduler::core::Core;
use crate::scheduler::current;
use crate::scheduler::shared::Shared;
use crate::task::waker::Message;
use crate::time::timer_queue::TimerKey;

/// Returns whether a timer of this loop has fired. False if this thread is not turning the loop.
#[inline]
pub(crate) fn has_fired(key: TimerKey, shared: &Arc<Shared<Message>>) -> bool {
    let core = current::turning().filter(|core| Arc::ptr_eq(&core.shared, shared));
    core.is_some_and(|core| !core.timers.borrow().contains(key))
}

/// Replaces the waker of a timer, unless the stored waker wakes the same task. Returns `Ready` if
/// the timer has fired.
#[inline]
pub(crate) fn renew(key: TimerKey, core: &Core, waker: &Waker) -> Poll<()> {
    match core.timers.borrow_mut().get_mut(key) {
        None => return Poll::Ready(()),
        Some(stored) if stored.will_wake(waker) => return Poll::Pending,
        Some(_) => {}
    }
    // A waker is cloned and dropped while nothing is borrowed: both are foreign code.
    let mut waker = waker.clone();
    if let Some(stored) = core.timers.borrow_mut().get_mut(key) {
        mem::swap(stored, &mut waker);
    }
    drop_catching(waker);
    Poll::Pending
}

/// Removes a timer from a loop: at once if this thread is turning the loop, otherwise by a command.
#[inline]
pub(crate) fn remove(key: TimerKey, shared: &Arc<Shared<Message>>) {
    match current::turning().filter(|core| Arc::ptr_eq(&core.shared, shared)) {
        Some(core) => remove_here(key, &core),
        None => {
            let command = move || {
                if let Some(core) = current::turning() {
                    remove_here(key, &core);
                }
            };
            // If the loop is gone, there is no timer to remove.
            shared.post_command(command);
        }
    }
}

/// Removes a timer from a loop that this thread does not turn, and wakes the task that waits for
/// it.
pub(crate) fn wake(key: TimerKey, shared: &Arc<Shared<Message>>) {
    let command = move || {
        let timer = current::turning().and_then(|core| core.remove_timer(key));
        if let Some(waker) = timer {
            waker.wake();
        }
    };
    // If the loop is gone, there is no timer.
    shared.post_command(command);
}

#[inline]
fn remove_here(key: TimerKey, core: &Core) {
    drop_catching(core.remove_timer(key));
}
