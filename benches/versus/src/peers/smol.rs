use std::marker::PhantomData;
use std::time::Duration;

use async_executor::{Executor, StaticExecutor, Task};
use async_io::Timer;

use super::{Blocking, Bounded, Make, Narrow, Runtime, Submit, Timers, Tokens, with_token};

/// smol's parts on one thread: one of its executors, driven by async-io's `block_on`.
#[derive(Debug)]
pub struct OnSmol<E>(PhantomData<E>);

/// The static executor, which is the fastest.
#[derive(Debug)]
pub struct ByStatic;

/// The ordinary executor, which the function `smol::spawn` uses.
#[derive(Debug)]
pub struct ByOrdinary;

/// Spawns and runs on one executor.
pub trait Spawner: 'static {
    /// Drives the future and the executor's tasks.
    fn run<F: Future>(main: F) -> impl Future<Output = F::Output>;

    /// Spawns a task on the executor.
    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;
}

macro_rules! spawner {
    ($name:ident, $executor:ident) => {
        impl Spawner for $name {
            fn run<F: Future>(main: F) -> impl Future<Output = F::Output> {
                $executor.run(main)
            }

            fn spawn<F>(future: F) -> Task<F::Output>
            where
                F: Future<Output: Send + 'static> + Send + 'static,
            {
                $executor.spawn(future)
            }
        }
    };
}

static STATIC: StaticExecutor = StaticExecutor::new();
static ORDINARY: Executor<'_> = Executor::new();

spawner!(ByStatic, STATIC);
spawner!(ByOrdinary, ORDINARY);

impl<E: Spawner> Runtime for OnSmol<E> {
    type Handle<T: Send + 'static> = Task<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        async_io::block_on(E::run(main))
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        E::spawn(future)
    }

    fn output<T>(joined: T) -> T {
        joined
    }
}

impl<E: Spawner> Timers for OnSmol<E> {
    fn sleep(duration: Duration) -> impl Future + 'static {
        Timer::after(duration)
    }

    fn spawn_sleep<T: Send + 'static>(
        duration: Duration,
        then: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Handle<T> {
        E::spawn(async move {
            Timer::after(duration).await;
            then()
        })
    }
}

impl<E: Spawner> Blocking for OnSmol<E> {
    type Job<T: Send + 'static> = Task<T>;

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T> {
        blocking::unblock(job)
    }

    fn job_output<T>(joined: T) -> T {
        joined
    }
}

impl<E: Spawner> Submit for OnSmol<E> {
    type Submitter = ();

    fn submitter() {}

    fn submit(_submitter: &(), job: impl FnOnce() + Send + 'static) {
        blocking::unblock(job).detach();
    }
}

impl<E: Spawner> Bounded for OnSmol<E> {
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

/// smol's pool reads its width from the environment, where [`cell`](crate::cell) sets it.
impl<E: Spawner> Narrow for OnSmol<E> {
    fn block_on_narrow<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        Self::block_on(main)
    }
}

impl<E: Spawner> Make for OnSmol<E> {
    fn make_and_drop() {
        async_io::block_on(Executor::new().run(async {}));
    }
}
