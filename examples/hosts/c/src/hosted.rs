//! A runtime that C owns: its jobs, its sleeps, and its end.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use aside::blocking::{RunningJob, Shutdown};
use aside::{AbortHandle, JoinError, JoinHandle, Metadata, NextTurn, Runtime};

use crate::callback::{Callback, Job, Pointer};
use crate::failure::{Failure, code};

/// A runtime, and the operations whose callbacks are still due.
#[derive(Debug)]
pub struct Hosted {
    runtime: Runtime,
    descriptor: OwnedFd,
    operations: Rc<Operations>,
}

#[derive(Debug, Default)]
struct Operations {
    last: Cell<u64>,
    due: RefCell<HashMap<u64, Operation>>,
    /// The number of callbacks that were called while their job still ran.
    left_running: Cell<c_int>,
}

/// The way to cancel an operation.
#[derive(Debug)]
enum Operation {
    Job(AbortHandle),
    Sleep(JoinHandle<()>),
}

impl Hosted {
    /// Makes a runtime for this thread; `threads_max` zero is the default.
    ///
    /// # Errors
    /// An error of the system, if it has no descriptors left.
    pub fn new(threads_max: usize) -> io::Result<Hosted> {
        let mut builder = Runtime::builder().thread_name("aside");
        if threads_max > 0 {
            builder = builder.threads_max(threads_max);
        }
        let runtime = builder.build();
        let descriptor = runtime.descriptor()?;
        Ok(Hosted { runtime, descriptor, operations: Rc::default() })
    }

    /// Returns the number of the descriptor to wait for.
    pub fn descriptor(&self) -> c_int {
        self.descriptor.as_raw_fd()
    }

    /// Returns the time to the next turn in milliseconds, as `poll` takes it. It is rounded up:
    /// rounded down, the host would turn in vain until the deadline is reached.
    pub fn next_turn_ms(&self) -> c_int {
        match self.runtime.next_turn().timeout() {
            Some(left) => {
                c_int::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
            }
            None => -1,
        }
    }

    /// Turns the loop once, without sleeping.
    ///
    /// # Errors
    /// `ETURNING`, inside a callback.
    pub fn turn(&self) -> Result<(), Failure> {
        let turned = self.runtime.try_turn(Duration::ZERO);
        turned.map(drop).map_err(|error| Failure::new(code::ETURNING, error))
    }

    /// Returns whether a caller further up on the stack turns the loop.
    pub fn is_turning(&self) -> bool {
        self.runtime.is_turning()
    }

    /// Runs a job on the pool, and calls the callback when it has ended.
    ///
    /// # Errors
    /// `EREFUSED`; then neither the job nor the callback is called.
    pub fn submit(&self, name: &str, job: Job, callback: Callback) -> Result<u64, Failure> {
        let in_use = Arc::new(());
        let is_in_use = Arc::downgrade(&in_use);
        let metadata = Metadata::here().named(name);
        let run = move || {
            let _in_use = in_use;
            job.run()
        };
        let submitted = match self.runtime.handle().pool().submit_as(metadata, run) {
            Ok(submitted) => submitted,
            Err(error) => {
                callback.disarm();
                return Err(Failure::new(code::EREFUSED, error));
            }
        };
        let pending = self.operations.pending(callback, is_in_use);
        let number = pending.number;
        self.operations.insert(number, Operation::Job(submitted.abort_handle()));
        let task = self.runtime.spawn(async move {
            match submitted.await {
                Ok(result) => pending.finish(code::OK, result),
                Err(error) => pending.finish(code_of(&error), Pointer::null()),
            }
        });
        task.detach();
        Ok(number)
    }

    /// Calls the callback when this time has passed.
    pub fn sleep(&self, duration: Duration, callback: Callback) -> u64 {
        let deadline = Instant::now().checked_add(duration);
        let pending = self.operations.pending(callback, Weak::new());
        let number = pending.number;
        let task = self.runtime.spawn(async move {
            match deadline {
                Some(deadline) => aside::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
            pending.finish(code::OK, Pointer::null());
        });
        self.operations.insert(number, Operation::Sleep(task));
        number
    }

    /// Requests an operation to end.
    ///
    /// # Errors
    /// `ENOENT`, if it has ended.
    pub fn cancel(&self, number: u64) -> Result<(), Failure> {
        match self.operations.due.borrow().get(&number) {
            Some(Operation::Job(job)) => job.abort(),
            Some(Operation::Sleep(task)) => task.abort(),
            None => return Err(code::ENOENT.into()),
        }
        Ok(())
    }

    /// Shuts the pool and then the loop down. Returns the number of jobs that still run, and a
    /// message that names them.
    ///
    /// The pool comes first: a callback that is called because its task was cancelled has to say
    /// whether the job still uses the callback's data.
    pub fn shutdown(self, how: Shutdown) -> (c_int, String) {
        let report = self.runtime.handle().pool().shutdown(how);
        // The jobs that have ended, or were cancelled by the shutdown, have woken their tasks. A
        // callback cannot start anything new, because C can no longer name the runtime.
        while let Ok(turn) = self.runtime.try_turn(Duration::ZERO) {
            if turn.next != NextTurn::Now {
                break;
            }
        }
        drop(self.descriptor);
        drop(self.runtime.shutdown(Shutdown::Leave));
        let names = report.running.iter().map(described).collect::<Vec<_>>().join(", ");
        (self.operations.left_running.get(), format!("still running: {names}"))
    }
}

/// A job for a message of C. The place in the source that submitted it is in this file.
fn described(job: &RunningJob) -> String {
    format!("`{}` for {:.1?}", job.metadata.name().unwrap_or_default(), job.running_for)
}

fn code_of(error: &JoinError) -> c_int {
    if error.is_cancelled() {
        code::ECANCELLED
    } else if error.is_refused() {
        code::EREFUSED
    } else {
        code::EPANIC
    }
}

impl Operations {
    fn pending(self: &Rc<Self>, callback: Callback, is_in_use: Weak<()>) -> Pending {
        self.last.set(self.last.get() + 1);
        let (operations, callback) = (Rc::clone(self), Some(callback));
        Pending { number: self.last.get(), operations, callback, is_in_use }
    }

    fn insert(&self, number: u64, operation: Operation) {
        self.due.borrow_mut().insert(number, operation);
    }
}

/// An operation whose callback is due; owned by the operation's task.
struct Pending {
    number: u64,
    operations: Rc<Operations>,
    callback: Option<Callback>,
    /// Alive as long as the job is queued or runs.
    is_in_use: Weak<()>,
}

impl Pending {
    fn finish(mut self, status: c_int, result: Pointer) {
        self.call(status, result);
    }

    fn call(&mut self, status: c_int, result: Pointer) {
        if let Some(callback) = self.callback.take() {
            // The callback may call into the library, so no borrow is held any more.
            let _ended = self.operations.due.borrow_mut().remove(&self.number);
            callback.finish(status, result);
        }
    }
}

/// The task was cancelled: a sleep by C, or any operation by the shutdown.
impl Drop for Pending {
    fn drop(&mut self) {
        let is_running = self.callback.is_some() && self.is_in_use.strong_count() > 0;
        if is_running {
            let left_running = &self.operations.left_running;
            left_running.set(left_running.get().saturating_add(1));
        }
        let status = if is_running { code::ERUNNING } else { code::ECANCELLED };
        self.call(status, Pointer::null());
    }
}
