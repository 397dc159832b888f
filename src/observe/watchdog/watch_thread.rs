//! The thread of a watchdog.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::catch_panic::catch_panic;
use runtime_core::metadata::Metadata;
use runtime_core::sync::thread;
use runtime_core::watched_loop::{Next, PollNumber, WatchedLoop};

use super::late_poll::LatePoll;
use super::thread_activity::ReadableThread;

/// The maximum number of times that the watchdog looks at the loop in one threshold.
const LOOKS_MAX: u32 = 4;

/// The shortest time between two looks.
const INTERVAL_MIN: Duration = Duration::from_micros(250);

pub(super) type LateReportFn = Box<dyn FnMut(&LatePoll) + Send>;

/// The body of the thread.
pub(super) struct WatchThread {
    pub(super) watched: Arc<WatchedLoop>,
    pub(super) threshold: Duration,
    pub(super) loop_thread: ReadableThread,
    pub(super) report: LateReportFn,
}

/// A poll number, and the looks that have read it.
struct Seen {
    poll: PollNumber,
    /// The time of the first look that read this number.
    since: Instant,
    /// The number of looks that read this number again.
    looks: u32,
    /// The number of looks at which the next report is due.
    due: u32,
    /// The task, once the poll was reported.
    reported: Option<Metadata>,
}

impl Seen {
    fn now(poll: PollNumber, due: u32) -> Seen {
        Seen { poll, since: Instant::now(), looks: 0, due, reported: None }
    }
}

impl WatchThread {
    /// Watches the loop until it has ended.
    pub(super) fn run(mut self) {
        let interval = (self.threshold / self.looks()).max(INTERVAL_MIN);
        let mut seen = self.see();
        loop {
            let is_quiet = !seen.poll.is_polling() && seen.looks >= self.looks();
            let next = if is_quiet && self.watched.is_quiet() {
                let next = self.watched.sleep();
                seen = self.see();
                next
            } else {
                let next = self.wait(interval);
                self.look(&mut seen);
                next
            };
            if next == Next::End {
                return self.report_end(seen);
            }
        }
    }

    /// The number of looks in one threshold.
    fn looks(&self) -> u32 {
        let most = self.threshold.as_nanos() / INTERVAL_MIN.as_nanos();
        most.clamp(1, LOOKS_MAX.into()) as u32
    }

    fn see(&self) -> Seen {
        Seen::now(self.watched.poll(), self.looks())
    }

    /// Waits until the next look is due. An interval that no `Instant` can represent never ends.
    fn wait(&self, interval: Duration) -> Next {
        match Instant::now().checked_add(interval) {
            Some(due) => self.watched.wait(|| thread::park_until(due)),
            None => self.watched.wait(|| {
                thread::park();
                false
            }),
        }
    }

    /// Reads the poll number, and reports a poll that is late, or was late and has ended.
    fn look(&mut self, seen: &mut Seen) {
        let poll = self.watched.poll();
        if poll != seen.poll {
            let before = mem::replace(seen, Seen::now(poll, self.looks()));
            return self.report_end(before);
        }
        seen.looks = seen.looks.saturating_add(1);
        if !poll.is_polling() || seen.looks < seen.due {
            return;
        }
        seen.due = seen.due.saturating_mul(2);
        if let Some(task) = self.watched.task_of(poll) {
            let activity = self.loop_thread.activity();
            seen.reported = Some(task.clone());
            self.call(LatePoll { task, held: seen.since.elapsed(), has_ended: false, activity });
        }
    }

    /// Reports the end of a poll that was reported before.
    fn report_end(&mut self, seen: Seen) {
        if let Some(task) = seen.reported {
            let held = seen.since.elapsed();
            self.call(LatePoll { task, held, has_ended: true, activity: None });
        }
    }

    fn call(&mut self, late: LatePoll) {
        catch_panic(|| (self.report)(&late));
    }
}
