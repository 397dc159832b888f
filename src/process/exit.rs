//! How the end of a process is heard of.

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

/// Tells that it is time to look whether a process has ended.
///
/// It never waits for the process in the system's sense, which frees the number for others: that is
/// for whoever looks.
#[derive(Debug)]
pub(super) struct ExitNotifier {
    pid: Pid,
    /// Of the process: it can be read when that has ended. As long as there is one, and its loop,
    /// the system tells.
    descriptor: Option<AsyncFd<OwnedFd>>,
    /// Else a thread waits, from the first time that somebody wants to know.
    waiter: Option<JoinHandle<io::Result<()>>>,
}

impl ExitNotifier {
    /// For a process that nobody has waited for. If there is no descriptor of it to be had, for
    /// whatever reason, a thread will do.
    pub(super) fn of(pid: Pid) -> ExitNotifier {
        let descriptor = open(pid).and_then(AsyncFd::new).ok();
        ExitNotifier { descriptor, ..ExitNotifier::by_thread(pid) }
    }

    fn by_thread(pid: Pid) -> ExitNotifier {
        ExitNotifier { pid, descriptor: None, waiter: None }
    }

    /// Looks until there is something to be seen, whenever that may have changed: also once too
    /// often.
    ///
    /// # Cancel safety
    /// Safe: what was seen is returned by the same poll.
    pub(super) async fn wait_until_some(
        &mut self,
        mut look: impl FnMut() -> io::Result<Option<ExitStatus>>,
    ) -> io::Result<ExitStatus> {
        if let Some(descriptor) = &self.descriptor {
            let would_block = || ErrorKind::WouldBlock.into();
            match descriptor.read_with(|_| look().transpose().ok_or_else(would_block)).await {
                Ok(seen) => return seen,
                Err(_gone) => self.descriptor = None,
            }
        }
        loop {
            if let Some(status) = look()? {
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

#[cfg(any(target_os = "linux", target_os = "android"))]
fn open(pid: Pid) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};

    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open(_pid: Pid) -> io::Result<OwnedFd> {
    Err(ErrorKind::Unsupported.into())
}

/// Of no runtime, so that no shutdown waits for a process that may run for ever. It grows with the
/// processes: one that stood in line might be what another waits for.
static WAITERS: OnceLock<Pool> = OnceLock::new();

fn spawn_waiter(pid: Pid) -> io::Result<JoinHandle<io::Result<()>>> {
    let make = || Pool::builder().threads_max(usize::MAX).thread_name("aside-child").build();
    let metadata = Metadata::here().named(format!("wait for process {pid}"));
    let waiter = WAITERS.get_or_init(make).submit_as(metadata, move || block_until_ended(pid));
    waiter.map_err(|refused| io::Error::other(refused.map(drop_catching)))
}

/// The process stays to be waited for. If it was already, its number may be another child's by now,
/// and then the thread comes back late: but who looked has seen what it wanted.
fn block_until_ended(pid: Pid) -> io::Result<()> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            // No such child: whoever looks next is told.
            Ok(_) | Err(Errno::CHILD) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
