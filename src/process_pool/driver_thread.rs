//! The driver thread: encodes, exchanges frames and decodes for one thread of the pool, its
//! supervisor, which meanwhile only waits and decides.
//!
//! A thread of its own has three reasons. The supervisor can end a call whose encoding or decoding
//! never returns. The stack has the size that the owner of the pool chooses. And whatever blocks
//! the driver thread (the start of a program on a network that hangs, a hook of the user) leaves
//! time limits, aborts and shutdowns in force.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use runtime_core::park::Parker;
use runtime_core::sync::{Mutex, thread};

use super::call_control::{CallPhase, EndedCall};
use super::child_guard::ChildGuard;
use super::poll_fds::Deadline;
use super::worker_process::{WorkerProcess, WorkerState};

/// The time for which a supervisor waits for its driver thread between two calls and at its end.
/// The wait normally takes as long as a worker needs to exit, at most [`EXIT_GRACE`], and as long
/// as the kernel needs to free the worker's memory.
///
/// [`EXIT_GRACE`]: super::worker_process::EXIT_GRACE
pub(super) const RETURN_MAX: Duration = Duration::from_secs(5);

/// The time for which a supervisor waits for a driver thread that was encoding or decoding when its
/// call was ended.
const CODEC_RETURN_MAX: Duration = Duration::from_millis(200);

/// One piece of work for a driver thread. The process that the thread owns, if any, is in the
/// argument.
pub(super) type Work = Box<dyn FnOnce(&mut Option<WorkerProcess>) + Send>;

/// A supervisor's handle of its driver thread. Dropping it ends the thread and its process.
pub(super) struct DriverThread {
    mailbox: Arc<Mailbox>,
    /// `None` once the thread has been abandoned.
    thread: Option<thread::JoinHandle<()>>,
    /// The time for which the supervisor waits for the thread after a call.
    idle_within: Duration,
    /// The process that the end of the last call has killed.
    killed: Option<Arc<ChildGuard>>,
}

/// The place where a supervisor puts work. *Shared by* the supervisor and its driver thread.
/// *Guarded by* its mutex, under which no code of the user runs. *Woken by* the parkers of both
/// threads.
struct Mailbox {
    state: Mutex<MailboxState>,
    supervisor: Arc<Parker>,
}

struct MailboxState {
    work: Option<Work>,
    /// The parker of the driver thread, once the thread runs.
    driver: Option<Arc<Parker>>,
    driver_state: DriverState,
    /// True once no more work will come.
    is_closed: bool,
}

/// The state of a driver thread, as its supervisor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DriverState {
    Idle,
    Busy,
    Exited,
}

impl DriverThread {
    /// Starts a driver thread for the current thread.
    ///
    /// # Errors
    /// The system's error, if the system refuses to start a thread.
    pub(super) fn start(stack_bytes: usize) -> io::Result<DriverThread> {
        let state = MailboxState {
            work: None,
            driver: None,
            driver_state: DriverState::Idle,
            is_closed: false,
        };
        let supervisor = Arc::new(Parker::new());
        let mailbox = Arc::new(Mailbox { state: Mutex::new(state), supervisor });
        let own = Arc::clone(&mailbox);
        // The driver thread inherits the signal mask of the pool's thread, and its processes must
        // not.
        let body = runtime_blocking::carry_host_signals(move || own.run());
        let thread = thread::spawn("pool-driver".to_owned(), Some(stack_bytes), body)?;
        Ok(DriverThread { mailbox, thread: Some(thread), idle_within: RETURN_MAX, killed: None })
    }

    /// The parker of the supervisor, which made this value.
    pub(super) fn supervisor(&self) -> &Arc<Parker> {
        &self.mailbox.supervisor
    }

    /// Gives the thread work. The thread must be idle.
    pub(super) fn submit(&mut self, work: Work) {
        self.idle_within = RETURN_MAX;
        self.killed = None;
        let mut state = self.mailbox.state.lock();
        state.work = Some(work);
        state.driver_state = DriverState::Busy;
        state.unpark_driver();
    }

    /// Records when the thread will be idle, after a call that ended early.
    pub(super) fn expect_return(&mut self, ended: EndedCall) {
        self.idle_within = match ended.phase {
            CallPhase::Exchange => RETURN_MAX,
            CallPhase::Codec => CODEC_RETURN_MAX,
        };
        self.killed = ended.killed;
    }

    /// Waits until the thread is idle, for a limited time. Returns false if it is not.
    pub(super) fn wait_until_idle(&self) -> bool {
        self.mailbox.wait_until(|state| state != DriverState::Busy, self.idle_within)
    }

    /// Lets the thread continue alone. It ends itself when its work is done. Its process has been
    /// killed, and is reaped here.
    pub(super) fn abandon(mut self) {
        self.thread = None;
        if let Some(killed) = self.killed.take() {
            // The kernel may need long to free the memory of a large worker.
            killed.reap_within(RETURN_MAX);
        }
    }
}

impl Drop for DriverThread {
    fn drop(&mut self) {
        self.mailbox.close();
        let Some(thread) = self.thread.take() else { return };
        if self.mailbox.wait_until(|state| state == DriverState::Exited, RETURN_MAX) {
            // The thread catches the panics of its work.
            let _ = thread.join();
        }
    }
}

impl Mailbox {
    /// Runs on the driver thread.
    fn run(&self) {
        let parker = Arc::new(Parker::new());
        self.state.lock().driver = Some(Arc::clone(&parker));
        let mut process = None;
        while let Some(work) = self.next_work(&parker) {
            work(&mut process);
            drop(process.take_if(|process| process.state() != WorkerState::Ready));
            self.enter(DriverState::Idle);
        }
        drop(process);
        self.enter(DriverState::Exited);
    }

    /// Waits for work. Returns `None` if no more work will come.
    fn next_work(&self, parker: &Parker) -> Option<Work> {
        loop {
            {
                let mut state = self.state.lock();
                if let Some(work) = state.work.take() {
                    return Some(work);
                }
                if state.is_closed {
                    return None;
                }
            }
            let _ = parker.park(None);
        }
    }

    fn enter(&self, driver_state: DriverState) {
        self.state.lock().driver_state = driver_state;
        self.supervisor.unpark();
    }

    fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.unpark_driver();
    }

    /// Waits on the supervisor until the state holds, or the time has passed. Returns whether it
    /// holds.
    fn wait_until(&self, holds: impl Fn(DriverState) -> bool, limit: Duration) -> bool {
        let deadline = Deadline::after(Some(limit));
        while !holds(self.state.lock().driver_state) {
            if deadline.has_passed() {
                return false;
            }
            let _ = self.supervisor.park(deadline.instant());
        }
        true
    }
}

impl MailboxState {
    fn unpark_driver(&self) {
        if let Some(driver) = &self.driver {
            driver.unpark();
        }
    }
}
