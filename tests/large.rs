//! P102: futures and closures of 900 KiB on threads of 2 MiB, in builds without optimisation, too.
//!
//! An overflow of the stack aborts the process, so these tests are a binary of their own. Each test
//! runs on threads whose stack is as large as std's default, whatever the environment says.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use aside::blocking::{Pinned, Pool};
use aside::{Handle, Metadata, Runtime};

const STACK: usize = 2 * 1024 * 1024;
const KIB: usize = 1024;
/// The size of the futures and closures.
const LARGE: usize = 900 * KIB;

/// The size of what a public type must hold by value, and so is copied more often.
const CHILD: usize = 280 * KIB;

/// A future of at least `N` bytes.
async fn large<const N: usize>() -> u8 {
    let bytes = [1_u8; N];
    aside::yield_now().await;
    black_box(&bytes)[N - 1]
}

/// A closure of at least `N` bytes.
fn closure<const N: usize>() -> impl FnOnce() -> u8 + Send + 'static {
    let bytes = [1_u8; N];
    move || black_box(&bytes)[N - 1]
}

/// A call of at least `N` bytes.
fn call<const N: usize>() -> impl FnOnce(&mut u8) -> u8 + Send + 'static {
    let bytes = [1_u8; N];
    move |_state| black_box(&bytes)[N - 1]
}

/// Runs `f` on a thread of 2 MiB.
#[track_caller]
fn on_a_small_stack(f: impl FnOnce() -> u8 + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(f).unwrap();
    assert_eq!(thread.join().unwrap(), 1);
}

#[test]
fn a_main_future() {
    on_a_small_stack(|| aside::run(large::<LARGE>()));
    on_a_small_stack(|| Runtime::new().block_on(large::<LARGE>()));
    on_a_small_stack(|| {
        let handle = Runtime::new().handle();
        thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(STACK);
            let blocked = thread.spawn_scoped(scope, || handle.block_on(large::<LARGE>()));
            blocked.unwrap().join().unwrap()
        })
    });
    on_a_small_stack(|| {
        let job = || Handle::current().block_on(large::<LARGE>());
        aside::run(async { aside::spawn_blocking(job).await.unwrap() })
    });
}

#[test]
fn a_task() {
    on_a_small_stack(|| aside::run(async { aside::spawn(large::<LARGE>()).await.unwrap() }));
    on_a_small_stack(|| {
        let spawn = async { aside::named("large").spawn(large::<LARGE>()).await.unwrap() };
        aside::run(spawn)
    });
    on_a_small_stack(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(large::<LARGE>());
        runtime.block_on(task).unwrap()
    });
}

#[test]
fn a_task_from_another_thread() {
    on_a_small_stack(|| {
        let runtime = Runtime::new();
        let task = runtime.handle().spawn(large::<LARGE>());
        runtime.block_on(task).unwrap()
    });
    on_a_small_stack(|| {
        let runtime = Runtime::new();
        let task = runtime.handle().spawn_as(Metadata::here(), large::<LARGE>());
        runtime.block_on(task).unwrap()
    });
    on_a_small_stack(|| {
        let runtime = Runtime::new();
        let task = runtime.handle().spawn_with(large::<LARGE>);
        runtime.block_on(task).unwrap()
    });
}

#[test]
fn a_group() {
    const EACH: usize = 60 * KIB;
    on_a_small_stack(|| {
        aside::run(async {
            let group = (large::<EACH>(), large::<EACH>(), large::<EACH>(), large::<EACH>());
            aside::gather(group).await.0
        })
    });
}

#[test]
fn an_array() {
    const EACH: usize = 60 * KIB;
    on_a_small_stack(|| {
        aside::run(async {
            let group = [large::<EACH>(), large::<EACH>(), large::<EACH>(), large::<EACH>()];
            aside::gather(group).await[0]
        })
    });
}

#[test]
fn an_iterator_and_a_vector() {
    on_a_small_stack(|| {
        aside::run(async { aside::gather((0..2).map(|_| large::<CHILD>())).await[0] })
    });
    on_a_small_stack(|| aside::run(async { aside::gather(vec![large::<CHILD>()]).await[0] }));
}

#[test]
fn a_race() {
    on_a_small_stack(|| aside::run(async { aside::race((large::<CHILD>(),)).await }));
}

#[test]
fn a_scope() {
    on_a_small_stack(|| aside::run(aside::scope(|_scope| large::<LARGE>())));
    on_a_small_stack(|| {
        aside::run(aside::scope(
            |scope| async move { scope.spawn(large::<LARGE>()).await.unwrap() },
        ))
    });
}

#[test]
fn a_timeout() {
    on_a_small_stack(|| {
        aside::run(async { aside::timeout(Duration::MAX, large::<CHILD>()).await.unwrap() })
    });
}

#[test]
fn a_job() {
    on_a_small_stack(|| {
        aside::run(async { aside::spawn_blocking(closure::<CHILD>()).await.unwrap() })
    });
    on_a_small_stack(|| {
        let call = async { aside::named("large").spawn_blocking(closure::<CHILD>()).await };
        aside::run(call).unwrap()
    });
}

#[test]
fn a_job_in_a_pool() {
    on_a_small_stack(|| {
        let pool = Pool::builder().build();
        aside::run(async { aside::run_in_executor(&pool, closure::<CHILD>()).await.unwrap() })
    });
}

#[test]
fn a_pinned_call() {
    on_a_small_stack(|| {
        aside::run(async {
            let pinned = Pinned::open(closure::<CHILD>()).await.unwrap();
            pinned.call(|state| *state).await.unwrap()
        })
    });
    on_a_small_stack(|| {
        aside::run(async {
            let pinned = Pinned::open(|| 1).await.unwrap();
            pinned.call(call::<CHILD>()).await.unwrap()
        })
    });
}
