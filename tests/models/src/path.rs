//! Models of a complete blocking call, through the front end: a job runs, publishes its result, and
//! wakes the task. The loop, which slept, then reads the result.

use std::pin::pin;
use std::time::Duration;

use aside::time::Clock;
use aside::{Runtime, gather, timeout};
use runtime_core::sync::explore::{Record, Witness};

use crate::drop_probe::drop_probe;
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const REMOTE: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";
const CLOCK: &str = "runtime-core/src/clock.rs";
const RELEASE: &str = "time.holds.fetch_sub(1";
const WOKEN: &str = "src/gather/wake_set.rs";
const LEAVE: &str = "self.root.fetch_and(!ATTENDED";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "path::a_job_is_done_and_the_loop_that_slept_reads_its_result",
        bound: None,
        executions: 445_364,
        witnesses: &["read"],
        mutants: &[
            Mutant::lose(REMOTE, SEND),
            Mutant::lose(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
        ],
        body: a_job_is_done_and_its_result_is_read,
    },
    Model {
        name: "path::two_jobs_of_a_group_are_read",
        bound: Some(4),
        executions: 13_971,
        witnesses: &["read"],
        mutants: &[
            Mutant::lose(REMOTE, SEND),
            Mutant::split(PARK, TRY_PARK),
            Mutant::lose(WOKEN, LEAVE),
        ],
        body: two_jobs_of_a_group_are_read,
    },
    Model {
        name: "path::a_job_takes_no_virtual_time",
        bound: Some(5),
        executions: 14_577,
        witnesses: &["in time"],
        mutants: &[Mutant::relaxed(CLOCK, RELEASE)],
        body: a_job_takes_no_virtual_time,
    },
    Model {
        name: "path::a_job_blocks_on_a_task_of_its_loop",
        bound: Some(5),
        executions: 20_073,
        witnesses: &["finished"],
        mutants: &[Mutant::lose(REMOTE, SEND), Mutant::lose(PARK, UNPARK)],
        body: a_job_blocks_on_a_task_of_its_loop,
    },
    Model {
        name: "path::a_job_whose_runtime_is_dropped_runs_and_is_dropped_once",
        bound: Some(5),
        executions: 12_290,
        witnesses: &["ran"],
        mutants: &[Mutant::body("the job leaks its value", |witness| {
            a_job_whose_runtime_is_dropped(std::mem::forget, witness);
        })],
        body: |witness| a_job_whose_runtime_is_dropped(drop, witness),
    },
    Model {
        name: "path::a_remote_spawn_runs_or_is_cancelled",
        bound: None,
        executions: 8_291,
        witnesses: &["ran", "cancelled"],
        mutants: &[Mutant::lose("runtime-core/src/sync/loom/channel.rs", "tail.fetch_or(CLOSED")],
        body: a_remote_spawn,
    },
];

fn runtime() -> Runtime {
    Runtime::builder().threads_max(1).slow_shutdown_notice(None).build()
}

fn a_job_is_done_and_its_result_is_read(witness: &'static Witness) {
    let runtime = runtime();
    let result = runtime.block_on(async { aside::spawn_blocking(|| 7).await });
    assert_eq!(result.expect("it ran"), 7);
    witness.saw("read");
}

/// Two jobs wake the same task, through the wake set of its group.
fn two_jobs_of_a_group_are_read(witness: &'static Witness) {
    let runtime = runtime();
    let results = runtime.block_on(async {
        gather((aside::spawn_blocking(|| 1), aside::spawn_blocking(|| 2))).await
    });
    let (first, second) = results;
    assert_eq!((first.expect("it ran"), second.expect("it ran")), (1, 2));
    witness.saw("read");
}

/// A job ends before a timer of an hour fires, although the virtual clock could skip the hour.
/// (P60)
fn a_job_takes_no_virtual_time(witness: &'static Witness) {
    let runtime = Runtime::builder()
        .threads_max(1)
        .slow_shutdown_notice(None)
        .clock(Clock::virtual_time())
        .build();
    let start = runtime.handle().now();
    let result = runtime.block_on(async {
        let job = pin!(aside::spawn_blocking(|| 7));
        timeout(Duration::from_secs(3600), job).await
    });
    assert_eq!(result.expect("the time stood still").expect("it ran"), 7);
    assert_eq!(runtime.handle().now(), start);
    witness.saw("in time");
}

/// A loop awaits a job. The job spawns a task on this loop, and blocks on the task.
fn a_job_blocks_on_a_task_of_its_loop(witness: &'static Witness) {
    let runtime = runtime();
    let handle = runtime.handle();
    let result = runtime.block_on(async {
        aside::spawn_blocking(move || handle.block_on(handle.spawn(async { 7 }))).await
    });
    assert_eq!(result.expect("it ran").expect("it ended"), 7);
    witness.saw("finished");
}

/// A task that awaits a job is dropped together with its runtime. The drop of the runtime waits for
/// the job. (P47)
fn a_job_whose_runtime_is_dropped(
    end: fn(crate::drop_probe::DropProbe),
    witness: &'static Witness,
) {
    let runtime = runtime();
    let (value, drops) = drop_probe();
    let ran = Record::new();
    let noted = ran.clone();
    let task = runtime.spawn(async move {
        let job = aside::spawn_blocking(move || {
            noted.note(());
            end(value);
        });
        job.await.expect("nobody cancels it");
    });
    let _ = runtime.turn(Duration::ZERO);
    drop(runtime);
    assert!(task.is_finished());
    assert_eq!(ran.len(), 1);
    drops.assert_one();
    witness.saw("ran");
}

/// A task that another thread spawns while its runtime is dropped is run or cancelled. (P48)
fn a_remote_spawn(witness: &'static Witness) {
    let runtime = runtime();
    let handle = runtime.handle();
    let ends = Record::new();
    let noted = ends.clone();
    let spawner = spawn(move || {
        let result = handle.block_on(handle.spawn(async { 7 }));
        noted.note(result.map_err(|error| error.is_cancelled()));
    });
    let _ = runtime.turn(Duration::ZERO);
    drop(runtime);
    join(spawner);
    match ends.take()[..] {
        [Ok(7)] => witness.saw("ran"),
        [Err(true)] => witness.saw("cancelled"),
        ref other => panic!("{other:?}"),
    }
}
