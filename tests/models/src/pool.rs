//! Models of the blocking pool, which use its public interface.
//!
//! One lock guards the pool's state, and no mutant can break a lock. Only the decisions under the
//! lock can be wrong. So the mutants lose a wake, or run the same program on a
//! [toy pool](crate::toy) with a mistake.

use std::sync::Arc;

use runtime_blocking::{Pool, Shutdown};
use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::{Mutex, injector, thread};

use crate::drop_probe::drop_probe;
use crate::model::{Model, Mutant};
use crate::threads::{block_on, join, spawn};
use crate::toy::{Bug, JobRunner, Toy};

const PARK: &str = "runtime-core/src/park.rs";
const WAKE_THREAD: &str = "PARKED => self.thread.unpark()";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const JOB: &str = "runtime-blocking/src/job/closure.rs";
const SET_TICKET: &str = "self.ticket.store(ticket.0";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "pool::a_job_submitted_to_a_worker_going_idle_is_run",
        bound: Some(5),
        executions: 105_964,
        witnesses: &["ran"],
        mutants: &[
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::split(PARK, TRY_PARK),
            Mutant::body("sleeps without a last check", |witness| {
                one_after_another(&Toy::new(1, Bug::SleepsWithoutALook), witness);
            }),
        ],
        body: |witness| one_after_another(&pool(1, 1), witness),
    },
    Model {
        name: "pool::two_jobs_for_one_idle_worker_get_a_thread_each",
        bound: Some(3),
        executions: 133_722,
        witnesses: &["ran"],
        mutants: &[
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::body("is idle until it wakes", |witness| {
                two_jobs_for_one_idle_worker(&Toy::new(2, Bug::IdleUntilItWakes), witness);
            }),
        ],
        body: |witness| two_jobs_for_one_idle_worker(&pool(2, 2), witness),
    },
    Model {
        name: "pool::a_job_submitted_while_the_keep_alive_passes_is_run",
        bound: Some(3),
        executions: 92_088,
        witnesses: &["by the same worker", "by a new worker"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::body("retires without a look", |witness| {
                while_the_keep_alive_passes(&Toy::new(1, Bug::RetiresUnlooked), witness);
            }),
        ],
        body: |witness| while_the_keep_alive_passes(&pool(1, 1), witness),
    },
    Model {
        name: "pool::a_worker_that_wakes_for_no_reason_is_counted_once",
        bound: Some(3),
        executions: 106_139,
        witnesses: &["ran"],
        mutants: &[Mutant::body("every wake-up is an assignment", every_wake_up_is_an_assignment)],
        body: |witness| with_spurious_wake_ups(|| pool(1, 1), witness),
    },
    Model {
        name: "pool::a_job_submitted_to_a_pool_that_shuts_down_is_run_or_handed_back",
        bound: Some(4),
        executions: 44_104,
        witnesses: &["ran", "handed back"],
        mutants: &[
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::body("accepts when closed", |witness| {
                while_it_closes(&Toy::new(1, Bug::AcceptsWhenClosed), JobRunner::close, witness);
            }),
        ],
        body: |witness| while_it_closes(&pool(1, 1), JobRunner::close, witness),
    },
    Model {
        name: "pool::a_job_submitted_to_a_pool_that_is_left_comes_to_one_end",
        bound: Some(4),
        executions: 56_267,
        witnesses: &["ran", "cancelled", "handed back"],
        mutants: &[Mutant::lose(PARK, WAKE_THREAD)],
        body: |witness| while_it_closes(&pool(1, 1), leave, witness),
    },
    Model {
        name: "pool::an_aborted_job_runs_or_is_cancelled",
        bound: Some(8),
        executions: 100_475,
        witnesses: &["ran", "cancelled"],
        mutants: &[Mutant::body("cancels a running job", |witness| {
            abort(&Toy::new(1, Bug::CancelsWhatRuns), witness);
        })],
        body: |witness| abort(&pool(1, 1), witness),
    },
    Model {
        name: "pool::a_queued_job_that_is_aborted_needs_no_thread",
        bound: Some(3),
        executions: 9_461,
        witnesses: &["cancelled"],
        mutants: &[Mutant::lose(JOB, SET_TICKET)],
        body: a_queued_job_that_is_aborted,
    },
    Model {
        name: "pool::a_job_without_a_thread_is_run_by_another_or_comes_back",
        bound: Some(4),
        executions: 6_424,
        witnesses: &["ran", "handed back", "refused"],
        mutants: &[Mutant::body("counts refused starts", |witness| {
            without_a_thread(&Toy::new(1, Bug::CountsRefusedStarts), witness);
        })],
        body: |witness| without_a_thread(&pool(1, 1), witness),
    },
    Model {
        name: "pool::a_second_thread_that_cannot_start_strands_no_job",
        bound: Some(5),
        executions: 74_327,
        witnesses: &["both ran"],
        mutants: &[Mutant::lose(PARK, UNPARK)],
        body: a_second_thread_that_cannot_start,
    },
    Model {
        name: "pool::a_blocked_queue_gets_a_monitor",
        bound: Some(2),
        executions: 95_641,
        witnesses: &["ran"],
        mutants: &[Mutant::body("there is room for one thread", |witness| {
            a_blocked_queue(1, witness);
        })],
        body: |witness| a_blocked_queue(2, witness),
    },
    Model {
        name: "pool::a_blocked_queue_gets_more_threads",
        bound: Some(2),
        executions: 253_319,
        witnesses: &["ran"],
        mutants: &[Mutant::body("there is room for one thread", |witness| {
            a_blocked_queue(1, witness);
        })],
        body: |witness| a_blocked_queue(3, witness),
    },
    Model {
        name: "pool::a_job_submitted_while_the_monitor_stands_down_is_run",
        bound: Some(1),
        executions: 14_236,
        witnesses: &["ran"],
        mutants: &[Mutant::lose(PARK, WAKE_THREAD)],
        body: a_job_submitted_while_the_monitor_stands_down,
    },
    Model {
        name: "pool::two_shutdowns_one_of_them_a_jobs_both_return",
        bound: Some(4),
        executions: 941,
        witnesses: &["both returned"],
        mutants: &[Mutant::lose(PARK, UNPARK)],
        body: two_shutdowns_one_of_them_a_jobs,
    },
    Model {
        name: "pool::the_toy_without_a_mistake_passes",
        bound: Some(2),
        executions: 184,
        witnesses: &["ran"],
        mutants: &[],
        body: |witness| one_after_another(&Toy::new(1, Bug::None), witness),
    },
    Model {
        name: "pool::the_toy_without_a_mistake_passes_with_two_threads",
        bound: Some(2),
        executions: 5_609,
        witnesses: &["ran"],
        mutants: &[],
        body: |witness| two_jobs_for_one_idle_worker(&Toy::new(2, Bug::None), witness),
    },
    Model {
        name: "pool::the_toy_without_a_mistake_passes_while_time_passes",
        bound: Some(2),
        executions: 3_123,
        witnesses: &["by the same worker", "by a new worker"],
        mutants: &[],
        body: |witness| while_the_keep_alive_passes(&Toy::new(1, Bug::None), witness),
    },
    Model {
        name: "pool::the_toy_without_a_mistake_passes_with_spurious_wake_ups",
        bound: Some(2),
        executions: 3_968,
        witnesses: &["ran"],
        mutants: &[],
        body: |witness| with_spurious_wake_ups(|| Toy::new(1, Bug::None), witness),
    },
    Model {
        name: "pool::the_toy_without_a_mistake_passes_while_it_closes",
        bound: Some(2),
        executions: 279,
        witnesses: &["ran", "handed back"],
        mutants: &[],
        body: |witness| while_it_closes(&Toy::new(1, Bug::None), JobRunner::close, witness),
    },
    Model {
        name: "pool::the_toy_without_a_mistake_passes_when_it_aborts",
        bound: Some(2),
        executions: 36,
        witnesses: &["ran", "cancelled"],
        mutants: &[],
        body: |witness| abort(&Toy::new(1, Bug::None), witness),
    },
];

fn pool(threads_max: usize, cores: usize) -> Pool {
    Pool::builder()
        .burst(1)
        .threads_max(threads_max)
        .cores(cores)
        .slow_shutdown_notice(None)
        .build()
}

fn leave(pool: &Pool) {
    let _ = pool.shutdown(Shutdown::Leave);
}

fn submit(runner: &impl JobRunner, job: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let Ok(handle) = runner.submit(Box::new(job)) else { panic!("it is handed back") };
    handle
}

fn run(runner: &impl JobRunner, job: impl FnOnce() + Send + 'static) {
    block_on(submit(runner, job)).expect("it ran");
}

/// Closes the pool, and asserts that every count is right at the end. (P6)
fn end(runner: &impl JobRunner, completed: usize) {
    runner.close();
    runner.assert_over(completed);
}

/// The second job is submitted when the first has been awaited, while the worker becomes idle.
/// (tokio#8056)
fn one_after_another(runner: &impl JobRunner, witness: &'static Witness) {
    let ran = Record::new();
    for _ in 0..2 {
        let noted = ran.clone();
        run(runner, move || noted.note(()));
        runner.assert_counts();
    }
    end(runner, 2);
    assert_eq!(ran.len(), 2);
    witness.saw("ran");
}

/// Submits two jobs, the first of which ends only when the second has begun.
fn jobs_that_wait_for_each_other(runner: &impl JobRunner) {
    let begun = Arc::new(Completion::new(Metadata::here(), None));
    let wait = JoinHandle::new(Arc::clone(&begun));
    let first = submit(runner, move || block_on(wait).expect("the other began"));
    let second = submit(runner, move || drop(begun.complete(Ok(()))));
    block_on(first).expect("it ran");
    block_on(second).expect("it ran");
}

/// One worker is idle, or is about to become idle. Then two jobs are submitted that need a thread
/// each. (P5)
fn two_jobs_for_one_idle_worker(runner: &impl JobRunner, witness: &'static Witness) {
    run(runner, || ());
    jobs_that_wait_for_each_other(runner);
    end(runner, 3);
    witness.saw("ran");
}

/// keep-alive‖notify‖submit. The keep-alive of a worker passes while a job is submitted. (P57)
fn while_the_keep_alive_passes(runner: &impl JobRunner, witness: &'static Witness) {
    let injector = injector::start(injector::expire);
    let workers = Record::new();
    for _ in 0..2 {
        let noted = workers.clone();
        run(runner, move || noted.note(thread::current().id()));
    }
    let [before, after] = workers.take()[..] else { panic!("each runs once") };
    witness.saw(if before == after { "by the same worker" } else { "by a new worker" });
    end(runner, 2);
    join(injector);
}

/// The jobs of `one_after_another`, while the worker may wake spuriously. (P6)
fn with_spurious_wake_ups<C: JobRunner>(runner: fn() -> C, witness: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let runner = runner();
    one_after_another(&runner, witness);
    join(injector);
}

/// A worker that takes every wake-up for an assignment. The thread that assigns a job subtracts the
/// worker from the idle count. A worker that wakes spuriously finds no job, and adds itself to the
/// count a second time.
fn every_wake_up_is_an_assignment(_: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let state = Arc::new(Mutex::new((0, false)));
    let shared = Arc::clone(&state);
    let worker = spawn(move || {
        loop {
            let mut state = shared.lock();
            let (idle, closed) = &mut *state;
            if *closed {
                return;
            }
            *idle += 1;
            drop(state);
            thread::park();
        }
    });
    let mut closing = state.lock();
    let (idle, closed) = &mut *closing;
    *closed = true;
    *idle = usize::saturating_sub(*idle, 1);
    drop(closing);
    worker.thread().unpark();
    join(worker);
    assert_eq!(state.lock().0, 0, "nobody is left to be idle");
    join(injector);
}

/// shutdown‖submit‖idle worker. The job is run, cancelled or handed back: exactly one of these
/// happens, once. (P48, tokio#7922)
fn while_it_closes<C: JobRunner>(runner: &C, close: fn(&C), witness: &'static Witness) {
    run(runner, || ());
    let (value, drops) = drop_probe();
    let (ran, ends) = (Record::new(), Record::new());
    let (other, noted, end_of_job) = (runner.clone(), ran.clone(), ends.clone());
    let submitter = spawn(move || {
        let job = Box::new(move || {
            let _alive = value;
            noted.note(());
        });
        end_of_job.note(match other.submit(job) {
            Err(_job) => "handed back",
            Ok(job) => match block_on(job) {
                Ok(()) => "ran",
                Err(error) => {
                    assert!(error.is_cancelled());
                    "cancelled"
                }
            },
        });
    });
    close(runner);
    join(submitter);
    let [end_of_job] = ends.take()[..] else { panic!("one end") };
    witness.saw(end_of_job);
    let has_run = usize::from(end_of_job == "ran");
    assert_eq!(ran.len(), has_run);
    drops.assert_one();
    end(runner, 1 + has_run);
}

/// abort‖dequeue. A job is aborted while a worker takes it from the queue. (P56)
fn abort(runner: &impl JobRunner, witness: &'static Witness) {
    let (value, drops) = drop_probe();
    let ran = Record::new();
    let noted = ran.clone();
    let job = submit(runner, move || {
        let _alive = value;
        noted.note(());
    });
    job.abort();
    let result = block_on(job);
    drops.assert_one();
    witness.saw(match result {
        Ok(()) => "ran",
        Err(error) => {
            assert!(error.is_cancelled());
            "cancelled"
        }
    });
    end(runner, ran.len());
    drops.assert_one();
}

/// The only thread is blocked until the aborted job has been cancelled. A job behind it in the
/// queue runs. (P56)
fn a_queued_job_that_is_aborted(witness: &'static Witness) {
    let pool = pool(1, 1);
    let open = Arc::new(Completion::new(Metadata::here(), None));
    let gate = JoinHandle::new(Arc::clone(&open));
    let first = submit(&pool, move || block_on(gate).expect("it opens"));
    let job = submit(&pool, || panic!("it is aborted before it begins"));
    let other = submit(&pool, || ());
    job.abort();
    assert!(block_on(job).is_err_and(|error| error.is_cancelled()));
    witness.saw("cancelled");
    let _no_producer = open.complete(Ok(()));
    block_on(first).expect("it ran");
    block_on(other).expect("it ran, and was not removed in place of the aborted one");
    end(&pool, 2);
}

/// Two threads submit to a pool whose first thread cannot be started. A job that is accepted before
/// the start fails is refused through its handle. (P52, tokio#8406)
fn without_a_thread<C: JobRunner>(runner: &C, witness: &'static Witness) {
    injector::refuse_spawn(2);
    let (ran, ends) = (Record::new(), Record::new());
    let submit_one = {
        let (runner, ran, ends) = (runner.clone(), ran.clone(), ends.clone());
        move || {
            let noted = ran.clone();
            ends.note(match runner.submit(Box::new(move || noted.note(()))) {
                Err(_job) => "handed back",
                Ok(job) => match block_on(job) {
                    Ok(()) => "ran",
                    Err(error) => {
                        assert!(error.is_refused());
                        "refused"
                    }
                },
            });
        }
    };
    let submitter = spawn(submit_one.clone());
    submit_one();
    join(submitter);
    let ends = ends.take();
    assert_eq!(ends.len(), 2);
    assert_eq!(ran.len(), ends.iter().filter(|end| **end == "ran").count());
    ends.into_iter().for_each(|end| witness.saw(end));
    end(runner, ran.len());
}

/// The thread for the second job cannot be started, so the first job's thread runs it. (P52)
fn a_second_thread_that_cannot_start(witness: &'static Witness) {
    injector::refuse_spawn(2);
    let pool = pool(2, 2);
    let jobs = [(); 2].map(|()| submit(&pool, || ()));
    jobs.into_iter().for_each(|job| block_on(job).expect("it ran"));
    end(&pool, 2);
    witness.saw("both ran");
}

/// There are more jobs than cores, and the first job waits for the second. When time has passed,
/// the monitor takes the second job or adds another worker for it.
fn a_blocked_queue(threads_max: usize, witness: &'static Witness) {
    let injector = injector::start(|| {
        injector::expire();
        injector::expire_at_last();
    });
    let pool = pool(threads_max, 1);
    jobs_that_wait_for_each_other(&pool);
    end(&pool, 2);
    witness.saw("ran");
    injector::dismiss();
    join(injector);
}

/// Two jobs submitted at once make the pool appoint a monitor. The third job is submitted when the
/// queue may be empty again, and the monitor may be about to become a normal worker.
fn a_job_submitted_while_the_monitor_stands_down(witness: &'static Witness) {
    let injector = injector::start(|| {
        injector::expire();
        injector::expire_at_last();
    });
    let pool = pool(2, 1);
    let jobs = [(); 2].map(|()| submit(&pool, || ()));
    jobs.into_iter().for_each(|job| block_on(job).expect("it ran"));
    run(&pool, || ());
    end(&pool, 3);
    witness.saw("ran");
    injector::dismiss();
    join(injector);
}

/// Two threads shut a pool down, and one of them does so within a job of that pool. The shutdown
/// within the job does not wait for this job. Both shutdowns return.
fn two_shutdowns_one_of_them_a_jobs(witness: &'static Witness) {
    let pool = pool(1, 1);
    let inside = pool.clone();
    let job = submit(&pool, move || {
        let report = inside.shutdown(Shutdown::Wait);
        assert_eq!(report.running.len(), 1, "the job itself");
    });
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    block_on(job).expect("it ran");
    end(&pool, 1);
    witness.saw("both returned");
}
