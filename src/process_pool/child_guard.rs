//! By which a worker's process is held: how it is killed, from any thread, and waited for, once.
//!
//! The number of a process stays its own until somebody has waited for it, and then may be given to
//! another. So every signal is sent under the lock under which it is known that nobody has. The
//! number of its group stays the group's as long as it has a member, a dead one that nobody has
//! waited for included: so the group is killed first, and the worker waited for after.

use std::process::{Child, ExitStatus};

use runtime_core::sync::Mutex;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// One worker's process and its group. *Shared by* the thread that drives it and whoever cancels
/// its job. *Guarded by* its mutex.
#[derive(Debug)]
pub(super) struct ChildGuard {
    pid: Pid,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    child: Child,
    /// Whether it has been waited for, so that its number means nothing any more.
    is_reaped: bool,
    /// The number of the job that it is at work on. A number, so that who aborts a job late does
    /// not kill the worker that is at work on the next one.
    job: Option<u64>,
    jobs: u64,
    /// Whether a job was cancelled while it was at work on it.
    is_killed: bool,
}

/// How a job came to its end, as far as its worker is concerned.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobEnd {
    Undisturbed,
    /// Somebody has killed the worker for the job's sake.
    Killed,
}

impl ChildGuard {
    pub(super) fn new(child: Child) -> ChildGuard {
        let pid = Pid::from_child(&child);
        let state = State { child, is_reaped: false, job: None, jobs: 0, is_killed: false };
        ChildGuard { pid, state: Mutex::new(state) }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// A job begins. Gives its number.
    pub(super) fn begin_job(&self) -> u64 {
        let mut state = self.state.lock();
        state.jobs += 1;
        state.job = Some(state.jobs);
        state.jobs
    }

    /// The job has ended: from now on nobody kills for its sake.
    pub(super) fn end_job(&self) -> JobEnd {
        let mut state = self.state.lock();
        state.job = None;
        if state.is_killed { JobEnd::Killed } else { JobEnd::Undisturbed }
    }

    /// Kills process and group if they are at work on this job.
    pub(super) fn kill_job(&self, job: u64) {
        let mut state = self.state.lock();
        if state.job == Some(job) {
            state.is_killed = true;
            state.kill(self.pid);
        }
    }

    /// Kills process and group.
    pub(super) fn kill(&self) {
        self.state.lock().kill(self.pid);
    }

    /// Kills what is left of process and group, and waits for the process. `None` if somebody else
    /// has waited for it.
    ///
    /// # Blocking
    /// Until the process is gone, which takes as long as the system takes to free what it held.
    pub(super) fn reap(&self) -> Option<ExitStatus> {
        self.kill();
        // Without the lock, so that who aborts need not wait. It stays to be waited for.
        let is_dead =
            || waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while is_dead().is_err_and(|error| error == Errno::INTR) {}
        let mut state = self.state.lock();
        let status = state.child.wait().ok();
        state.is_reaped = true;
        status
    }
}

impl State {
    fn kill(&mut self, pid: Pid) {
        if self.is_reaped {
            return;
        }
        // It fails if nobody of the group is left. The worker may have left it by itself.
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.kill();
    }
}

#[cfg(test)]
mod tests;
