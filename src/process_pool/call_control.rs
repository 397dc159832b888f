//! The state of one call, which three threads share: the supervisor decides how the call ends, the
//! driver thread makes the call, and any thread may abort it.
//!
//! - K1. The supervisor sleeps until there is an outcome or a verdict, or the deadline has passed.
//! - K2. The driver thread attaches the process before it sends a frame, and detaches it after the
//!   reply has been decoded. A verdict kills the attached process. A process is attached to at most
//!   one call, so an abort that comes late kills no worker of a later call.
//! - K3. Outcome and verdict exclude each other: the first of them is the end of the call. After a
//!   verdict the driver thread attaches no process, and neither encodes nor decodes.
//! - K4. A driver thread that encodes or decodes runs code of the user, and cannot be stopped. The
//!   verdict says whether the thread did so, because the supervisor then must not rely on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::catch_panic::drop_catching;
use runtime_core::park::Parker;
use runtime_core::sync::Mutex;

use super::child_guard::ChildGuard;
use super::poll_fds::Deadline;

/// One call. *Shared by* its supervisor, its driver thread and its cancel hook. *Guarded by* its
/// mutex, under which no code of the user runs. *Woken by* the supervisor's parker.
pub(super) struct CallControl<T> {
    state: Mutex<CallState<T>>,
    supervisor: Arc<Parker>,
}

struct CallState<T> {
    /// The time at which the supervisor ends the call.
    deadline: Deadline,
    phase: CallPhase,
    /// The process to kill when the call is ended.
    guard: Option<Arc<ChildGuard>>,
    /// The process that a verdict has killed.
    killed: Option<Arc<ChildGuard>>,
    end: CallEnd<T>,
}

/// The end of a call: step K3.
enum CallEnd<T> {
    Open,
    Outcome(Option<T>),
    Verdict(Verdict),
}

/// The work of the driver thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallPhase {
    /// The thread encodes or decodes. It may run code of the user that never returns.
    Codec,
    /// The thread starts a process or exchanges frames. After a verdict, it returns as soon as the
    /// system allows.
    Exchange,
}

/// The reason why a call was ended before it had an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Aborted,
    TimedOut,
}

/// A call that a verdict has ended, as its supervisor sees it.
#[derive(Debug)]
pub(super) struct EndedCall {
    pub(super) verdict: Verdict,
    /// The work of the driver thread at the end of the call: step K4.
    pub(super) phase: CallPhase,
    /// The process that the verdict has killed.
    pub(super) killed: Option<Arc<ChildGuard>>,
}

/// The error of a step of a call that a verdict has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CallEnded;

impl<T> CallControl<T> {
    /// Makes the state of a call whose time limit begins now. `supervisor` belongs to the current
    /// thread.
    pub(super) fn new(limit: Option<Duration>, supervisor: Arc<Parker>) -> CallControl<T> {
        let state = CallState {
            deadline: Deadline::after(limit),
            phase: CallPhase::Codec,
            guard: None,
            killed: None,
            end: CallEnd::Open,
        };
        CallControl { state: Mutex::new(state), supervisor }
    }

    /// Waits for the end of the call: step K1.
    ///
    /// # Blocking
    /// Blocks until the call ends.
    pub(super) fn wait(&self) -> Result<T, EndedCall> {
        loop {
            let wake_at = {
                let mut state = self.state.lock();
                if matches!(state.end, CallEnd::Open) && state.deadline.has_passed() {
                    state.end_by(Verdict::TimedOut);
                }
                let phase = state.phase;
                match &mut state.end {
                    CallEnd::Open => {}
                    CallEnd::Outcome(outcome) => {
                        return Ok(outcome.take().expect("the supervisor waits once"));
                    }
                    CallEnd::Verdict(verdict) => {
                        let verdict = *verdict;
                        return Err(EndedCall { verdict, phase, killed: state.killed.take() });
                    }
                }
                state.deadline.instant()
            };
            let _ = self.supervisor.park(wake_at);
        }
    }

    /// Ends the call, if it has not ended.
    pub(super) fn abort(&self) {
        self.state.lock().end_by(Verdict::Aborted);
        self.supervisor.unpark();
    }

    /// Stops the clock of the call's time limit while a process starts or output is passed on.
    /// Returns the time left.
    pub(super) fn stop_clock(&self) -> Option<Duration> {
        let mut state = self.state.lock();
        let deadline = std::mem::replace(&mut state.deadline, Deadline::after(None));
        Some(deadline.instant()?.saturating_duration_since(Instant::now()))
    }

    /// Starts the clock again.
    pub(super) fn start_clock(&self, left: Option<Duration>) {
        self.state.lock().deadline = Deadline::after(left);
        // The supervisor may sleep without a deadline.
        self.supervisor.unpark();
    }

    /// Records that the driver thread has encoded the arguments.
    pub(super) fn enter_exchange(&self) -> Result<(), CallEnded> {
        self.enter(CallPhase::Exchange)
    }

    /// Records that the driver thread begins to decode.
    pub(super) fn enter_codec(&self) -> Result<(), CallEnded> {
        self.enter(CallPhase::Codec)
    }

    fn enter(&self, phase: CallPhase) -> Result<(), CallEnded> {
        let mut state = self.state.lock();
        state.check_open()?;
        state.phase = phase;
        Ok(())
    }

    /// Attaches a process to the call: step K2. If the call has ended, kills the process instead.
    pub(super) fn attach(&self, guard: &Arc<ChildGuard>) -> Result<(), CallEnded> {
        let mut state = self.state.lock();
        state.check_open().inspect_err(|_| guard.kill())?;
        state.guard = Some(Arc::clone(guard));
        Ok(())
    }

    /// Detaches the process. An error means that a verdict has killed it.
    pub(super) fn detach(&self) -> Result<(), CallEnded> {
        let mut state = self.state.lock();
        state.guard = None;
        state.check_open()
    }

    /// Records the outcome, unless there is a verdict.
    pub(super) fn finish(&self, outcome: T) {
        let mut outcome = Some(outcome);
        {
            let mut state = self.state.lock();
            state.guard = None;
            if matches!(state.end, CallEnd::Open) {
                state.end = CallEnd::Outcome(outcome.take());
            }
        }
        self.supervisor.unpark();
        // An outcome that came too late is dropped here, which may run code of the user.
        drop_catching(outcome);
    }
}

impl<T> CallState<T> {
    fn end_by(&mut self, verdict: Verdict) {
        if matches!(self.end, CallEnd::Open) {
            self.end = CallEnd::Verdict(verdict);
            self.killed = self.guard.take();
            if let Some(killed) = &self.killed {
                killed.kill();
            }
        }
    }

    fn check_open(&self) -> Result<(), CallEnded> {
        if matches!(self.end, CallEnd::Open) { Ok(()) } else { Err(CallEnded) }
    }
}

#[cfg(test)]
mod tests;
