//! The resources that a process has used, read from `/proc`.

use std::cell::Cell;
use std::fs;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aside::time::now;
use aside::{JoinError, JoinHandle, sleep_until, spawn};

use crate::Done;

/// The resources used between two moments.
pub(crate) struct Figures {
    took: Duration,
    threads: u64,
    /// The peak of resident memory.
    memory_kib: u64,
    /// The growth of this peak since the beginning of the measurement.
    grown_kib: u64,
    /// The number of voluntary context switches.
    slept: u64,
    /// The number of involuntary context switches.
    preempted: u64,
    /// The largest delay of a ticker on the loop, or `None` without a loop.
    lateness: Option<Duration>,
}

pub(crate) const HEADER: &str = "\
way                       time  threads  memory   grown    slept  preempted  ticker late by";

impl Figures {
    pub(crate) fn row(&self, name: &str) -> String {
        let mib = |kib: u64| kib as f64 / 1024.0;
        let lateness = match self.lateness {
            Some(lateness) => format!("{:.1} ms", lateness.as_secs_f64() * 1e3),
            None => "(no loop)".to_owned(),
        };
        format!(
            "{name:<22}{:>6.2} s {:>8} {:>5.1} MiB {:>4.1} MiB {:>6} {:>10} {lateness:>15}",
            self.took.as_secs_f64(),
            self.threads,
            mib(self.memory_kib),
            mib(self.grown_kib),
            self.slept,
            self.preempted,
        )
    }
}

/// The beginning of a measurement.
pub(crate) struct Measure {
    begun: Instant,
    resident_kib: u64,
    slept: u64,
    preempted: u64,
}

impl Measure {
    pub(crate) fn begin() -> Done<Measure> {
        let (slept, preempted) = switches()?;
        let resident_kib = field(&fs::read_to_string("/proc/self/status")?, "VmRSS")?;
        Ok(Measure { begun: Instant::now(), resident_kib, slept, preempted })
    }

    /// Ends the measurement. No thread may have ended since its beginning, because `/proc` does not
    /// count ended threads.
    pub(crate) fn end(self, lateness: Option<Duration>) -> Done<Figures> {
        let took = self.begun.elapsed();
        let (slept, preempted) = switches()?;
        let status = fs::read_to_string("/proc/self/status")?;
        let memory_kib = field(&status, "VmHWM")?;
        Ok(Figures {
            took,
            threads: field(&status, "Threads")?,
            memory_kib,
            grown_kib: memory_kib.saturating_sub(self.resident_kib),
            slept: slept - self.slept,
            preempted: preempted - self.preempted,
            lateness,
        })
    }
}

/// Returns the context switches of all current threads.
fn switches() -> Done<(u64, u64)> {
    let (mut slept, mut preempted) = (0, 0);
    for task in fs::read_dir("/proc/self/task")? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        slept += field(&status, "voluntary_ctxt_switches")?;
        preempted += field(&status, "nonvoluntary_ctxt_switches")?;
    }
    Ok((slept, preempted))
}

/// Returns the number in the line `name: NUMBER`.
fn field(status: &str, name: &str) -> Done<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("/proc/self/status lacks a field")?.parse()?)
}

/// A task that must run every millisecond. It stands for the other tasks on the loop.
pub(crate) struct Ticker {
    task: JoinHandle<Duration>,
    is_over: Rc<Cell<bool>>,
}

impl Ticker {
    pub(crate) fn start() -> Ticker {
        let is_over = Rc::new(Cell::new(false));
        let task = spawn(tick(Rc::clone(&is_over)));
        Ticker { task, is_over }
    }

    /// Waits for the current tick to end, and returns the largest delay of all ticks.
    pub(crate) async fn stop(self) -> Result<Duration, JoinError> {
        self.is_over.set(true);
        self.task.await
    }
}

async fn tick(is_over: Rc<Cell<bool>>) -> Duration {
    let mut worst = Duration::ZERO;
    while !is_over.get() {
        let due = now() + Duration::from_millis(1);
        sleep_until(due).await;
        worst = worst.max(now() - due);
    }
    worst
}
