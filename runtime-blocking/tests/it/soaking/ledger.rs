//! A record of how every job of a round ended, made by the job's closure and its submitter.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use runtime_blocking::{CancelToken, LaneStats, PoolReport, Stats};
use runtime_core::join::JoinError;
use runtime_core::metadata::Id;
use runtime_core::sync::Mutex;

use super::faults::Parcel;

/// The number of lanes in a round. `MUST` is the lane whose jobs no shutdown cancels.
pub(super) const LANES: usize = 4;
pub(super) const MUST: usize = 3;

/// A job's number in its round.
pub(super) type Number = usize;

/// The end of a job, reported by its submitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// The handle yielded a result or a panic.
    Run,
    Cancelled,
    /// The handle reported that the thread for which the job waited could not be started.
    Refused,
    /// The submit gave the closure back.
    HandedBack,
    /// The submitter did not await the job.
    Unasked,
}

impl End {
    /// Returns the end that the output of a handle reports.
    pub(super) fn of<T>(result: &Result<T, JoinError>) -> End {
        match result {
            Ok(_) => End::Run,
            Err(error) if error.is_panic() => End::Run,
            Err(error) if error.is_cancelled() => End::Cancelled,
            Err(error) if error.is_refused() => End::Refused,
            Err(error) => panic!("no end of a job: {error}"),
        }
    }
}

/// One job. *Shared by* its closure, its submitter, and the ledger.
#[derive(Default)]
pub(super) struct Job {
    pub(super) lane: usize,
    pub(super) runs: AtomicUsize,
    /// The number of drops of the closure. `kept_drops` is the number of drops of the kept value.
    pub(super) drops: AtomicUsize,
    pub(super) kept_drops: AtomicUsize,
    /// True if a cancellation was requested, or is about to be.
    pub(super) unwanted: AtomicBool,
    pub(super) hook_calls: AtomicUsize,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    end: Option<End>,
    id: Option<Id>,
    /// True if the job was submitted with a value to keep.
    keeps: bool,
}

impl Job {
    pub(super) fn keeps(&self) {
        self.told.lock().keeps = true;
    }

    pub(super) fn has_id(&self, id: Id) {
        self.told.lock().id = Some(id);
    }

    /// Records the end of the job. A job must end only once.
    pub(super) fn ended(&self, end: End) {
        let before = self.told.lock().end.replace(end);
        assert_eq!(before, None, "it ends once");
    }
}

/// All jobs of a round, and other counts. *Shared by* all threads of the round.
#[derive(Default)]
pub(super) struct Ledger {
    jobs: Mutex<Vec<Arc<Job>>>,
    pub(super) reports: Mutex<Vec<PoolReport>>,
    pub(super) tokens: Mutex<Vec<CancelToken>>,
    /// The violations that jobs have found. Jobs do not report them by a panic, because a panic is
    /// one of the faults.
    wrong: Mutex<Vec<String>>,
    /// The number of jobs of each lane that run at this moment.
    pub(super) at_once: [AtomicUsize; LANES],
    /// The number of threads whose start was granted. `ended` is the number of threads whose
    /// thread-locals were destroyed.
    pub(super) started: AtomicUsize,
    pub(super) ended: AtomicUsize,
}

impl Ledger {
    /// Adds a job.
    pub(super) fn open(&self, lane: usize) -> Arc<Job> {
        let job = Arc::new(Job { lane, ..Job::default() });
        self.jobs.lock().push(Arc::clone(&job));
        job
    }

    /// Records a violation unless `is_so`.
    pub(super) fn check(&self, is_so: bool, what: impl FnOnce() -> String) {
        if !is_so {
            self.wrong.lock().push(what());
        }
    }

    /// Returns the number of jobs.
    pub(super) fn len(&self) -> Number {
        self.jobs.lock().len()
    }

    /// Returns the number of jobs for each end.
    pub(super) fn tally(&self, ends: &mut BTreeMap<End, usize>) {
        for job in self.jobs.lock().iter() {
            let end = job.told.lock().end.expect("the round is over");
            *ends.entry(end).or_default() += 1;
        }
    }

    /// Checks that every job has come to exactly one end. Returns the number of runs by lane.
    pub(super) fn close(&self) -> [u64; LANES] {
        assert_eq!(*self.wrong.lock(), Vec::<String>::new());
        let cancelled = self.cancelled_by_shutdowns();
        let mut runs = [0; LANES];
        for (number, job) in self.jobs.lock().iter().enumerate() {
            let told = job.told.lock();
            let id = told.id.as_ref();
            let by_shutdown = id.and_then(|id| cancelled.get(id)).copied().unwrap_or(0);
            let who = format!("job {number} of lane {}, {:?}", job.lane, told.end);
            let run = job.runs.load(Ordering::SeqCst);
            runs[job.lane] += run as u64;
            assert_eq!(job.drops.load(Ordering::SeqCst), 1, "{who}: its closure is dropped once");
            let kept = job.kept_drops.load(Ordering::SeqCst);
            assert_eq!(kept, usize::from(told.keeps), "{who}: what it kept is dropped once");
            assert!(job.hook_calls.load(Ordering::SeqCst) <= 1, "{who}: its hook is called once");
            assert!(by_shutdown <= 1 && run + by_shutdown <= 1, "{who}: reported and run");
            assert!(job.lane != MUST || by_shutdown == 0, "{who}: a job that must run is run");
            let unwanted = job.unwanted.load(Ordering::SeqCst);
            match told.end.expect("every submitter has said what came of its jobs") {
                End::Run => assert_eq!(run, 1, "{who}"),
                End::Cancelled => {
                    assert_eq!(run, 0, "{who}");
                    assert!(
                        unwanted || by_shutdown == 1,
                        "{who}: it was cancelled without a request"
                    );
                }
                End::Refused | End::HandedBack => assert_eq!((run, by_shutdown), (0, 0), "{who}"),
                End::Unasked => {}
            }
        }
        runs
    }

    /// Returns how often each job is in a report.
    fn cancelled_by_shutdowns(&self) -> BTreeMap<Id, usize> {
        let mut times = BTreeMap::new();
        let reports = self.reports.lock();
        for metadata in reports.iter().flat_map(|report| &report.cancelled) {
            *times.entry(metadata.id()).or_default() += 1;
        }
        times
    }

    /// Checks that the pool's statistics agree with the ledger, and that no job and no thread is
    /// left.
    pub(super) fn compare(&self, runs: [u64; LANES], stats: Stats, lanes: &[LaneStats]) {
        assert_eq!(stats.completed, runs.iter().sum::<u64>());
        let left = [stats.threads, stats.idle, stats.busy, stats.queued, stats.wait_list];
        assert_eq!((left, stats.abandoned), ([0; 5], 0), "nothing is left");
        assert_eq!(lanes.len(), LANES);
        for (lane, run) in lanes.iter().zip(runs) {
            assert_eq!(lane.completed, run, "{lane:?}");
            let left = [lane.running, lane.queued, lane.wait_list, lane.abandoned];
            assert_eq!(left, [0; 4], "{lane:?}");
        }
        self.assert_no_thread_is_left();
    }

    pub(super) fn assert_no_thread_is_left(&self) {
        let started = self.started.load(Ordering::SeqCst);
        assert_eq!(self.ended.load(Ordering::SeqCst), started, "each has ended and was joined");
    }

    /// Checks the tokens, which outlive their jobs: a hook that is added after the end of a job is
    /// called if, and only if, the job was cancelled.
    pub(super) fn ask_the_tokens(&self) {
        for token in self.tokens.lock().drain(..) {
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            let hook = token.on_cancel(move || _ = counted.fetch_add(1, Ordering::SeqCst));
            let called = usize::from(token.is_cancelled());
            assert_eq!(calls.load(Ordering::SeqCst), called, "{token:?}");
            drop(hook);
            assert_eq!(Arc::strong_count(&calls), 1, "an ended job keeps no hook");
        }
    }
}

/// A value that reports its drop to its job.
pub(super) fn parcel(job: &Arc<Job>, explodes: bool) -> Parcel {
    let job = Arc::clone(job);
    Parcel::new(explodes, move || _ = job.drops.fetch_add(1, Ordering::SeqCst))
}

/// A kept value that reports its drop to its job.
pub(super) fn kept_parcel(job: &Arc<Job>, explodes: bool) -> Parcel {
    job.keeps();
    let job = Arc::clone(job);
    Parcel::new(explodes, move || _ = job.kept_drops.fetch_add(1, Ordering::SeqCst))
}
