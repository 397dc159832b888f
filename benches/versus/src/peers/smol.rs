use std::time::Duration;

use async_executor::{Executor, StaticExecutor, Task};
use async_io::Timer;

use super::{Blocking, Bounded, Make, Narrow, Runtime, Submit, Timers, Tokens, with_token};

/// smol's parts on one thread: the fastest of its executors, driven by async-io's `block_on`.
#[derive(Debug)]
pub struct Smol;

static EXECUTOR: StaticExecutor = StaticExecutor::new();

impl Runtime for Smol {
    type Handle<T: Send + 'static> = Task<T>;

    fn block_on<F: Future<Output: 'static>>(main: F) -> F::Output {
        async_io::block_on(EXECUTOR.run(main))
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn output<T>(joined: T) -> T {
        joined
    }
}

impl Timers for Smol {
    fn sleep(duration: Duration) -> impl Future + 'static {
        Timer::after(duration)
    }

    fn spawn_sleep(duration: Duration) -> Self::Handle<()> {
        EXECUTOR.spawn(async move {
            Timer::after(duration).await;
        })
    }
}

impl Blocking for Smol {
    type Job<T: Send + 'static> = Task<T>;

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T> {
        blocking::unblock(job)
    }

    fn job_output<T>(joined: T) -> T {
        joined
    }
}

impl Submit for Smol {
    type Submitter = ();

    fn submitter() {}

    fn submit(_submitter: &(), job: impl FnOnce() + Send + 'static) {
        blocking::unblock(job).detach();
    }
}

impl Bounded for Smol {
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
impl Narrow for Smol {
    fn block_on_narrow<F: Future<Output: 'static>>(main: F) -> F::Output {
        Smol::block_on(main)
    }
}

impl Make for Smol {
    fn make_and_drop() {
        async_io::block_on(Executor::new().run(async {}));
    }
}
