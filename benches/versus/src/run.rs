//! The stopwatch of one cell.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// The clock of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meter {
    /// Nanoseconds of processor time of the whole process, user and system.
    Cpu,
    /// Nanoseconds by the wall clock.
    Wall,
}

/// A time of either kind.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Cpu(ProcessTime),
    Wall(Instant),
}

impl Moment {
    fn now(meter: Meter) -> Moment {
        match meter {
            Meter::Cpu => Moment::Cpu(ProcessTime::now()),
            Meter::Wall => Moment::Wall(Instant::now()),
        }
    }

    fn nanoseconds_since(self) -> f64 {
        let elapsed = match self {
            Moment::Cpu(since) => since.elapsed(),
            Moment::Wall(since) => since.elapsed(),
        };
        elapsed.as_secs_f64() * 1e9
    }
}

/// The parameters of a cell.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The clock.
    pub meter: Meter,
    /// The time budget.
    pub budget: Duration,
    /// Returns the number of allocated bytes; always 0 except in the program `bytes`.
    pub live_bytes: fn() -> usize,
}

impl Run {
    /// Returns laps of this many operations each. The first tenth of the budget is warm-up, and the
    /// rest is measured. Each of the two parts is at least one lap.
    pub fn laps(&self, operations: usize) -> Laps {
        let began = Instant::now();
        Laps { run: *self, operations, began, phase: Phase::Unbegun, laps: 0 }
    }

    /// Starts the watch for work that a process can do only once.
    pub fn start(&self) -> Watch {
        Watch(Moment::now(self.meter))
    }
}

/// A running stopwatch.
#[derive(Clone, Copy, Debug)]
pub struct Watch(Moment);

impl Watch {
    /// Returns the nanoseconds since the watch was started.
    pub fn read(&self) -> f64 {
        self.0.nanoseconds_since()
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
    /// The laps are measured by this watch.
    Measured(Watch),
    /// The last lap is over. The measured laps took this number of nanoseconds.
    Over(f64),
}

impl Laps {
    /// Returns true if another lap must be run. Call this once before each lap.
    pub fn more(&mut self) -> bool {
        match self.phase {
            Phase::Unbegun => self.phase = Phase::WarmUp,
            Phase::WarmUp if self.began.elapsed() < self.run.budget / 10 => {}
            Phase::WarmUp => {
                self.began = Instant::now();
                self.phase = Phase::Measured(self.run.start());
            }
            Phase::Measured(watch) => {
                self.laps += 1;
                if self.began.elapsed() >= self.run.budget {
                    self.phase = Phase::Over(watch.read());
                    return false;
                }
            }
            Phase::Over(_) => return false,
        }
        true
    }

    /// Returns the nanoseconds per operation.
    ///
    /// # Panics
    /// If another lap must be run.
    pub fn figure(&self) -> f64 {
        match self.phase {
            Phase::Over(took) => took / (self.laps * self.operations) as f64,
            Phase::Unbegun | Phase::WarmUp | Phase::Measured(_) => {
                panic!("the figure is known when the last lap is over")
            }
        }
    }
}
