//! The settings of a process pool.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runtime_blocking::Pool;

use super::driver::Driver;
use super::output_forwarder::OutputForwarder;
use super::pids::Pids;
use super::pool_handle::ProcessPool;
use super::program::WorkerProgram;
use super::worker_main::is_initialised;
use super::worker_output::{OutputLine, OutputSink};

/// Four times the usual size of a main thread's stack, on which a worker encodes its results.
/// Decoding a recursive type takes four times as much stack as encoding it (132 and 33 bytes for a
/// level of a list of boxes, in a release build).
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// The settings of a [`ProcessPool`]. [`ProcessPool::builder`] makes it.
#[must_use = "a builder does nothing before `build`"]
pub struct ProcessPoolBuilder {
    workers: Option<usize>,
    keep_alive: Duration,
    stack_bytes: usize,
    program: WorkerProgram,
    max_jobs_per_worker: Option<u64>,
    job_timeout: Option<Duration>,
    start_timeout: Duration,
    frame_bytes_max: u32,
    sink: OutputSink,
}

impl ProcessPoolBuilder {
    pub(super) fn new() -> ProcessPoolBuilder {
        ProcessPoolBuilder {
            workers: None,
            keep_alive: Duration::from_secs(60),
            stack_bytes: STACK_BYTES,
            program: WorkerProgram::This,
            max_jobs_per_worker: None,
            job_timeout: None,
            start_timeout: Duration::from_secs(60),
            frame_bytes_max: 256 * 1024 * 1024,
            sink: OutputSink::Stderr,
        }
    }

    /// Sets the largest number of worker processes. The default is
    /// [`std::thread::available_parallelism`].
    ///
    /// # Panics
    /// If `workers` is 0.
    #[track_caller]
    pub fn workers(mut self, workers: usize) -> ProcessPoolBuilder {
        assert!(workers > 0, "a process pool needs at least one worker");
        self.workers = Some(workers);
        self
    }

    /// Sets the number of calls after which a worker is replaced, for functions that leak memory.
    /// There is no limit by default.
    ///
    /// # Panics
    /// If `jobs` is 0.
    #[track_caller]
    pub fn max_jobs_per_worker(mut self, jobs: u64) -> ProcessPoolBuilder {
        assert!(jobs > 0, "a worker must run at least one call");
        self.max_jobs_per_worker = Some(jobs);
        self
    }

    /// Sets the maximum time of one call: the encoding of its arguments, the function, and the
    /// decoding of its result. A worker that works longer is killed. The time in the queue, the
    /// start of a worker, and the wait for the output hook do not count. There is no limit by
    /// default.
    ///
    /// Encoding and decoding run code of the types' authors, which cannot be stopped. The call ends
    /// at its limit all the same, with [`TimedOut`](super::CallError::TimedOut), and a thread stays
    /// behind until that code returns.
    ///
    /// The limit is real time, even if the runtime has a virtual clock.
    pub fn job_timeout(mut self, limit: Duration) -> ProcessPoolBuilder {
        self.job_timeout = Some(limit);
        self
    }

    /// Sets the time in which a new worker must call [`init`](super::init). The default is 60
    /// seconds.
    pub fn start_timeout(mut self, limit: Duration) -> ProcessPoolBuilder {
        self.start_timeout = limit;
        self
    }

    /// Sets the time after which a worker without work exits. The default is 60 seconds.
    pub fn keep_alive(mut self, keep_alive: Duration) -> ProcessPoolBuilder {
        self.keep_alive = keep_alive;
        self
    }

    /// Sets the maximum length of the encoded arguments of a call, and of its encoded result, in
    /// bytes. The default is 256 MiB.
    pub fn frame_bytes_max(mut self, bytes: u32) -> ProcessPoolBuilder {
        self.frame_bytes_max = bytes;
        self
    }

    /// Adds a hook that receives each line that a worker prints to standard output or standard
    /// error. Without a hook the lines go to this process's standard error. Hooks are called in the
    /// order in which they were added.
    ///
    /// One thread of the pool calls the hook, for one line after the other. A hook that blocks
    /// delays the lines of all workers, and workers that print more than a pipe holds (64 KiB), but
    /// no time limit, abort or shutdown, and a result for at most five seconds. See
    /// [Output](super#processes).
    pub fn on_line(
        mut self,
        hook: impl Fn(&OutputLine<'_>) + Send + Sync + 'static,
    ) -> ProcessPoolBuilder {
        self.sink = OutputSink::Hook(match self.sink {
            OutputSink::Stderr => Arc::new(hook),
            OutputSink::Hook(first) => Arc::new(move |line: &OutputLine<'_>| {
                first(line);
                hook(line);
            }),
        });
        self
    }

    /// Sets the size of the stack on which this process encodes arguments and decodes results, in
    /// bytes. The default is 32 MiB, on which a result can be decoded that a worker has encoded on
    /// a main thread's usual 8 MiB. Each worker takes two such stacks of address space here, and as
    /// much memory as is used.
    ///
    /// serde encodes and decodes recursive types by recursion. A value that is nested too deeply
    /// for the stack is an error of its call,
    /// [`BadArguments`](super::CallError::BadArguments) or
    /// [`BadResult`](super::CallError::BadResult). A worker that overflows its stack dies, as for
    /// any other reason. (A value that was decoded is dropped on the thread that has it. That
    /// thread needs a stack of about the same size.)
    pub fn stack_size(mut self, bytes: usize) -> ProcessPoolBuilder {
        self.stack_bytes = bytes;
        self
    }

    /// Sets the program that the workers run. The default is this program. The program must call
    /// [`init`](super::init), with the functions that will be called.
    pub fn program(mut self, path: impl Into<PathBuf>) -> ProcessPoolBuilder {
        self.program = WorkerProgram::Other(path.into());
        self
    }

    /// Makes the pool. The first call starts the first process.
    ///
    /// # Panics
    /// If the workers run this program, and it has not called [`init`](super::init): new processes
    /// could not act as workers.
    #[track_caller]
    pub fn build(self) -> ProcessPool {
        assert!(
            matches!(self.program, WorkerProgram::Other(_)) || is_initialised(),
            "call `process_pool::init` first in `main`: a worker process needs it"
        );
        let available = || std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let workers = self.workers.unwrap_or_else(available);
        // The pool has one thread for each worker, and starts a thread as soon as a call waits.
        // These threads do not compete for the cores, because they wait for their processes.
        let pool = Pool::builder()
            .threads_max(workers)
            .cores(workers)
            .choose_cores(false)
            .keep_alive(self.keep_alive)
            .stack_size(self.stack_bytes)
            .thread_name("process-pool")
            .build();
        let driver = Driver {
            program: self.program,
            max_jobs_per_worker: self.max_jobs_per_worker,
            job_timeout: self.job_timeout,
            start_timeout: self.start_timeout,
            frame_bytes_max: self.frame_bytes_max,
            stack_bytes: self.stack_bytes,
            output: OutputForwarder::new(self.sink),
            pids: Arc::new(Pids::default()),
        };
        ProcessPool::with(pool, driver)
    }
}

impl ProcessPool {
    /// Makes a pool with one worker for each core and no limits.
    ///
    /// # Panics
    /// Those of [`ProcessPoolBuilder::build`].
    #[track_caller]
    pub fn new() -> ProcessPool {
        ProcessPool::builder().build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::new()
    }
}

impl Default for ProcessPoolBuilder {
    fn default() -> ProcessPoolBuilder {
        ProcessPool::builder()
    }
}

impl Default for ProcessPool {
    #[track_caller]
    fn default() -> ProcessPool {
        ProcessPool::new()
    }
}

impl fmt::Debug for ProcessPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolBuilder")
            .field("workers", &self.workers)
            .field("keep_alive", &self.keep_alive)
            .field("program", &self.program)
            .field("job_timeout", &self.job_timeout)
            .field("sink", &self.sink)
            .finish_non_exhaustive()
    }
}
