//! Models of lanes and bounded queues: limits, places in the queue, and requests to stop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use runtime_blocking::{CancelToken, Lane, Pool, Priority, Shutdown, SubmitError};
use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness};

use crate::drop_probe::drop_probe;
use crate::model::{Model, Mutant};
use crate::threads::{block_on, join, spawn};

const COMPLETION: &str = "runtime-core/src/completion.rs";
const CANCEL: &str = "self.cancel_requested.swap(true";
const PARK: &str = "runtime-core/src/park.rs";
const WAKE_THREAD: &str = "PARKED => self.thread.unpark()";
const UNPARK: &str = "self.state.swap(NOTIFIED";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "lanes::an_abandoned_job_keeps_its_place_in_the_lane",
        bound: Some(5),
        executions: 48_339,
        witnesses: &["abandoned", "cancelled in the queue"],
        mutants: &[Mutant::body("no limit", |witness| {
            an_abandoned_job_keeps_its_place(&lane(2, usize::MAX), witness);
        })],
        body: |witness| an_abandoned_job_keeps_its_place(&lane(2, 1), witness),
    },
    Model {
        name: "lanes::a_submitter_that_gives_up_as_a_permit_is_granted_leaves_no_gap",
        bound: Some(2),
        executions: 12_891,
        witnesses: &["gave up in line", "was in already"],
        mutants: &[Mutant::lose(PARK, WAKE_THREAD)],
        body: who_gives_up_in_line,
    },
    Model {
        name: "lanes::a_job_on_the_wait_list_of_a_closing_pool_ends_once",
        bound: Some(3),
        executions: 3_334,
        witnesses: &["ran", "cancelled", "handed back"],
        mutants: &[Mutant::lose(PARK, WAKE_THREAD)],
        body: a_job_in_line_of_a_pool_that_closes,
    },
    Model {
        name: "lanes::a_shutdown_that_leaves_reports_a_job_that_must_run_which_is_run_later",
        bound: Some(3),
        executions: 918,
        witnesses: &["had ended", "runs", "waits"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::body("a lane that need not run", |witness| {
                a_shutdown_that_leaves(|lane| lane, witness);
            }),
        ],
        body: |witness| a_shutdown_that_leaves(|lane| lane.must_run(), witness),
    },
    Model {
        name: "lanes::a_hook_that_is_added_while_its_job_is_aborted_is_called",
        bound: Some(4),
        executions: 11_617,
        witnesses: &["stopped", "cancelled"],
        mutants: &[
            Mutant::lose(COMPLETION, CANCEL),
            Mutant::body("checks before it registers", looks_before_it_registers),
        ],
        body: a_hook_that_is_added_while_its_job_is_aborted,
    },
    Model {
        name: "lanes::a_job_reported_as_running_had_not_ended",
        bound: Some(3),
        executions: 363,
        witnesses: &["reported", "not reported"],
        mutants: &[Mutant::lose(PARK, WAKE_THREAD)],
        body: who_is_reported_as_running,
    },
];

fn pool(threads_max: usize) -> Pool {
    let builder = Pool::builder().burst(1).threads_max(threads_max).cores(threads_max);
    builder.slow_shutdown_notice(None).build()
}

fn lane(threads_max: usize, running_max: usize) -> Lane {
    pool(threads_max).lane("lane").running_max(running_max).build()
}

fn submit<T: Send + 'static>(
    lane: &Lane,
    job: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    lane.submit(job).unwrap_or_else(|error| panic!("{error}"))
}

fn close(pool: &Pool, completed: usize) {
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.queued, stats.wait_list), (0, 0, 0));
    assert_eq!(stats.completed, completed as u64);
}

/// abort‖run‖the next job of the lane. An abandoned job that runs still counts against the limit of
/// its lane. (P55)
fn an_abandoned_job_keeps_its_place(lane: &Lane, witness: &'static Witness) {
    let (running, ran) = (Arc::new(AtomicUsize::new(0)), Record::new());
    let enter = || {
        let (running, ran) = (Arc::clone(&running), ran.clone());
        move || {
            assert_eq!(running.fetch_add(1, Ordering::Relaxed), 0, "the limit is one");
            ran.note(());
            running.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let first = submit(lane, enter());
    first.abort();
    let second = submit(lane, enter());
    block_on(second).expect("it ran");
    let was_run = block_on(first).is_ok();
    witness.saw(if was_run { "abandoned" } else { "cancelled in the queue" });
    close(&lane.pool(), ran.len());
    assert_eq!(ran.len(), 1 + usize::from(was_run));
}

/// A submit that waits for room is dropped‖a place in the queue becomes free. The closure of that
/// submit is dropped once, and the queued jobs run. (P56)
fn who_gives_up_in_line(witness: &'static Witness) {
    let lane = pool(1).lane("lane").running_max(1).queue_max(1).build();
    let (open, gate) = gate();
    let first = submit(&lane, move || block_on(gate).expect("it opens"));
    let second = submit(&lane, || ());
    let (value, drops) = drop_probe();
    let ran = Record::new();
    let noted = ran.clone();
    let mut waiter = Box::pin(lane.submit_async(move || {
        let _alive = value;
        noted.note(());
    }));
    let mut job = None;
    block_on(poll_fn(|cx| {
        job = match waiter.as_mut().poll(cx) {
            Poll::Ready(Ok(job)) => Some(job),
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => None,
        };
        Poll::Ready(())
    }));
    let last = submit(&lane, || ());
    let opener = spawn(move || drop(open.complete(Ok(()))));
    drop(waiter);
    let was_in = job.is_some() || !ran.is_empty();
    for job in [first, second, last] {
        block_on(job).expect("it ran");
    }
    if let Some(job) = job {
        block_on(job).expect("it ran");
    }
    join(opener);
    close(&lane.pool(), 3 + ran.len());
    drops.assert_one();
    witness.saw(if was_in || ran.len() == 1 { "was in already" } else { "gave up in line" });
}

fn gate() -> (Arc<Completion<()>>, JoinHandle<()>) {
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    (Arc::clone(&cell), JoinHandle::new(cell))
}

/// close‖accept. A job that may find the queue full is submitted while the pool closes. (P48)
fn a_job_in_line_of_a_pool_that_closes(witness: &'static Witness) {
    let pool = Pool::builder().burst(1).threads_max(1).cores(1).queue_max(1).build();
    let (value, drops) = drop_probe();
    let (ran, ends) = (Record::new(), Record::new());
    let (other, noted, end) = (pool.clone(), ran.clone(), ends.clone());
    let submitter = spawn(move || {
        let first = other.submit(|| ());
        let second = block_on(other.submit_async(move || {
            let _alive = value;
            noted.note(());
        }));
        end.note(match second {
            Err(SubmitError::Closed(_)) => "handed back",
            Err(error) => panic!("{error}"),
            Ok(job) => match block_on(job) {
                Ok(()) => "ran",
                Err(error) => {
                    assert!(error.is_cancelled());
                    "cancelled"
                }
            },
        });
        drop(first);
    });
    let _ = pool.shutdown(Shutdown::Leave);
    join(submitter);
    let [end] = ends.take()[..] else { panic!("one end") };
    witness.saw(end);
    assert_eq!(ran.len(), usize::from(end == "ran"));
    drops.assert_one();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

/// priorities‖shutdown. A job in a background lane must run. The shutdown does not wait for the
/// job. It reports the job, unless the job has ended, and the job is run. (P96)
fn a_shutdown_that_leaves(
    rules: fn(runtime_blocking::LaneBuilder) -> runtime_blocking::LaneBuilder,
    witness: &'static Witness,
) {
    let pool = pool(1);
    let flush = rules(pool.lane("flush").priority(Priority::Background)).build();
    let flushed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&flushed);
    let must = submit(&flush, move || flag.store(true, Ordering::Relaxed));
    let other = submit(pool.main_lane(), || ());
    let report = pool.shutdown(Shutdown::Leave);
    let id = must.id();
    witness.saw(if report.waiting.iter().any(|job| job.id() == id) {
        "waits"
    } else if report.running.iter().any(|job| job.metadata.id() == id) {
        "runs"
    } else {
        "had ended"
    });
    block_on(must).expect("it ran");
    assert!(flushed.load(Ordering::Relaxed), "its effect is visible");
    let ran = block_on(other).is_ok();
    close(&pool, 1 + usize::from(ran));
}

/// abort‖on_cancel. A job adds a hook and sleeps until the hook is called. An abort wakes it, even
/// if the abort comes before the hook is added.
fn a_hook_that_is_added_while_its_job_is_aborted(witness: &'static Witness) {
    let pool = pool(1);
    let job = submit(pool.main_lane(), || {
        let (open, gate) = gate();
        let token = CancelToken::current().expect("in a job");
        let hook = token.on_cancel(move || drop(open.complete(Ok(()))));
        block_on(gate).expect("it opens");
        assert!(token.is_cancelled());
        drop(hook);
    });
    job.abort();
    let ran = block_on(job).is_ok();
    witness.saw(if ran { "stopped" } else { "cancelled" });
    close(&pool, usize::from(ran));
}

/// The same program with a mutex and a flag, and the mistake that the job checks the flag before it
/// registers its hook.
fn looks_before_it_registers(_: &'static Witness) {
    type Hook = Arc<Completion<()>>;
    let shared: Arc<(AtomicBool, Mutex<Option<Hook>>)> = Arc::default();
    let other = Arc::clone(&shared);
    let job = spawn(move || {
        let (open, gate) = gate();
        if other.0.load(Ordering::Acquire) {
            return;
        }
        *other.1.lock() = Some(open);
        block_on(gate).expect("it opens");
    });
    shared.0.store(true, Ordering::Release);
    let hook = shared.1.lock().take();
    if let Some(open) = hook {
        drop(open.complete(Ok(())));
    }
    join(job);
}

/// A shutdown with `Leave` reports the running job‖the job ends. The job is counted once, as
/// running or as ended.
fn who_is_reported_as_running(witness: &'static Witness) {
    let pool = pool(1);
    let ran = Record::new();
    let noted = ran.clone();
    let job = submit(pool.main_lane(), move || noted.note(()));
    let report = pool.shutdown(Shutdown::Leave);
    let reported = report.running.len();
    assert!(reported + report.cancelled.len() <= 1);
    let was_run = block_on(job).is_ok();
    assert_eq!(was_run, report.cancelled.is_empty(), "cancelled, or run");
    witness.saw(if reported == 1 { "reported" } else { "not reported" });
    close(&pool, ran.len());
}
