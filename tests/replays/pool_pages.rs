//! Replays of the pool.

use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::{JoinHandle, Runtime, named, sleep, timeout};

use futures_channel::oneshot;

use crate::{EventOrder, Replay, count, find, page, record, record_virtual};

const JOBS: usize = 8;

/// Submits eight jobs at once, and awaits them.
fn submit(runtime: &Runtime, job: impl Fn() + Clone + Send + 'static) {
    runtime.block_on(async {
        let submit = |number| named(format!("job {number}")).spawn_blocking(job.clone());
        let jobs: Vec<JoinHandle<()>> = (1..=JOBS).map(submit).collect();
        for job in jobs {
            job.await.unwrap();
        }
    });
}

pub(crate) fn burst_beside_sleep() -> Replay {
    let mut document = page(
        "A burst beside blocking jobs",
        "Eight jobs are submitted at once. On the left each of them returns at once: one or a few \
         workers empty the queue, and the monitor sees it move. On the right each job blocks until \
         all eight run: the monitor sees that no job ends, and adds workers, twice as many each \
         time.",
    );
    let settings = |builder: aside::Builder| builder;
    record(&mut document, "a burst: few workers", settings, |runtime, _| submit(&runtime, || ()));
    record(&mut document, "jobs that block: eight workers", settings, |runtime, _| {
        let all = Arc::new(Barrier::new(JOBS));
        submit(&runtime, move || {
            all.wait();
        });
    });
    let [burst, blocking] = &document.runs[..] else { unreachable!("there are two runs") };
    assert_eq!(count(burst, "JobEnded"), JOBS);
    assert_eq!(count(blocking, "JobEnded"), JOBS);
    assert!(count(blocking, "WorkerStarted") >= JOBS);
    assert!(count(blocking, "PoolGrew") > 0);
    let looks = vec![
        (
            "the first job enters the queue, and a worker is started for it",
            find(&document, "JobQueued", ""),
        ),
        (
            "a worker takes the next job as soon as it has ended one",
            find(&document, "JobEnded", ""),
        ),
    ];
    Replay { file: "burst-sleep", order: EventOrder::Free, document, looks }
}

pub(crate) fn cancellation() -> Replay {
    let mut document = page(
        "Cancellation",
        "The pool has one worker. An aborted task is dropped, with its timer. An aborted job that \
         is still queued never runs. A running job cannot be stopped from outside: it is requested \
         to stop, and runs until it looks.",
    );
    record_virtual(
        &mut document,
        "cancellation",
        |builder| builder.threads_max(1),
        |runtime, _| {
            let (release, released) = mpsc::channel::<()>();
            let (begun, has_begun) = oneshot::channel();
            runtime.block_on(async {
                let running = named("running").spawn_blocking(move || {
                    begun.send(()).unwrap();
                    released.recv().unwrap_err();
                    aside::blocking::is_cancelled()
                });
                has_begun.await.unwrap();
                let queued = named("queued").spawn_blocking(|| ());
                let sleeping = named("sleeping").spawn(sleep(Duration::from_secs(3_600)));
                aside::yield_now().await;
                sleeping.abort();
                assert!(sleeping.await.unwrap_err().is_cancelled());
                queued.abort();
                assert!(queued.await.unwrap_err().is_cancelled());
                running.abort();
                drop(release);
                let late = timeout(Duration::from_secs(1), running).await;
                drop(late);
            });
        },
    );
    let run = &document.runs[0];
    assert_eq!((count(run, "TaskCancelled"), count(run, "JobDiscarded")), (1, 1));
    assert_eq!((count(run, "CancelRequested"), count(run, "JobTaken")), (2, 1));
    let looks = vec![
        (
            "the aborted task is dropped instead of being polled",
            find(&document, "TaskCancelled", ""),
        ),
        ("the queued job leaves the queue without being run", find(&document, "JobDiscarded", "")),
        ("the running job ends when its closure returns", find(&document, "JobEnded", "")),
    ];
    Replay { file: "cancellation", order: EventOrder::Free, document, looks }
}

pub(crate) fn straggler() -> Replay {
    let mut document = page(
        "A shutdown with a straggler",
        "A runtime is shut down with a limit while one job runs and another one waits behind it. \
         The shutdown waits for the limit. Then the queued job is cancelled, the running one is \
         requested to stop and reported, and the shutdown returns although the job still runs.",
    );
    let (release, released) = mpsc::channel::<()>();
    let settings = |builder: aside::Builder| builder.threads_max(1);
    record(&mut document, "a shutdown with a straggler", settings, |runtime, _| {
        let (begun, has_begun) = oneshot::channel();
        runtime.block_on(async {
            let straggler = named("straggler").spawn_blocking(move || {
                begun.send(()).unwrap();
                let _ = released.recv();
            });
            has_begun.await.unwrap();
            straggler.detach();
            named("queued").spawn_blocking(|| ()).detach();
        });
        let report = runtime.shutdown(Shutdown::WaitAtMost(Duration::from_millis(20)));
        assert_eq!((report.jobs.cancelled.len(), report.jobs.running.len()), (1, 1));
    });
    drop(release);
    assert_eq!(count(&document.runs[0], "JobEnded"), 0);
    let looks = vec![
        ("the pool accepts no job any more", find(&document, "PoolClosed", "")),
        ("the shutdown waits for the running job", find(&document, "ShutdownWaits", "")),
        ("the shutdown returns, and one job still runs", find(&document, "ShutdownEnded", "")),
    ];
    Replay { file: "straggler", order: EventOrder::Free, document, looks }
}
