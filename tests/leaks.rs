//! Ended tasks, jobs and sockets free their memory, which is counted before and after.
//!
//! The counting allocator serves the whole process, so other tests would disturb the counts. These
//! tests are therefore a binary of their own, and one test runs all cases in turn.
#![allow(clippy::unwrap_used)]

#[path = "it/support/allocations.rs"]
mod allocations;
#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::future::pending;
use std::time::Duration;

use aside::blocking::Pool;
use aside::{Runtime, gather, scope, sleep, spawn, spawn_blocking, timeout, yield_now};

use crate::allocations::{allocations, live};

/// The number of bytes that a repetition may add: less than one byte for each of a hundred thousand
/// items.
const ALLOWED: usize = 64 * 1024;

const MANY: usize = 100_000;

/// Repeats `work`. Memory that is kept for reuse, such as a grown queue, is allocated once. A leak
/// adds memory in every repetition. One repetition without growth therefore proves that `work`
/// leaks nothing.
fn assert_no_leak(name: &str, mut work: impl FnMut()) {
    work();
    let mut least = usize::MAX;
    for _ in 0..5 {
        let before = live();
        work();
        least = least.min(live().saturating_sub(before));
        if least < ALLOWED {
            return;
        }
    }
    panic!("{name}: {least} bytes more each time");
}

// P22, P26, promises 2 and 4
#[test]
fn a_hundred_thousand_of_anything_leak_nothing() {
    watchdog::watched(count_everything);
}

fn count_everything() {
    // This closure leaks twice the bound, because the other test of this binary may free memory at
    // the same time.
    let leak = || std::mem::forget(vec![0_u8; 2 * ALLOWED]);
    let message = watchdog::panic_message(|| assert_no_leak("a leak", leak));
    assert!(message.starts_with("a leak: "), "{message}");
    let runtime = Runtime::builder().threads_max(4).build();
    assert_no_leak("tasks", || runtime.block_on(tasks()));
    assert_no_leak("tasks spawned from another thread", || runtime.block_on(remote_tasks()));
    assert_no_leak("aborted tasks", || runtime.block_on(aborted_tasks()));
    assert_no_leak("panicking tasks", || runtime.block_on(panicking_tasks()));
    assert_no_leak("timers", || runtime.block_on(timers()));
    assert_no_leak("wakers kept by others", || runtime.block_on(kept_wakers()));
    assert_no_leak("groups", || runtime.block_on(groups()));
    assert_no_leak("jobs", || runtime.block_on(jobs()));
    assert_no_leak("aborted jobs", || runtime.block_on(aborted_jobs()));
    #[cfg(feature = "fs")]
    assert_no_leak("files", || runtime.block_on(files()));
    assert_no_leak("pools", pools);
    assert_no_leak("runtimes", runtimes);
    drop(runtime);
    warm_loops_do_not_allocate();
    #[cfg(all(feature = "net", unix))]
    sockets_do_not_allocate();
    large_tasks_are_not_kept();
}

async fn tasks() {
    for _ in 0..MANY / 1_000 {
        let tasks: Vec<_> = (0..1_000).map(|number| spawn(async move { vec![number] })).collect();
        for (number, task) in tasks.into_iter().enumerate() {
            match number % 3 {
                0 => drop(task),
                _ => assert_eq!(task.await.unwrap(), [number]),
            }
        }
    }
}

/// All tasks are alive at the same time. The loop keeps room for the maximum number of tasks that
/// it has ever had, so that maximum must be the same in every repetition.
async fn remote_tasks() {
    let handle = aside::Handle::current();
    let spawning = spawn_blocking(move || {
        (0..MANY / 10).map(|_| handle.spawn(pending::<()>())).collect::<Vec<_>>()
    });
    let tasks = spawning.await.unwrap();
    // A turn drains a bounded number of messages.
    for _ in 0..MANY / 1_000 {
        yield_now().await;
    }
    for task in &tasks {
        task.abort();
    }
    for task in tasks {
        assert!(task.await.is_err());
    }
}

async fn aborted_tasks() {
    for _ in 0..MANY / 1_000 {
        let tasks: Vec<_> = (0..1_000).map(|_| spawn(pending::<()>())).collect();
        yield_now().await;
        for task in &tasks {
            task.abort();
        }
        for task in tasks {
            assert!(task.await.is_err());
        }
    }
}

async fn panicking_tasks() {
    // `resume_unwind` panics without the message and its backtrace, whose memory is not the subject
    // here.
    for _ in 0..MANY / 100 {
        let task = spawn(async { std::panic::resume_unwind(Box::new([0_u8; 100])) });
        let result: Result<(), _> = task.await;
        assert!(result.is_err());
    }
}

async fn timers() {
    for _ in 0..MANY / 100 {
        let naps: Vec<_> =
            (0..100).map(|_| timeout(Duration::from_secs(60), yield_now())).collect();
        for result in gather(naps).await {
            result.unwrap();
        }
    }
}

async fn kept_wakers() {
    for _ in 0..MANY / 100 {
        let task = spawn(std::future::poll_fn(|cx| std::task::Poll::Ready(cx.waker().clone())));
        let waker = task.await.unwrap();
        let next = spawn(yield_now());
        waker.wake();
        next.await.unwrap();
    }
}

async fn groups() {
    for _ in 0..MANY / 1_000 {
        gather((0..500).map(|_| yield_now())).await;
        scope(async |scope| (0..500).for_each(|_| scope.spawn(yield_now()).detach())).await;
    }
}

async fn jobs() {
    for _ in 0..MANY / 1_000 {
        let jobs: Vec<_> = (0..1_000).map(|number| spawn_blocking(move || vec![number])).collect();
        for (number, job) in jobs.into_iter().enumerate() {
            match number % 3 {
                0 => drop(job),
                _ => assert_eq!(job.await.unwrap(), [number]),
            }
        }
    }
}

/// Opens files and directories. Some reads are cancelled, and some streams are dropped during
/// read-ahead.
#[cfg(feature = "fs")]
async fn files() {
    use futures_lite::{AsyncReadExt, StreamExt};

    let opened = |number: usize| async move {
        let mut file = aside::fs::File::open("Cargo.toml").await.unwrap();
        let reading = async { file.read(&mut [0; 16]).await.unwrap() };
        match number % 3 {
            0 => assert_eq!(reading.await, 16),
            1 => drop(futures_lite::future::poll_once(reading).await),
            _ => drop(aside::fs::read_dir("src").await.unwrap().next().await),
        }
    };
    for _ in 0..MANY / 10_000 {
        gather((0..100).map(opened)).await;
    }
    // The last files are closed by jobs on the pool.
    let pool = aside::Handle::current().pool().clone();
    while pool.stats().busy + pool.stats().queued > 0 {
        yield_now().await;
    }
}

async fn aborted_jobs() {
    for _ in 0..MANY / 1_000 {
        let jobs: Vec<_> = (0..1_000).map(|_| spawn_blocking(|| vec![1])).collect();
        for job in &jobs {
            job.abort();
        }
        for job in jobs {
            let _ = job.await;
        }
    }
}

fn pools() {
    for _ in 0..200 {
        let pool = Pool::new();
        let job = pool.submit(|| 1).unwrap();
        pool.submit(|| vec![2]).unwrap().detach();
        assert_eq!(aside::run(job).unwrap(), 1);
    }
}

/// A runtime that is dropped while everything runs.
fn runtimes() {
    for _ in 0..500 {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        runtime.block_on(async {
            for _ in 0..10 {
                spawn(sleep(Duration::from_secs(60))).detach();
                let waiting = spawn(pending::<()>());
                spawn(waiting).detach();
            }
            spawn_blocking(|| ()).detach();
            yield_now().await;
        });
        handle.spawn(async {}).detach();
        drop(runtime);
        handle.spawn(async {}).detach();
    }
}

/// The costs that the design states: a yield and a wake allocate nothing, and neither does a sleep
/// once the timers have grown.
fn warm_loops_do_not_allocate() {
    let runtime = Runtime::new();
    let measure = |work: &dyn Fn()| {
        work();
        let before = allocations();
        work();
        allocations() - before
    };
    let yields = measure(&|| {
        runtime.block_on(async {
            for _ in 0..1_000 {
                yield_now().await;
            }
        });
    });
    let naps = measure(&|| {
        runtime.block_on(async {
            for _ in 0..1_000 {
                sleep(Duration::from_nanos(500)).await;
            }
        });
    });
    let spawned = measure(&|| {
        runtime.block_on(async {
            for _ in 0..1_000 {
                spawn(async {}).await.unwrap();
            }
        });
    });
    let of_two_types = measure(&|| {
        runtime.block_on(async {
            for number in 0..500 {
                spawn(async {}).await.unwrap();
                spawn(async move { number }).await.unwrap();
            }
        });
    });
    // The bounds allow a few allocations of the test harness, which runs at the same time.
    assert!(yields <= 10, "1,000 yields made {yields} allocations");
    assert!(naps <= 10, "1,000 sleeps made {naps} allocations");
    assert!(spawned <= 10, "1,000 spawns made {spawned} allocations");
    // Each spawn allocates a box and a cell, because the recycled box is of another type.
    assert!(
        (2_000..=2_010).contains(&of_two_types),
        "1,000 spawns of two types by turns made {of_two_types} allocations"
    );
}

/// A round trip between two sockets that both wait allocates nothing, by the sockets' own methods
/// or by those of the I/O traits.
#[cfg(all(feature = "net", unix))]
fn sockets_do_not_allocate() {
    use aside::net::UnixStream;
    use futures_lite::{AsyncReadExt, AsyncWriteExt};

    let runtime = Runtime::new();
    let (near, far) = runtime.block_on(async { UnixStream::pair().unwrap() });
    let echo = runtime.spawn(async move {
        let mut byte = [0];
        while far.read(&mut byte).await.unwrap() == 1 {
            far.write(&byte).await.unwrap();
        }
    });
    let round_trips = || {
        let before = allocations();
        runtime.block_on(async {
            for number in 0..500 {
                near.write(&[number as u8]).await.unwrap();
                assert_eq!(near.read(&mut [0]).await.unwrap(), 1);
                (&near).write_all(&[number as u8]).await.unwrap();
                (&near).read_exact(&mut [0]).await.unwrap();
            }
        });
        allocations() - before
    };
    round_trips();
    let allocated = round_trips();
    assert!(allocated <= 10, "1,000 round trips made {allocated} allocations");
    drop(near);
    runtime.block_on(echo).unwrap();
}

/// The memory that a finished task keeps for reuse is small, however large its future or output.
fn large_tasks_are_not_kept() {
    const LARGE: usize = 16 * 1024;
    async fn with_a_large_future() {
        let large = [1_u8; LARGE];
        yield_now().await;
        std::hint::black_box(large);
    }
    async fn with_a_large_output() -> [u8; LARGE] {
        yield_now().await;
        [1; LARGE]
    }
    let runtime = Runtime::new();
    let kept = |work: &dyn Fn()| {
        let before = live();
        work();
        live().saturating_sub(before)
    };
    let futures = kept(&|| {
        runtime.block_on(async {
            gather((0..1_000).map(|_| spawn(with_a_large_future()))).await;
        });
    });
    let outputs = kept(&|| {
        runtime.block_on(async {
            gather((0..1_000).map(|_| spawn(with_a_large_output()))).await;
        });
    });
    assert!(futures < 1_000 * 1_024, "1,000 large futures left {futures} bytes");
    assert!(outputs < 1_000 * 1_024, "1,000 large outputs left {outputs} bytes");
}
