//! The guard of one worker's process: kills it from any thread, and waits for it once.
//!
//! A process keeps its pid until it has been waited for; after that the kernel may give the pid to
//! another process. Every signal is therefore sent under the mutex that also records whether the
//! process has been waited for. A process group keeps its number as long as it has a member, and a
//! zombie is a member. The group is therefore killed first, and the worker is waited for
//! afterwards.

use std::process::{Child, ExitStatus};

use runtime_core::sync::Mutex;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// One worker's process and its process group. *Shared by* the thread that drives the process and
/// the cancel hooks of its job. *Guarded by* its mutex.
#[derive(Debug)]
pub(super) struct ChildGuard {
    pid: Pid,
    state: Mutex<GuardedChild>,
}

#[derive(Debug)]
struct GuardedChild {
    child: Child,
    /// True once the process has been waited for. From then on its pid may belong to another
    /// process.
    is_reaped: bool,
    /// The job that the process works on. Aborting a job that has ended does nothing, because its
    /// number is not that of the current job.
    job: Option<JobNumber>,
    /// The number of jobs that have begun.
    jobs: u64,
    /// True once a job was cancelled while the process worked on it.
    is_killed: bool,
}

/// The number of a job of one worker process. The first job has number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobNumber(u64);

/// The effect of a job's end on the process.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobEnd {
    Undisturbed,
    /// Cancelling the job has killed the process.
    Killed,
}

impl ChildGuard {
    pub(super) fn new(child: Child) -> ChildGuard {
        let pid = Pid::from_child(&child);
        let state = GuardedChild { child, is_reaped: false, job: None, jobs: 0, is_killed: false };
        ChildGuard { pid, state: Mutex::new(state) }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Records that a job begins.
    pub(super) fn begin_job(&self) -> JobNumber {
        let mut state = self.state.lock();
        state.jobs += 1;
        let job = JobNumber(state.jobs);
        state.job = Some(job);
        job
    }

    /// Records that the current job has ended: cancelling it no longer kills the process.
    pub(super) fn end_job(&self) -> JobEnd {
        let mut state = self.state.lock();
        state.job = None;
        if state.is_killed { JobEnd::Killed } else { JobEnd::Undisturbed }
    }

    /// Kills the process and its group if this job is the current one.
    pub(super) fn kill_job(&self, job: JobNumber) {
        let mut state = self.state.lock();
        if state.job == Some(job) {
            state.is_killed = true;
            state.kill(self.pid);
        }
    }

    /// Kills the process and its group.
    pub(super) fn kill(&self) {
        self.state.lock().kill(self.pid);
    }

    /// Kills the rest of the process group, and waits for the process. Returns `None` if other code
    /// in the program has waited for the process.
    ///
    /// # Blocking
    /// Blocks until the process has exited. This takes as long as the kernel needs to free the
    /// resources of the process.
    pub(super) fn reap(&self) -> Option<ExitStatus> {
        self.kill();
        // This wait holds no lock, so that an abort need not wait for it. `NOWAIT` leaves the
        // zombie in place for the `wait` below.
        let await_exit =
            || waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while await_exit().is_err_and(|error| error == Errno::INTR) {}
        let mut state = self.state.lock();
        let status = state.child.wait().ok();
        state.is_reaped = true;
        status
    }
}

impl GuardedChild {
    fn kill(&mut self, pid: Pid) {
        if self.is_reaped {
            return;
        }
        // Killing the group fails if no member of the group is left. The worker itself is killed,
        // too, because it may have left its group.
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.kill();
    }
}

#[cfg(test)]
mod tests;
