//! Notification of the exit of a process.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use runtime_blocking::Pool;
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::OnceLock;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::net::AsyncFd;

/// Notifies a task when a process may have exited.
///
/// The notifier never reaps the process, because reaping would free the pid. The task reaps the
/// process.
#[derive(Debug)]
pub(super) struct ExitNotifier {
    pid: Pid,
    /// A pidfd of the process, which becomes readable when the process exits. `None` if the system
    /// has no pidfds, or the event loop is gone.
    descriptor: Option<AsyncFd<OwnedFd>>,
    /// If there is no descriptor: a job whose thread waits for the process. The first wait starts
    /// the job.
    waiter: Option<JoinHandle<io::Result<()>>>,
}

impl ExitNotifier {
    /// Makes a notifier for a process that has not been reaped. If no descriptor of the process can
    /// be opened, for any reason, a thread waits for the process.
    pub(super) fn new(pid: Pid) -> ExitNotifier {
        let descriptor = open(pid).and_then(AsyncFd::new).ok();
        ExitNotifier { descriptor, ..ExitNotifier::by_thread(pid) }
    }

    fn by_thread(pid: Pid) -> ExitNotifier {
        ExitNotifier { pid, descriptor: None, waiter: None }
    }

    /// Calls `try_wait` at once, and again after each notification, until it returns a status or an
    /// error. Some notifications are spurious.
    ///
    /// # Cancel safety
    /// Safe: the poll that receives a status returns it.
    pub(super) async fn wait_until_some(
        &mut self,
        mut try_wait: impl FnMut() -> io::Result<Option<ExitStatus>>,
    ) -> io::Result<ExitStatus> {
        if let Some(descriptor) = &self.descriptor {
            let would_block = || ErrorKind::WouldBlock.into();
            match descriptor.read_with(|_| try_wait().transpose().ok_or_else(would_block)).await {
                Ok(status) => return status,
                Err(_gone) => self.descriptor = None,
            }
        }
        loop {
            if let Some(status) = try_wait()? {
                return Ok(status);
            }
            let waiting = match &mut self.waiter {
                Some(waiting) => waiting,
                none => none.insert(spawn_waiter(self.pid)?),
            };
            let waited = waiting.await;
            self.waiter = None;
            waited.map_err(io::Error::other)??;
        }
    }
}

#[cfg(target_os = "linux")]
fn open(pid: Pid) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};

    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

#[cfg(not(target_os = "linux"))]
fn open(_pid: Pid) -> io::Result<OwnedFd> {
    Err(ErrorKind::Unsupported.into())
}

/// The pool of the threads that wait for processes. It belongs to no runtime, so no shutdown waits
/// for a process that may run for ever. The number of threads has no limit. With a limit, a queued
/// wait could deadlock with a running wait, if the process of the running wait waits for the
/// process of the queued one.
static WAITERS: OnceLock<Pool> = OnceLock::new();

fn spawn_waiter(pid: Pid) -> io::Result<JoinHandle<io::Result<()>>> {
    let make = || {
        let pool = Pool::builder().threads_max(usize::MAX).choose_cores(false);
        pool.thread_name("aside-child").build()
    };
    let metadata = Metadata::here().named(format!("wait for process {pid}"));
    let waiter = WAITERS.get_or_init(make).submit_as(metadata, move || block_until_exit(pid));
    waiter.map_err(|refused| io::Error::other(refused.map(drop_catching)))
}

/// Blocks until the process has exited, and leaves it unreaped. If the process was reaped before,
/// its pid may already belong to another child, and the thread then waits for that child, too. This
/// delays no task, because `try_wait` has returned the status.
fn block_until_exit(pid: Pid) -> io::Result<()> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            // There is no such child: `try_wait` reports that.
            Ok(_) | Err(Errno::CHILD) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
