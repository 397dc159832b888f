use std::cell::RefCell;
use std::sync::LazyLock;

use futures::executor::{LocalPool, LocalSpawner, ThreadPool};
use futures::future::RemoteHandle;
use futures::task::{LocalSpawnExt, SpawnExt};

use super::{Blocking, Bounded, Make, Narrow, Runtime, Submit, Tokens, with_token};

/// The executors of `futures`: LocalPool for tasks, ThreadPool for jobs.
#[derive(Debug)]
pub struct Futures;

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

/// The number of threads of the pool, which has a fixed size.
const THREADS: usize = 4;

static POOL: LazyLock<ThreadPool> = LazyLock::new(|| {
    let pool = ThreadPool::builder().pool_size(THREADS).create();
    pool.expect("the pool of `futures` can be made")
});

impl Runtime for Futures {
    type Handle<T: Send + 'static> = RemoteHandle<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        let output = pool.run_until(main);
        SPAWNER.set(None);
        output
    }

    fn spawn<F>(future: F) -> RemoteHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        SPAWNER.with_borrow(|spawner| {
            let spawner = spawner.as_ref().expect("a LocalPool is running");
            spawner.spawn_local_with_handle(future).expect("a LocalPool is running")
        })
    }

    fn output<T>(joined: T) -> T {
        joined
    }
}

impl Blocking for Futures {
    type Job<T: Send + 'static> = RemoteHandle<T>;

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T> {
        POOL.spawn_with_handle(async { job() }).expect("the pool of `futures` is there")
    }

    fn job_output<T>(joined: T) -> T {
        joined
    }
}

impl Submit for Futures {
    type Submitter = ();

    fn submitter() {}

    fn submit(_submitter: &(), job: impl FnOnce() + Send + 'static) {
        POOL.spawn_ok(async { job() });
    }
}

impl Bounded for Futures {
    type Queue = Tokens;

    fn queue(bound: usize) -> Tokens {
        async_channel::bounded(bound)
    }

    async fn submit_when_room<T: Send + 'static>(
        queue: &Tokens,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Job<T> {
        Self::spawn_blocking(with_token(queue, job).await)
    }
}

impl Narrow for Futures {
    const WORKERS: usize = THREADS;

    fn block_on_narrow<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        Futures::block_on(main)
    }
}

impl Make for Futures {
    fn make_and_drop() {
        LocalPool::new().run_until(async {});
    }
}
