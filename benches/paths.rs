//! Times the paths of aside, one by one: `cargo bench --bench paths`.
//!
//! `cargo run --release -p versus` compares aside with other runtimes.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use aside::{Handle, JoinHandle, Runtime, gather, sleep, spawn, spawn_blocking, yield_now};
use divan::{Bencher, black_box};

/// The number of operations per call, because entering a runtime costs more than most operations.
const TIMES: usize = 1_000;

fn main() {
    divan::main();
}

/// Measures `main`, each time as a task of one runtime.
fn in_task<F: Future<Output = ()> + 'static>(bencher: Bencher<'_, '_>, main: fn() -> F) {
    let runtime = Runtime::new();
    bencher.counter(TIMES).bench_local(|| runtime.block_on(runtime.spawn(main())).is_ok());
}

#[divan::bench]
fn spawn_and_await(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        for n in 0..TIMES {
            black_box(spawn(async move { n }).await.is_ok());
        }
    });
}

#[divan::bench]
fn spawn_all_then_await(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        let tasks: Vec<JoinHandle<usize>> = (0..TIMES).map(|n| spawn(async move { n })).collect();
        for task in tasks {
            black_box(task.await.is_ok());
        }
    });
}

#[divan::bench]
fn yield_alone(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        for _ in 0..TIMES {
            yield_now().await;
        }
    });
}

#[divan::bench]
fn yield_in_gather(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        black_box(gather((0..TIMES).map(|_| yield_now())).await);
    });
}

#[divan::bench]
fn set_and_drop_a_timer(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        for _ in 0..TIMES {
            let mut sleep = pin!(sleep(Duration::from_secs(60)));
            poll_fn(|cx| Poll::Ready(black_box(sleep.as_mut().poll(cx).is_pending()))).await;
        }
    });
}

#[divan::bench]
fn sleep_in_virtual_time(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::builder().clock(aside::time::Clock::virtual_time()).build();
    let sleep_all = || async {
        let naps = (0..TIMES).map(|nap| sleep(Duration::from_millis(nap as u64 % 100)));
        black_box(gather(naps).await);
    };
    bencher.counter(TIMES).bench_local(|| runtime.block_on(sleep_all()));
}

#[divan::bench]
fn blocking_calls_one_by_one(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        for n in 0..TIMES {
            black_box(spawn_blocking(move || n).await.is_ok());
        }
    });
}

#[divan::bench]
fn blocking_calls_in_a_burst(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        black_box(gather((0..TIMES).map(|n| spawn_blocking(move || n))).await);
    });
}

/// A job spawns tasks, and blocks until each task has ended.
#[divan::bench]
fn spawn_from_a_job(bencher: Bencher<'_, '_>) {
    in_task(bencher, || async {
        let handle = Handle::current();
        let job = spawn_blocking(move || {
            for n in 0..TIMES {
                black_box(handle.block_on(handle.spawn(async move { n })).is_ok());
            }
        });
        black_box(job.await.is_ok());
    });
}

#[divan::bench]
fn make_and_drop_a_runtime() {
    Runtime::new().block_on(async {});
}

/// The cost of the events of a trace, with the feature `record`.
#[cfg(feature = "record")]
mod record {
    use super::{Bencher, Runtime, TIMES, black_box, yield_now};
    use aside::observe::{Event, Trace};
    use aside::time::Clock;
    use runtime_core::record::Recorder;
    use runtime_core::record::ring::Ring;
    use std::sync::Arc;

    fn record(bencher: Bencher<'_, '_>, recorder: Recorder) {
        bencher.counter(TIMES).bench_local(|| {
            for key in 0..TIMES as u64 {
                black_box(&recorder).record(|| Event::PollBegan { key });
            }
        });
    }

    #[divan::bench]
    fn event(bencher: Bencher<'_, '_>) {
        record(bencher, Recorder::to(Arc::new(Ring::new(1 << 16, Clock::system()))));
    }

    #[divan::bench]
    fn event_of_a_stopped_trace(bencher: Bencher<'_, '_>) {
        let ring = Ring::new(1 << 16, Clock::system());
        ring.stop();
        record(bencher, Recorder::to(Arc::new(ring)));
    }

    #[divan::bench]
    fn event_without_a_trace(bencher: Bencher<'_, '_>) {
        record(bencher, Recorder::off());
    }

    /// Six events for each yield.
    #[divan::bench]
    fn yield_with_a_trace(bencher: Bencher<'_, '_>) {
        let trace = Trace::new();
        let runtime = Runtime::builder().record(&trace).build();
        let yields = || async {
            for _ in 0..TIMES {
                yield_now().await;
            }
        };
        bencher.counter(TIMES).bench_local(|| runtime.block_on(runtime.spawn(yields())).is_ok());
    }
}
