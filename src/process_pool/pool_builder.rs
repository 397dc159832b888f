//! How a process pool is set up.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runtime_blocking::Pool;

use super::driver::Driver;
use super::pids::Pids;
use super::pool_handle::ProcessPool;
use super::program::WorkerProgram;
use super::worker_main::is_initialised;
use super::worker_output::{OutputLine, OutputSink};

/// Sets up a [`ProcessPool`]; made by [`ProcessPool::builder`].
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    workers: Option<usize>,
    keep_alive: Duration,
    driver: Driver,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder {
            workers: None,
            keep_alive: Duration::from_secs(60),
            driver: Driver {
                program: WorkerProgram::This,
                max_jobs_per_worker: None,
                job_timeout: None,
                start_timeout: Duration::from_secs(60),
                frame_bytes_max: 256 * 1024 * 1024,
                sink: OutputSink::Stderr,
                pids: Arc::new(Pids::default()),
            },
        }
    }

    /// At most so many processes at a time. If not set, what
    /// [`std::thread::available_parallelism`] says.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn workers(mut self, workers: usize) -> Builder {
        assert!(workers > 0, "a process pool needs at least one worker");
        self.workers = Some(workers);
        self
    }

    /// Ends a worker that has carried out so many calls, and starts another when one is needed:
    /// for functions that leak. Unlimited if not set.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn max_jobs_per_worker(mut self, jobs: u64) -> Builder {
        assert!(jobs > 0, "a worker has to carry out one call at least");
        self.driver.max_jobs_per_worker = Some(jobs);
        self
    }

    /// Kills a worker that is at work on a call for longer than that. Time in the queue, and the
    /// start of a worker, do not count. Unlimited if not set.
    ///
    /// It is real time, whatever the runtime's clock is.
    pub fn job_timeout(mut self, limit: Duration) -> Builder {
        self.driver.job_timeout = Some(limit);
        self
    }

    /// How long a new worker may take to come to [`init`](super::init); 60 seconds if not set.
    pub fn start_timeout(mut self, limit: Duration) -> Builder {
        self.driver.start_timeout = limit;
        self
    }

    /// How long a worker without work stays; 60 seconds if not set.
    pub fn keep_alive(mut self, keep_alive: Duration) -> Builder {
        self.keep_alive = keep_alive;
        self
    }

    /// How many bytes the arguments, or the result, of one call may take; 256 MiB if not set.
    pub fn frame_bytes_max(mut self, bytes: u32) -> Builder {
        self.driver.frame_bytes_max = bytes;
        self
    }

    /// Is given each line that a worker prints, to standard output or standard error. If not set,
    /// they go to this process's standard error.
    ///
    /// It is called on the thread that drives the worker, while its job runs or when it has ended.
    pub fn on_line(mut self, hook: impl Fn(&OutputLine<'_>) + Send + Sync + 'static) -> Builder {
        self.driver.sink = OutputSink::Hook(Arc::new(hook));
        self
    }

    /// Which program the workers run; this one if not set. It must call [`init`](super::init), with
    /// the functions that will be called.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Builder {
        self.driver.program = WorkerProgram::Other(path.into());
        self
    }

    /// The pool. No process is started before the first call.
    ///
    /// # Panics
    /// If the workers are to run this very program, and it has not called [`init`](super::init):
    /// they would not know that they are workers.
    #[track_caller]
    pub fn build(self) -> ProcessPool {
        assert!(
            matches!(self.driver.program, WorkerProgram::Other(_)) || is_initialised(),
            "call `process_pool::init` first in `main`, or a worker would not know that it is one"
        );
        let available = || std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let workers = self.workers.unwrap_or_else(available);
        // As many threads as workers, and each at once: they do not compete for the cores, they
        // wait for their processes.
        let pool = Pool::builder()
            .threads_max(workers)
            .cores(workers)
            .keep_alive(self.keep_alive)
            .thread_name("process-pool")
            .build();
        ProcessPool::with(pool, self.driver)
    }
}

impl ProcessPool {
    /// As many workers as the system has cores, and no limits.
    ///
    /// # Panics
    /// As [`Builder::build`].
    #[track_caller]
    pub fn new() -> ProcessPool {
        ProcessPool::builder().build()
    }

    /// For a pool that is to be otherwise.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Default for ProcessPool {
    #[track_caller]
    fn default() -> ProcessPool {
        ProcessPool::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("keep_alive", &self.keep_alive)
            .field("driver", &self.driver)
            .finish()
    }
}
