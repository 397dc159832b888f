//! The signals that threads of this crate leave to the host program.
//!
//! The kernel delivers a signal of the process to any thread that does not block it. A program that
//! handles signals expects its handlers to run on its own threads, and expects a signal to
//! interrupt its own system calls, not the read of a job, which would fail with `EINTR`. A thread
//! that this crate starts therefore blocks every signal except
//!
//! - the signals that a fault of the thread itself raises (SEGV, BUS, FPE, ILL, TRAP, SYS, ABRT).
//!   The kernel kills a process that blocks such a signal, without calling its handler;
//! - the signals by which a user or the system ends, stops and continues programs, and notifies
//!   them of children (INT, TERM, HUP, QUIT, TSTP, TTIN, TTOU, CONT, CHLD). A child process
//!   inherits the mask of the thread that starts it, also through `std::process::Command`. A child
//!   that a job starts must remain killable;
//! - PIPE, if the process ignores it, as a Rust program does unless it is changed. A write to a
//!   pipe without a reader then fails with `EPIPE` in any case, and children of a job keep the
//!   default action, by which `yes | head` ends. If the process does not ignore the signal, as few
//!   C programs do, it is blocked, so that a job's write fails with `EPIPE` and does not end the
//!   host.
//!
//! A signal that the starting thread blocks stays blocked: a host that receives signals in a thread
//! of its own blocks them before it starts others.
//!
//! The *starting* thread blocks the signals, starts the thread, which inherits the mask, and
//! restores its own mask. If the new thread blocked the signals itself, as its first step, it could
//! take a signal before. The two system calls cost less than a microsecond; a start takes ten.

use std::cell::Cell;

#[cfg(unix)]
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use runtime_core::sync::thread_local_const;

/// The body of a thread, as a [spawner](crate::PoolBuilder::spawner) receives it.
#[doc(hidden)]
pub type ThreadBody = Box<dyn FnOnce() + Send + 'static>;

/// Elsewhere, threads have no masks.
#[cfg(not(unix))]
type SigSet = ();

/// The signals that a thread blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalMask {
    /// Those that are meant for the host.
    HostSignals,
    /// Those that the starting thread blocks.
    Inherited,
}

impl SignalMask {
    /// The mask for the value of a builder's `inherit_signals`.
    pub(crate) fn inherited(inherit: bool) -> SignalMask {
        if inherit { SignalMask::Inherited } else { SignalMask::HostSignals }
    }
}

thread_local_const! {
    /// On a thread of this crate, the mask of the host's thread from which it descends.
    static HOST_MASK: Cell<Option<SigSet>> = Cell::new(None)
}

/// The mask of a thread that starts another one. Dropping it restores the mask.
#[must_use = "dropping it restores the mask"]
pub(crate) struct Masked {
    before: Option<SigSet>,
}

impl Masked {
    /// Blocks signals on this thread, to be inherited by the thread that it starts next.
    pub(crate) fn new(mask: SignalMask) -> Masked {
        let before = match mask {
            SignalMask::Inherited => None,
            SignalMask::HostSignals => block_host_signals(),
        };
        Masked { before }
    }

    /// Wraps the body of the thread, which remembers the mask of the host.
    pub(crate) fn wrap(&self, body: ThreadBody) -> ThreadBody {
        let host_mask = HOST_MASK.with(|mask| mask.get()).or(self.before);
        Box::new(move || {
            HOST_MASK.with(|mask| mask.set(host_mask));
            body();
        })
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            let _ = set_mask(before);
        }
    }
}

/// Wraps the body of a thread that inherits the mask of this thread. The thread remembers the mask
/// of the host if this thread does.
pub(crate) fn carry(body: impl FnOnce() + Send + 'static) -> impl FnOnce() + Send + 'static {
    let host_mask = HOST_MASK.with(|mask| mask.get());
    move || {
        HOST_MASK.with(|mask| mask.set(host_mask));
        body();
    }
}

/// Calls `start`, which starts a child process, with the mask of the host's threads, so that the
/// child inherits that mask although this thread may be one of this crate.
pub(crate) fn with_host_signals<T>(start: impl FnOnce() -> T) -> T {
    let Some(host_mask) = HOST_MASK.with(|mask| mask.get()) else { return start() };
    let masked = Masked { before: set_mask(host_mask_for_child(host_mask)) };
    let started = start();
    drop(masked);
    started
}

/// Returns the mask of before. The system refuses only invalid arguments.
#[cfg(unix)]
fn block_host_signals() -> Option<SigSet> {
    host_signals().thread_swap_mask(SigmaskHow::SIG_BLOCK).ok()
}

/// Returns the mask of before.
#[cfg(unix)]
fn set_mask(mask: SigSet) -> Option<SigSet> {
    mask.thread_swap_mask(SigmaskHow::SIG_SETMASK).ok()
}

/// If SIGPIPE is blocked here, it stays blocked: one may be pending since the failed write of a
/// job, and would end the process.
#[cfg(unix)]
fn host_mask_for_child(mut mask: SigSet) -> SigSet {
    if !is_pipe_ignored() {
        mask.add(Signal::SIGPIPE);
    }
    mask
}

/// The signals that a thread of this crate blocks, including the real-time signals.
#[cfg(unix)]
fn host_signals() -> SigSet {
    use nix::sys::signal::Signal::*;
    let faults = [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT];
    let control = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD];
    let mut signals = SigSet::all();
    faults.into_iter().chain(control).for_each(|signal| signals.remove(signal));
    if is_pipe_ignored() {
        signals.remove(SIGPIPE);
    }
    signals
}

/// Returns whether the process ignored SIGPIPE when its first thread was started here, or the
/// system does not say. Reading the action of a signal otherwise needs unsafe code.
#[cfg(unix)]
fn is_pipe_ignored() -> bool {
    static IS_IGNORED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *IS_IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        !says_pipe_is_not_ignored(&status)
    })
}

#[cfg(unix)]
fn says_pipe_is_not_ignored(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 << (Signal::SIGPIPE as i32 - 1) == 0)
}

#[cfg(not(unix))]
fn block_host_signals() -> Option<SigSet> {
    None
}

#[cfg(not(unix))]
fn set_mask(_mask: SigSet) -> Option<SigSet> {
    None
}

#[cfg(not(unix))]
fn host_mask_for_child(mask: SigSet) -> SigSet {
    mask
}

#[cfg(all(test, unix))]
mod tests;
