//! The settings of a pool.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use runtime_core::record::Recorder;
use runtime_core::sync::thread::{self, JoinHandle};

use crate::job::context::Capture;
use crate::queue::lane_config::LaneConfig;
use crate::worker::current::WorkerId;
use crate::worker::signal_mask::{Masked, SignalMask, ThreadBody};

/// Starts a thread with this name and stack size.
pub(crate) type Spawner =
    dyn Fn(String, Option<usize>, ThreadBody) -> io::Result<JoinHandle<()>> + Send + Sync;

pub(crate) struct Settings {
    pub(crate) threads_max: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) spin_before_park: Duration,
    pub(crate) thread_name: Cow<'static, str>,
    pub(crate) slow_shutdown_notice: Option<Duration>,
    pub(crate) main_lane: LaneConfig,
    pub(crate) capture: Option<Arc<Capture>>,
    /// The number of jobs in a row that make a burst, after which a worker yields before it waits.
    pub(crate) burst: usize,
    pub(crate) stack_size: Option<usize>,
    pub(crate) cores: Option<usize>,
    pub(crate) choose_cores: bool,
    pub(crate) signals: SignalMask,
    pub(crate) spawner: Option<Arc<Spawner>>,
    pub(crate) recorder: Recorder,
}

impl Settings {
    pub(crate) fn new() -> Settings {
        Settings {
            threads_max: 512,
            keep_alive: Duration::from_secs(10),
            spin_before_park: Duration::ZERO,
            thread_name: Cow::Borrowed("blocking"),
            slow_shutdown_notice: Some(Duration::from_secs(5)),
            main_lane: LaneConfig::new(Cow::Borrowed("main")),
            capture: None,
            burst: 8,
            stack_size: None,
            cores: None,
            choose_cores: true,
            signals: SignalMask::HostSignals,
            spawner: None,
            recorder: Recorder::off(),
        }
    }

    /// The number of busy workers above which more threads are added only if the jobs block.
    #[inline]
    pub(crate) fn cores(&self) -> usize {
        self.cores.unwrap_or_else(available_cores)
    }

    /// Starts the thread of a worker.
    pub(crate) fn start_thread(
        &self,
        worker: WorkerId,
        body: ThreadBody,
    ) -> io::Result<JoinHandle<()>> {
        let name = format!("{}-{worker}", self.thread_name);
        let masked = Masked::new(self.signals);
        let body = masked.wrap(body);
        match &self.spawner {
            None => thread::spawn(name, self.stack_size, body),
            Some(spawner) => spawner(name, self.stack_size, body),
        }
    }

    /// Starts a thread that runs no jobs.
    pub(crate) fn start_helper(&self, role: &str, body: ThreadBody) -> io::Result<JoinHandle<()>> {
        let masked = Masked::new(self.signals);
        thread::spawn(format!("{}-{role}", self.thread_name), None, masked.wrap(body))
    }
}

/// The number of cores. The system is asked once, because asking takes about 30 µs.
fn available_cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, |cores| cores.get()))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("threads_max", &self.threads_max)
            .field("keep_alive", &self.keep_alive)
            .field("spin_before_park", &self.spin_before_park)
            .field("thread_name", &self.thread_name)
            .field("stack_size", &self.stack_size)
            .field("cores", &self.cores)
            .field("choose_cores", &self.choose_cores)
            .field("signals", &self.signals)
            .field("slow_shutdown_notice", &self.slow_shutdown_notice)
            .field("main_lane", &self.main_lane)
            .finish_non_exhaustive()
    }
}
