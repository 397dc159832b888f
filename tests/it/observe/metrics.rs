//! Metrics: counts that are exact once the program has ended, and readable meanwhile.

use std::sync::mpsc::channel;
use std::time::Duration;

use aside::blocking::{Pool, Shutdown};
use aside::observe::{Counters, Metrics};
use aside::{Runtime, gather, sleep, spawn, spawn_blocking, yield_now};

use crate::support::watchdog::{on_a_thread, panic_message, watched};

#[test]
fn tasks_polls_and_parks_are_those_of_the_counters() {
    watched(|| {
        let (metrics, counters) = (Metrics::new(), Counters::default());
        let runtime = Runtime::builder().metrics(&metrics).observer(counters.clone()).build();
        runtime.block_on(async {
            let alive = spawn(std::future::pending::<()>());
            gather((0..10).map(|_| spawn(yield_now())).collect::<Vec<_>>()).await;
            sleep(Duration::from_millis(1)).await;
            let values = on_a_thread({
                let metrics = metrics.clone();
                move || metrics.snapshot()
            });
            assert_eq!((values.tasks_spawned, values.tasks_ended, values.tasks_alive), (11, 10, 1));
            drop(alive);
        });
        drop(runtime);
        let values = metrics.snapshot();
        assert_eq!((values.tasks_spawned, values.tasks_ended), (11, 11));
        assert_eq!(values.poll_time.count(), counters.polls());
        assert_eq!(values.parks, counters.parks());
        assert!(values.busy >= values.poll_time.sum());
        assert!(values.poll_time.max() <= values.busy);
    });
}

#[test]
fn a_poll_that_panics_is_not_counted_as_a_poll_of_the_next_call() {
    watched(|| {
        let metrics = Metrics::new();
        let runtime = Runtime::builder().metrics(&metrics).build();
        let panicking = || runtime.block_on(async { panic!("the main future panics") });
        assert_eq!(panic_message(panicking), "the main future panics");
        assert_eq!(metrics.snapshot().poll_time.count(), 0);
        runtime.block_on(async {});
        assert_eq!(metrics.snapshot().poll_time.count(), 1);
    });
}

#[test]
fn jobs_are_counted_in_each_state() {
    watched(|| {
        let metrics = Metrics::new();
        let runtime = Runtime::builder().threads_max(1).metrics(&metrics).build();
        let ((begin, begun), (finish, finished)) = (channel(), channel::<()>());
        let running = runtime.handle().spawn_blocking(move || {
            begin.send(()).unwrap();
            let _closed = finished.recv();
        });
        begun.recv().unwrap();
        let queued = runtime.handle().spawn_blocking(|| ());
        let cancelled = runtime.handle().spawn_blocking(|| ());
        let values = metrics.snapshot();
        assert_eq!((values.jobs_submitted, values.jobs_queued, values.jobs_running), (3, 2, 1));
        assert_eq!((values.jobs_completed, values.jobs_discarded, values.threads), (0, 0, 1));
        cancelled.abort();
        let cancelled = runtime.block_on(cancelled).unwrap_err();
        assert!(cancelled.is_cancelled());
        assert_eq!((metrics.snapshot().jobs_queued, metrics.snapshot().jobs_discarded), (1, 1));
        drop(finish);
        let ends =
            async { (running.await, queued.await, spawn_blocking(|| panic!("a job")).await) };
        assert!(runtime.block_on(ends).2.is_err());
        assert!(runtime.shutdown(Shutdown::Wait).jobs.is_clean());
        let values = metrics.snapshot();
        assert_eq!(
            (values.jobs_submitted, values.jobs_completed, values.jobs_discarded),
            (4, 3, 1)
        );
        assert_eq!((values.jobs_queued, values.jobs_running, values.threads), (0, 0, 0));
        assert_eq!((values.job_queue_time.count(), values.job_run_time.count()), (3, 3));
    });
}

#[test]
fn several_runtimes_are_counted_together_and_a_shared_pool_only_if_it_is_told() {
    watched(|| {
        let metrics = Metrics::new();
        let (plain, counted) = (Pool::new(), Pool::builder().carry(metrics.jobs()).build());
        for pool in [plain, counted] {
            let runtime = Runtime::builder().pool(pool).metrics(&metrics).build();
            runtime.block_on(async {
                spawn(async {}).await.unwrap();
                spawn_blocking(|| ()).await.unwrap();
            });
        }
        let values = metrics.snapshot();
        assert_eq!((values.tasks_spawned, values.jobs_submitted, values.threads), (2, 1, 0));
        assert!(format!("{metrics:?}").contains("tasks_spawned: 2"));
    });
}

#[test]
fn a_refused_job_is_discarded() {
    watched(|| {
        let metrics = Metrics::new();
        let pool = Pool::builder().carry(metrics.jobs()).build();
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
        assert!(pool.submit(|| ()).is_err());
        let values = metrics.snapshot();
        assert_eq!((values.jobs_submitted, values.jobs_discarded, values.jobs_queued), (1, 1, 0));
    });
}
