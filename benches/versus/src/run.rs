//! The stopwatch of one cell.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a row is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meter {
    /// Nanoseconds of processor time of the whole process, user and system.
    Cpu,
    /// Nanoseconds on the wall.
    Wall,
}

impl Meter {
    fn now(self) -> Duration {
        match self {
            Meter::Wall => clock(ClockId::Monotonic),
            Meter::Cpu => clock(ClockId::ProcessCPUTime),
        }
    }
}

fn clock(id: ClockId) -> Duration {
    Duration::try_from(clock_gettime(id)).unwrap_or_default()
}

/// What a cell is told.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// What to measure.
    pub meter: Meter,
    /// How long to go on.
    pub budget: Duration,
    /// How many bytes are allocated now; always nought but in the program `bytes`.
    pub live_bytes: fn() -> usize,
}

impl Run {
    /// Laps of so many operations each. The first tenth of the budget, one lap at least, is
    /// warm-up; the rest, again one lap at least, is measured.
    pub fn laps(&self, operations: usize) -> Laps {
        let began = Instant::now();
        Laps { run: *self, operations, began, phase: Phase::Unbegun, laps: 0 }
    }

    /// Starts the watch for what can be done but once in a process.
    pub fn start(&self) -> Watch {
        Watch { meter: self.meter, started: self.meter.now() }
    }
}

/// A watch that runs.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    meter: Meter,
    started: Duration,
}

impl Watch {
    /// Nanoseconds since it was started.
    pub fn read(&self) -> f64 {
        nanoseconds(self.meter.now().saturating_sub(self.started))
    }
}

/// Counts laps against the budget: `while laps.more() { ... }`, then `laps.figure()`.
#[derive(Debug)]
pub struct Laps {
    run: Run,
    operations: usize,
    began: Instant,
    phase: Phase,
    laps: usize,
}

#[derive(Debug)]
enum Phase {
    Unbegun,
    WarmUp,
    /// Since the meter showed this.
    Measured(Duration),
    /// By so much.
    Over(Duration),
}

impl Laps {
    /// Whether there is another lap to be run. Call it once before each.
    pub fn more(&mut self) -> bool {
        match self.phase {
            Phase::Unbegun => self.phase = Phase::WarmUp,
            Phase::WarmUp if self.began.elapsed() < self.run.budget / 10 => {}
            Phase::WarmUp => {
                self.began = Instant::now();
                self.phase = Phase::Measured(self.run.meter.now());
            }
            Phase::Measured(since) => {
                self.laps += 1;
                if self.began.elapsed() >= self.run.budget {
                    self.phase = Phase::Over(self.run.meter.now().saturating_sub(since));
                    return false;
                }
            }
            Phase::Over(_) => return false,
        }
        true
    }

    /// Nanoseconds per operation.
    ///
    /// # Panics
    /// If there is a lap to be run yet.
    pub fn figure(&self) -> f64 {
        match self.phase {
            Phase::Over(took) => nanoseconds(took) / (self.laps * self.operations) as f64,
            Phase::Unbegun | Phase::WarmUp | Phase::Measured(_) => {
                panic!("the figure is known when the last lap is over")
            }
        }
    }
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}
