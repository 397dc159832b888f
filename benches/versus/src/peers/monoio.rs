use std::marker::PhantomData;
use std::time::Duration;

use monoio::blocking::{DefaultThreadPool, JoinError};
use monoio::task::JoinHandle;
use monoio::{IoUringDriver, LegacyDriver, RuntimeBuilder};

use super::{Blocking, Bounded, Make, Narrow, Runtime, Timers, Tokens, with_token};

/// monoio on one of its drivers.
#[derive(Debug)]
pub struct OnMonoio<D>(PhantomData<D>);

/// The driver on epoll.
#[derive(Debug)]
pub struct ByEpoll;

/// The driver on io_uring.
#[derive(Debug)]
pub struct ByUring;

/// Builds and runs a runtime on one driver.
pub trait Driver: 'static {
    /// Makes a runtime with timers, drives the future, and drops the runtime.
    fn block_on<F: Future<Output: 'static> + 'static>(
        main: F,
        pool: Option<DefaultThreadPool>,
    ) -> F::Output;
}

macro_rules! driver {
    ($name:ty, $driver:ty) => {
        impl Driver for $name {
            fn block_on<F: Future<Output: 'static> + 'static>(
                main: F,
                pool: Option<DefaultThreadPool>,
            ) -> F::Output {
                let mut builder = RuntimeBuilder::<$driver>::new();
                if let Some(pool) = pool {
                    builder = builder.attach_thread_pool(Box::new(pool));
                }
                let runtime = builder.enable_timer().build();
                runtime.expect("monoio's runtime can be made").block_on(main)
            }
        }
    };
}

driver!(ByEpoll, LegacyDriver);
driver!(ByUring, IoUringDriver);

/// The number of threads of the pool, which has a fixed size.
const THREADS: usize = 4;

impl<D: Driver> Runtime for OnMonoio<D> {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        D::block_on(main, None)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        monoio::spawn(future)
    }

    fn output<T>(joined: T) -> T {
        joined
    }
}

impl<D: Driver> Timers for OnMonoio<D> {
    fn sleep(duration: Duration) -> impl Future + 'static {
        monoio::time::sleep(duration)
    }

    fn spawn_sleep<T: Send + 'static>(
        duration: Duration,
        then: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Handle<T> {
        monoio::spawn(async move {
            monoio::time::sleep(duration).await;
            then()
        })
    }
}

impl<D: Driver> Blocking for OnMonoio<D> {
    type Job<T: Send + 'static> = JoinHandle<Result<T, JoinError>>;

    fn block_on_with_pool<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        D::block_on(main, Some(DefaultThreadPool::new(THREADS)))
    }

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T> {
        monoio::spawn_blocking(job)
    }

    fn job_output<T>(joined: Result<T, JoinError>) -> T {
        joined.expect("the jobs of the measure end well")
    }
}

impl<D: Driver> Bounded for OnMonoio<D> {
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

impl<D: Driver> Narrow for OnMonoio<D> {
    fn block_on_narrow<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        D::block_on(main, Some(DefaultThreadPool::new(1)))
    }
}

impl<D: Driver> Make for OnMonoio<D> {
    fn make_and_drop() {
        D::block_on(async {}, None);
    }
}
