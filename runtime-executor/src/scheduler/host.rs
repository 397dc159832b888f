//! A loop inside the loop of a host program.
//!
//! Between two turns the thread is in the host's loop, which sleeps until the host's own events
//! arrive. The host must learn of everything that requires a turn:
//!
//! - timers, and tasks that are still ready, from the report of the last turn or from `next_turn`;
//! - events of sockets from the selector's descriptor, which is readable while there are events;
//! - wakes of other threads, and of the host's own code, from a signal: a call of the host's hook,
//!   or an event of the poll waker, which makes the same descriptor readable.
//!
//! The steps of the handshake:
//!
//! - H1. At the end of a turn that reports no ready task, the loop *detaches*: it tries RUNNING →
//!   DETACHED. If this fails there was a wake, and the turn reports `Now`.
//! - H2. A wake that finds DETACHED signals the host. Later wakes find NOTIFIED and do nothing.
//! - H3. The next turn *attaches*: it swaps in RUNNING, and receives the messages of the wakes. Its
//!   poll of the selector consumes the event of the poll waker.
//!
//! # The race between H1 and H2
//!
//! The report of a turn may be out of date before the host has read it:
//!
//! ```text
//! another thread                   the loop's thread                            the word
//!                                  the turn finds nothing ready                 RUNNING
//! sends a message
//! swaps, finds RUNNING                                                          NOTIFIED
//!                                  H1 fails: the turn reports `Now`             RUNNING
//!
//!                                  the turn finds nothing ready                 RUNNING
//!                                  H1: the turn reports a deadline              DETACHED
//! sends a message
//! swaps, finds DETACHED                                                         NOTIFIED
//! H2 signals the host
//!                                  the host begins to sleep: the descriptor
//!                                  is readable, or its own event is queued
//! ```
//!
//! The signal may thus come before the sleep. A descriptor stays readable until the turn, and a
//! hook must do something that lasts, such as sending an event to the host's queue.

use std::sync::Arc;

use runtime_core::park::WakeHook;

use crate::scheduler::event_loop::EventLoop;
use crate::scheduler::report::NextTurn;

impl EventLoop {
    /// Returns when the next turn is due, without a turn, and detaches the loop like
    /// [`turn`](EventLoop::turn).
    ///
    /// While the loop is being turned, by a call further up on this thread's stack, the answer is
    /// [`NextTurn::OnWake`]: no nested call can turn the loop.
    pub fn next_turn(&self) -> NextTurn {
        let Ok(mut scheduler) = self.scheduler.try_borrow_mut() else { return NextTurn::OnWake };
        scheduler.notified |= self.core.shared.parker.attach();
        if scheduler.is_anything_ready() || self.core.poller.is_full() {
            return NextTurn::Now;
        }
        if !self.detach() {
            scheduler.notified = true;
            return NextTurn::Now;
        }
        let deadline = self.core.timers.borrow().next_deadline();
        deadline.map_or(NextTurn::OnWake, NextTurn::At)
    }

    /// Sets or replaces the hook that is called when a detached loop needs a turn. The hook is
    /// called at most once per turn, on the thread whose wake requires the turn. If a turn may be
    /// due already, the hook is called at once. It is also called at the end of a
    /// [`block_on`](EventLoop::block_on) or a [`drain`](EventLoop::drain) that leaves ready tasks
    /// or timers.
    ///
    /// When this method returns, the former hook is dropped, and no other thread runs it.
    ///
    /// # Blocking
    /// Waits while another thread runs the former hook.
    pub fn set_wake_hook(&self, hook: WakeHook) {
        self.core.shared.parker.set_hook(Some(hook));
        self.attend();
    }

    /// Sets a function that is called each time that the loop is detached, on the loop's thread,
    /// and once by this call. A second call of this method does nothing.
    pub fn set_on_detach(&self, on_detach: Box<dyn Fn()>) {
        let _there_is_one = self.host.on_detach.set(on_detach);
        self.attend();
    }

    /// Records that the host receives signals, and announces what has not been announced to it.
    pub(crate) fn attend(&self) {
        self.host.is_attended.set(true);
        self.announce();
    }

    /// Detaches an attended loop after a call that has reported nothing to the host. If a turn may
    /// be due, signals the host.
    pub(crate) fn announce(&self) {
        if !self.host.is_attended.get() {
            return;
        }
        // The turn in progress will report to the host, or detach the loop.
        let Ok(scheduler) = self.scheduler.try_borrow() else { return };
        let mut is_due = scheduler.is_anything_ready() || !self.core.timers.borrow().is_empty();
        drop(scheduler);
        let parker = &self.core.shared.parker;
        is_due |= parker.attach();
        while !self.detach() {
            is_due = true;
        }
        if is_due {
            parker.unpark();
        }
    }

    /// Step H1. Returns false if a turn is due at once; the notification is taken.
    pub(crate) fn detach(&self) -> bool {
        let parker = &self.core.shared.parker;
        if !self.host.is_attended.get() {
            return !parker.take_notification();
        }
        let is_detached = parker.detach();
        if is_detached && let Some(on_detach) = self.host.on_detach.get() {
            on_detach();
        }
        is_detached
    }

    /// Removes the hook at the end of the loop. In a forked child no other thread can run it.
    pub(crate) fn release_host(&self) {
        let shared = Arc::clone(&self.core.shared);
        if self.host.is_attended.get() && shared.process.check().is_ok() {
            shared.parker.set_hook(None);
        }
    }
}
