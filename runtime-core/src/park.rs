//! How the loop, a worker or a blocked thread sleeps and is woken.
//!
//! ```text
//!                    unpark                         unpark: and wake the thread
//!        RUNNING ─────────────▶ NOTIFIED ◀──────────────────────────── PARKED
//!         ▲  ▲                     │                                     ▲ │
//!         │  └─────────────────────┘ take_notice, or a park              │ │ park ends
//!         │                          that returns at once                │ │ (woken, expired)
//!         └──────────────────────────────────────────────────────────────┼─┘
//!                                                    park: only from RUNNING
//! ```
//!
//! The handshake, in three steps:
//!
//! 1. Who has news publishes it first (a letter in the inbox, a job in a list), then *swaps* in
//!    NOTIFIED. Only the one that finds PARKED makes a system call.
//! 2. Who wants to sleep looks at all its news, then tries RUNNING → PARKED, and sleeps only if
//!    that succeeds.
//! 3. Who wakes *swaps* in RUNNING, and by that reads what was published before the swap of 1.
//!
//! The race it survives: news that comes between the look and the sleep. Then 1 comes before 2 in
//! the order of the one word, so 2 finds NOTIFIED and does not sleep; or it comes after, and then
//! 1 finds PARKED and wakes. Every write is a read-modify-write on the same word, so no fence is
//! needed. Many unparks between two sleeps are one: a thousand wakes of a running loop make no
//! system call, and a thousand wakes of a sleeping one make one.
//!
//! AWAY is PARKED for a loop that somebody else turns (`Runtime::turn`): its thread is busy in
//! that other loop, so instead of the thread a hook is called. LISTENING is PARKED for a loop that
//! sleeps in a system call of its own, where it listens to its sockets: std's token would not end
//! that, so an alarm is rung. The handshake is the same for all three; only step 1's system call
//! is another.

use std::fmt;
use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use crate::catch_panic::catch_panic;
use crate::sync::OnceLock;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::thread::{self, Thread};

const RUNNING: usize = 0;
const NOTIFIED: usize = 1;
const PARKED: usize = 2;
const AWAY: usize = 3;
const LISTENING: usize = 4;

/// Called when a loop that was left AWAY has news.
pub type WakeHook = Box<dyn Fn() + Send + Sync>;

/// Ends a [sleep elsewhere](Parker::park_in), from another thread: also one that has not yet begun.
pub type Alarm = Box<dyn Fn() + Send + Sync>;

/// Why a park ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Unparked {
    /// Somebody called [`Parker::unpark`], before or during the park.
    Notified,
    /// The deadline passed, or the sleep ended for another reason.
    Expired,
}

/// The place where one thread sleeps.
///
/// *Shared by* the thread that made it, which alone parks, and whoever has news for it.
/// *Guarded by* one atomic word. *Woken by* [`unpark`](Parker::unpark).
pub struct Parker {
    state: AtomicUsize,
    /// The thread that made the parker. Its own parking token may be spent by others (a nested
    /// loop, a library): the state word is what counts, the token only ends the sleep.
    thread: Thread,
    hook: Option<WakeHook>,
    /// Set before the first sleep that it is to end.
    alarm: OnceLock<Alarm>,
}

impl Parker {
    /// A parker for the current thread, RUNNING.
    pub fn new() -> Parker {
        Parker {
            state: AtomicUsize::new(RUNNING),
            thread: thread::current(),
            hook: None,
            alarm: OnceLock::new(),
        }
    }

    /// The same, with a hook for the time that the loop is [away](Parker::leave).
    ///
    /// The hook runs on the thread that brings the news. It may panic; that panic is swallowed.
    pub fn with_hook(hook: WakeHook) -> Parker {
        Parker { hook: Some(hook), ..Parker::new() }
    }

    /// Whether the current thread is the one that made this parker and parks on it.
    pub fn is_owned_here(&self) -> bool {
        thread::current().id() == self.thread.id()
    }

    /// Tells the owner that there is news. Never blocks; callable from any thread at any time.
    #[inline]
    pub fn unpark(&self) {
        let _ended_a_sleep = self.unpark_sleeper();
    }

    /// The same, and says whether the owner slept. Of all that come between two of its sleeps, one
    /// at most is told so.
    #[inline]
    pub fn unpark_sleeper(&self) -> bool {
        // ORDERING: AcqRel. Release: what was published before this reaches the swap that wakes.
        // Acquire is not needed, as a read-modify-write carries on the release sequence of an
        // earlier unpark that it replaces; it is the rule for words that several threads write.
        let before = self.state.swap(NOTIFIED, Ordering::AcqRel);
        match before {
            PARKED => self.thread.unpark(),
            AWAY => self.call_hook(),
            LISTENING => self.ring(),
            _running_or_notified => {}
        }
        before == PARKED
    }

    #[cold]
    fn ring(&self) {
        if let Some(alarm) = self.alarm.get() {
            alarm();
        }
    }

    #[cold]
    fn call_hook(&self) {
        if let Some(hook) = &self.hook {
            catch_panic(hook);
        }
    }

    /// Whether there is news, as far as can be seen at a glance: a hint for the owner, each turn.
    #[inline]
    pub fn is_notified(&self) -> bool {
        // ORDERING: Relaxed. News missed here is met by a later glance, and at the latest by
        // `park`, whose exchange fails.
        self.state.load(Ordering::Relaxed) == NOTIFIED
    }

    /// Whether there is news, which is thereby taken note of. Called by the owner, who then looks.
    #[inline]
    pub fn take_notice(&self) -> bool {
        self.is_notified() && {
            // ORDERING: AcqRel. Acquire: pairs with the swap in `unpark`, so that the look that
            // follows sees what was published. Release: the word is written by swaps alone.
            self.state.swap(RUNNING, Ordering::AcqRel);
            true
        }
    }

    /// Sleeps until [`unpark`](Parker::unpark) or, if given, until `deadline`. Called by the owner.
    ///
    /// Returns at once if there was news already. An unpark is never missed, and never counted
    /// twice.
    ///
    /// # Blocking
    /// Blocks the thread.
    pub fn park(&self, deadline: Option<Instant>) -> Unparked {
        if !self.fall_asleep(PARKED) {
            return Unparked::Notified;
        }
        self.sleep(deadline)
    }

    /// Sleeps like [`park`](Parker::park) until it is unparked. If it does sleep, it first calls
    /// `asleep`, which must not panic, when it counts as asleep already: there is then one
    /// [`unpark_sleeper`](Parker::unpark_sleeper), during the call or after it, that is told so.
    ///
    /// # Blocking
    /// Blocks the thread.
    pub fn park_after(&self, asleep: impl FnOnce()) {
        if self.fall_asleep(PARKED) {
            asleep();
            let _ = self.sleep(None);
        }
    }

    /// Gives the alarm that ends sleeps [elsewhere](Parker::park_in). The first one stays.
    pub fn set_alarm(&self, alarm: Alarm) {
        let _there_is_one = self.alarm.set(alarm);
    }

    /// Sleeps like [`park`](Parker::park), but in `sleep`, which the [alarm](Parker::set_alarm)
    /// ends; it may also end by itself, for any reason. Called by the owner.
    ///
    /// `sleep` is not called if there was news already. It must not panic.
    ///
    /// # Blocking
    /// Blocks the thread for as long as `sleep` does.
    pub fn park_in(&self, sleep: impl FnOnce()) -> Unparked {
        if !self.fall_asleep(LISTENING) {
            return Unparked::Notified;
        }
        sleep();
        self.wake_up()
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
            // ORDERING: Acquire, as in the swap of `wake_up`, which follows when it says NOTIFIED.
            // A sleep may end for no reason: then the word still says PARKED.
            if expired || self.state.load(Ordering::Acquire) != PARKED {
                return self.wake_up();
            }
        }
    }

    /// Leaves the loop to itself while its thread does something else: from now on the first
    /// unpark calls the hook. Returns false, and changes nothing but taking note of it, if there
    /// is news already. [`come_back`](Parker::come_back) ends it.
    #[must_use]
    pub fn leave(&self) -> bool {
        self.fall_asleep(AWAY)
    }

    /// Ends [`leave`](Parker::leave), and says whether there was news meanwhile.
    pub fn come_back(&self) -> bool {
        self.wake_up() == Unparked::Notified
    }

    /// Step 2 of the handshake. If it fails, the news has been taken note of.
    fn fall_asleep(&self, how: usize) -> bool {
        // ORDERING: AcqRel / Acquire. Success publishes nothing, failure reads what the unparker
        // published, and the swap of `wake_up` reads it again: it is the rule for shared words.
        let asleep =
            self.state.compare_exchange(RUNNING, how, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if !asleep {
            let _ = self.wake_up();
        }
        asleep
    }

    /// Step 3 of the handshake.
    fn wake_up(&self) -> Unparked {
        // ORDERING: AcqRel. Acquire: pairs with the swap in `unpark`.
        match self.state.swap(RUNNING, Ordering::AcqRel) {
            NOTIFIED => Unparked::Notified,
            _parked_away_or_listening => Unparked::Expired,
        }
    }
}

impl Default for Parker {
    fn default() -> Parker {
        Parker::new()
    }
}

/// A parker is a waker: it wakes the thread that sleeps on it.
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
        // ORDERING: Relaxed. It is shown to somebody, who decides nothing by it.
        let state = match self.state.load(Ordering::Relaxed) {
            RUNNING => "running",
            NOTIFIED => "notified",
            PARKED => "parked",
            AWAY => "away",
            _ => "listening",
        };
        f.debug_struct("Parker").field("state", &state).finish_non_exhaustive()
    }
}
