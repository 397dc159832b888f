//! The parker: how a loop, a worker or a blocked thread sleeps and is woken.
//!
//! ```text
//!                    unpark                         unpark: and wake the thread
//!        RUNNING ─────────────▶ NOTIFIED ◀──────────────────────────── PARKED
//!         ▲  ▲                     │                                     ▲ │
//!         │  └─────────────────────┘ take_notification, or a park        │ │ park ends
//!         │                          that returns at once                │ │ (woken, expired)
//!         └──────────────────────────────────────────────────────────────┼─┘
//!                                                    park: only from RUNNING
//! ```
//!
//! The handshake has three steps.
//!
//! - P1. A thread publishes its data first (a message in the inbox, a job in a queue), then *swaps*
//!   in NOTIFIED. Only a swap that finds PARKED makes a system call.
//! - P2. The owner checks all its sources of work, then tries RUNNING → PARKED, and sleeps only if
//!   that succeeds.
//! - P3. The owner *swaps* in RUNNING when its sleep ends. This swap reads the value that
//!   the swap of P1 wrote, so the owner sees the data published before P1.
//!
//! # The race between P1 and P2
//!
//! Data may be published after the owner has checked and before it sleeps. The swap of P1 and the
//! exchange of P2 write the same word, so one of them is first:
//!
//! ```text
//! another thread                    owner                                       the word
//!                                   P2 checks the inbox: empty                  RUNNING
//! P1 sends a message
//! P1 swaps, finds RUNNING                                                       NOTIFIED
//!                                   P2 RUNNING → PARKED fails: no sleep
//!                                   P3 swaps, finds NOTIFIED; checks again      RUNNING
//!
//!                                   P2 checks the inbox: empty                  RUNNING
//! P1 sends a message
//!                                   P2 RUNNING → PARKED succeeds: sleeps        PARKED
//! P1 swaps, finds PARKED: wakes it                                              NOTIFIED
//!                                   P3 swaps, finds NOTIFIED; checks again      RUNNING
//! ```
//!
//! Every write is a read-modify-write of one word, so no fence is needed. All unparks between two
//! sleeps count as one: a thousand wakes of a running loop make no system call, and a thousand
//! wakes of a sleeping loop make one system call.
//!
//! # Two other ways to sleep
//!
//! The handshake is the same for both ways; only the system call of P1 differs.
//!
//! - DETACHED takes the place of PARKED for a loop that the host program turns (`Runtime::turn`).
//!   The thread is in the host's own loop, so P1 signals the host: see `host_signal.rs`.
//! - POLLING takes the place of PARKED for a loop that sleeps in the selector's poll, to receive
//!   events of its sockets. std's parking token would not end that call, so P1 calls the poll
//!   waker.

use std::fmt;
use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use crate::host_signal::{Caller, HostSignal};
use crate::sync::OnceLock;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::thread::{self, Thread};

const RUNNING: usize = 0;
const NOTIFIED: usize = 1;
const PARKED: usize = 2;
const DETACHED: usize = 3;
const POLLING: usize = 4;

pub use crate::host_signal::WakeHook;

/// Ends the `poll` of a [`park_in`](Parker::park_in), even one that has not begun yet.
pub type PollWaker = Box<dyn Fn() + Send + Sync>;

/// The reason why a park ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Unparked {
    /// [`Parker::unpark`] was called, before or during the park.
    Notified,
    /// The deadline passed, or the sleep ended for another reason.
    Expired,
}

/// Lets one thread sleep until another thread wakes it.
///
/// *Shared by* its owner (the thread that made it, and the only one that parks) and the threads
/// that unpark it. *Guarded by* one atomic word. *Woken by* [`unpark`](Parker::unpark).
pub struct Parker {
    state: AtomicUsize,
    /// The owner. Other code on this thread (a nested loop, a library) may take the parking token.
    /// So the word alone says whether there is a notification, and the token only ends the sleep.
    thread: Thread,
    host: HostSignal,
    /// Set before the first poll that the waker must end.
    poll_waker: OnceLock<PollWaker>,
}

impl Parker {
    /// A parker in the state RUNNING, whose owner is the current thread.
    pub fn new() -> Parker {
        Parker {
            state: AtomicUsize::new(RUNNING),
            thread: thread::current(),
            host: HostSignal::new(),
            poll_waker: OnceLock::new(),
        }
    }

    /// Returns whether the current thread is the owner.
    pub fn is_owned_here(&self) -> bool {
        thread::current().id() == self.thread.id()
    }

    /// Notifies the owner. Never blocks, and may be called from any thread at any time.
    #[inline]
    pub fn unpark(&self) {
        let _was_parked = self.unpark_and_report();
    }

    /// Notifies the owner like [`unpark`](Parker::unpark), and returns whether it was PARKED. Of
    /// all calls between two parks, at most one returns true.
    #[inline]
    pub fn unpark_and_report(&self) -> bool {
        // ORDERING: AcqRel. Release: data published before this swap is visible after the swap of
        // P3. Acquire is not needed, because a read-modify-write continues the release sequence of
        // an earlier unpark that it replaces; AcqRel is the rule for words that several threads
        // write.
        let before = self.state.swap(NOTIFIED, Ordering::AcqRel);
        match before {
            PARKED => self.thread.unpark(),
            DETACHED => self.signal_host(),
            POLLING => self.end_poll(),
            _running_or_notified => {}
        }
        before == PARKED
    }

    #[cold]
    fn end_poll(&self) {
        if let Some(poll_waker) = self.poll_waker.get() {
            poll_waker();
        }
    }

    #[cold]
    fn signal_host(&self) {
        let caller = if self.is_owned_here() { Caller::Owner } else { Caller::OtherThread };
        let call = self.host.begin_call(caller);
        if call.uses_poll_waker {
            self.end_poll();
        }
        if call.run(&self.host) {
            self.thread.unpark(); // the owner, in `set_hook`
        }
    }

    /// Sets, replaces or removes the hook of the host. The first unpark of a
    /// [detached](Parker::detach) loop calls the hook, on the thread that unparks, and catches its
    /// panic. The owner calls this method.
    ///
    /// When this method returns, the former hook is dropped, and no other thread runs it. An unpark
    /// that has called the former hook is not announced again to the new one.
    ///
    /// # Blocking
    /// Waits while another thread runs the former hook.
    pub fn set_hook(&self, hook: Option<WakeHook>) {
        self.host.replace_hook(hook);
        while self.host.is_hook_running() {
            thread::park();
        }
    }

    /// Lets the first unpark of a [detached](Parker::detach) loop call the [poll
    /// waker](Parker::set_poll_waker), too, because the host watches the selector's descriptor.
    pub fn signal_host_by_poll_waker(&self) {
        self.host.use_poll_waker();
    }

    /// Returns whether there is a notification. The owner calls it in each turn, as a hint: it may
    /// miss a new notification.
    #[inline]
    pub fn is_notified(&self) -> bool {
        // ORDERING: Relaxed. A notification that is missed here is found by a later call, and at
        // the latest by `park`, whose exchange fails.
        self.state.load(Ordering::Relaxed) == NOTIFIED
    }

    /// Takes the notification, if there is one. The owner calls this, and then checks for work.
    #[inline]
    pub fn take_notification(&self) -> bool {
        self.is_notified() && {
            // ORDERING: AcqRel. Acquire: pairs with the swap in `unpark`, so that the owner's next
            // check sees the data. Release: AcqRel is the rule for words that several threads
            // write.
            self.state.swap(RUNNING, Ordering::AcqRel);
            true
        }
    }

    /// Sleeps until [`unpark`](Parker::unpark) or, if given, until `deadline`. Only the owner calls
    /// it.
    ///
    /// Returns at once if there is a notification already. An unpark is never lost, and never
    /// reported twice.
    ///
    /// # Blocking
    /// Blocks the thread.
    pub fn park(&self, deadline: Option<Instant>) -> Unparked {
        if !self.try_park(PARKED) {
            return Unparked::Notified;
        }
        self.sleep(deadline)
    }

    /// Sleeps like [`park`](Parker::park) without a deadline. Calls `on_parked` before the sleep,
    /// but not if it returns at once.
    ///
    /// The state is PARKED while `on_parked` runs. So exactly one
    /// [`unpark_and_report`](Parker::unpark_and_report), during that call or after it, returns
    /// true. `on_parked` must not panic.
    ///
    /// # Blocking
    /// Blocks the thread.
    pub fn park_with(&self, on_parked: impl FnOnce()) {
        if self.try_park(PARKED) {
            on_parked();
            let _ = self.sleep(None);
        }
    }

    /// Sets the waker that interrupts the `poll` of [`park_in`](Parker::park_in). A second call
    /// does nothing.
    pub fn set_poll_waker(&self, poll_waker: PollWaker) {
        let _there_is_one = self.poll_waker.set(poll_waker);
    }

    /// Sleeps like [`park`](Parker::park), but inside `poll`. The
    /// [poll waker](Parker::set_poll_waker) ends `poll`, which may also return for any other
    /// reason. The owner calls this method.
    ///
    /// `poll` is not called if there is a notification already. It must not panic.
    ///
    /// # Blocking
    /// Blocks the thread for as long as `poll` does.
    #[inline]
    pub fn park_in(&self, poll: impl FnOnce()) -> Unparked {
        if !self.try_park(POLLING) {
            return Unparked::Notified;
        }
        poll();
        self.end_park()
    }

    fn sleep(&self, deadline: Option<Instant>) -> Unparked {
        loop {
            let expired = match deadline {
                Some(deadline) => thread::park_until(deadline),
                None => {
                    thread::park();
                    false
                }
            };
            // ORDERING: Acquire, as in the swap of `end_park`, which follows if this load reads
            // NOTIFIED. After a spurious wake-up this load reads PARKED.
            if expired || self.state.load(Ordering::Acquire) != PARKED {
                return self.end_park();
            }
        }
    }

    /// Detaches the loop from its thread, which the host uses until [`attach`](Parker::attach). The
    /// first unpark before that signals the host.
    ///
    /// If there is a notification already, takes it and returns false.
    #[must_use]
    pub fn detach(&self) -> bool {
        self.try_park(DETACHED)
    }

    /// Ends [`detach`](Parker::detach), and returns whether there was an unpark meanwhile.
    pub fn attach(&self) -> bool {
        self.end_park() == Unparked::Notified
    }

    /// Step P2. Takes the notification if the exchange fails.
    fn try_park(&self, how: usize) -> bool {
        // ORDERING: AcqRel / Acquire. Neither is needed here: success publishes nothing, and
        // after a failure the swap of `end_park` acquires the unparker's data. AcqRel is the rule
        // for words that several threads write.
        let is_parked =
            self.state.compare_exchange(RUNNING, how, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if !is_parked {
            let _ = self.end_park();
        }
        is_parked
    }

    /// Step P3.
    fn end_park(&self) -> Unparked {
        // ORDERING: AcqRel. Acquire: pairs with the swap in `unpark`.
        match self.state.swap(RUNNING, Ordering::AcqRel) {
            NOTIFIED => Unparked::Notified,
            _not_notified => Unparked::Expired,
        }
    }
}

impl Default for Parker {
    fn default() -> Parker {
        Parker::new()
    }
}

/// As a waker, a parker wakes its owner.
impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // ORDERING: Relaxed. The state is only printed.
        let state = match self.state.load(Ordering::Relaxed) {
            RUNNING => "running",
            NOTIFIED => "notified",
            PARKED => "parked",
            DETACHED => "detached",
            _ => "polling",
        };
        f.debug_struct("Parker").field("state", &state).finish_non_exhaustive()
    }
}
