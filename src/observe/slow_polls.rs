//! [`SlowPolls`]: reports tasks that block the loop.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::time::{Duration, Instant};

use runtime_core::metadata::Metadata;
use runtime_executor::Observer;

use super::print_line::print_line;

/// Reports each poll that takes longer than a threshold: the sign of a task that blocks the loop
/// instead of using [`spawn_blocking`](crate::spawn_blocking).
///
/// ```
/// use std::time::Duration;
/// use aside::{Runtime, observe::SlowPolls};
///
/// let runtime = Runtime::builder().observer(SlowPolls::new(Duration::from_millis(50))).build();
/// runtime.block_on(async { /* nothing slow */ });
/// ```
#[doc(alias("slow_callback_duration", "debug"))]
pub struct SlowPolls {
    threshold: Duration,
    started: Cell<Option<Instant>>,
    report: RefCell<ReportFn>,
}

type ReportFn = Box<dyn FnMut(&Metadata, Duration)>;

impl SlowPolls {
    /// Reports on stderr, in one line for each poll.
    pub fn new(threshold: Duration) -> SlowPolls {
        SlowPolls::with_report(threshold, |task, held| {
            print_line(format_args!(
                "{task} held the loop for {held:.1?}; block on the pool instead"
            ));
        })
    }

    /// Passes the task and the duration of each slow poll to a closure.
    pub fn with_report(
        threshold: Duration,
        report: impl FnMut(&Metadata, Duration) + 'static,
    ) -> SlowPolls {
        let report = RefCell::new(Box::new(report) as ReportFn);
        SlowPolls { threshold, started: Cell::new(None), report }
    }
}

impl Observer for SlowPolls {
    fn poll_started(&self, _task: &Metadata) {
        self.started.set(Some(Instant::now()));
    }

    fn poll_ended(&self, task: &Metadata) {
        let held = self.started.take().map_or(Duration::ZERO, |started| started.elapsed());
        if held > self.threshold {
            (self.report.borrow_mut())(task, held);
        }
    }
}

impl fmt::Debug for SlowPolls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlowPolls").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}
