//! The guard of one worker's process: kills it from any thread, and waits for it once.
//!
//! A process keeps its pid until it has been waited for; after that the kernel may give the pid to
//! another process. Every signal is therefore sent under the mutex that also records whether the
//! process has been waited for. A process group keeps its number as long as it has a member, and a
//! zombie is a member. The group is therefore killed first, and the worker is waited for
//! afterwards.

use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::sync::{Mutex, thread};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::pids::Pids;

/// One worker's process and its process group. *Shared by* the thread that drives the process and
/// the state of its call. *Guarded by* its mutex.
#[derive(Debug)]
pub(super) struct ChildGuard {
    pid: Pid,
    /// Contains the pid until the process is reaped.
    pids: Arc<Pids>,
    state: Mutex<GuardedChild>,
}

#[derive(Debug)]
struct GuardedChild {
    child: Child,
    /// True once the process has been waited for. From then on its pid may belong to another
    /// process.
    is_reaped: bool,
}

impl ChildGuard {
    pub(super) fn new(child: Child, pids: Arc<Pids>) -> ChildGuard {
        let pid = Pid::from_child(&child);
        pids.insert(child.id());
        ChildGuard { pid, pids, state: Mutex::new(GuardedChild { child, is_reaped: false }) }
    }

    /// Opens a pidfd of the process. `None` if the system has no pidfds or refuses one.
    pub(super) fn pidfd(&self) -> Option<OwnedFd> {
        let state = self.state.lock();
        if state.is_reaped { None } else { open_pidfd(self.pid) }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Kills the process and its group.
    pub(super) fn kill(&self) {
        self.state.lock().kill(self.pid);
    }

    /// Returns whether the process has exited, whether or not it has been waited for.
    pub(super) fn has_exited(&self) -> bool {
        self.state.lock().has_exited(self.pid)
    }

    /// Kills the rest of the process group, and waits for the process. Returns `None` if other code
    /// in the program has waited for the process.
    ///
    /// # Blocking
    /// Blocks until the process has exited. This takes as long as the kernel needs to free the
    /// resources of the process.
    pub(super) fn reap(&self) -> Option<ExitStatus> {
        self.kill();
        if self.state.lock().is_reaped {
            return self.state.lock().reap(&self.pids);
        }
        // This wait holds no lock, so that an abort need not wait for it. `NOWAIT` leaves the
        // zombie in place for the `wait` below.
        let await_exit =
            || waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while await_exit().is_err_and(|error| error == Errno::INTR) {}
        self.state.lock().reap(&self.pids)
    }

    /// Reaps the process if it exits within the time. For a process that has been killed, and whose
    /// driver thread does not return.
    ///
    /// # Blocking
    /// Blocks for the time at most.
    pub(super) fn reap_within(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let mut state = self.state.lock();
            if state.is_reaped || state.has_exited(self.pid) {
                let _ = state.reap(&self.pids);
                return;
            }
            drop(state);
            if thread::park_until(deadline.min(Instant::now() + Duration::from_millis(1)))
                && Instant::now() >= deadline
            {
                return;
            }
        }
    }
}

impl GuardedChild {
    fn has_exited(&self, pid: Pid) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // An error means that other code has waited for the process.
        self.is_reaped || !matches!(waitid(WaitId::Pid(pid), options), Ok(None))
    }

    /// Waits for the process, or returns its status once more.
    fn reap(&mut self, pids: &Pids) -> Option<ExitStatus> {
        // The pid is removed from the list before it can belong to another process.
        if !self.is_reaped {
            pids.remove(self.child.id());
        }
        let status = self.child.wait().ok();
        self.is_reaped = true;
        status
    }

    fn kill(&mut self, pid: Pid) {
        if self.is_reaped {
            return;
        }
        // If other code has waited for the process, the numbers of the process and of the group may
        // belong to others.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if waitid(WaitId::Pid(pid), options).is_err() {
            return;
        }
        // Killing the group fails if no member of the group is left. The worker itself is killed,
        // too, because it may have left its group.
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.kill();
    }
}

/// Opens a pidfd of the process, which becomes readable when the process exits.
#[cfg(target_os = "linux")]
pub(super) fn open_pidfd(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open_pidfd(_pid: Pid) -> Option<OwnedFd> {
    None
}

#[cfg(test)]
mod tests;
