use std::time::Duration;

use aside::blocking::Lane;

use super::{Blocking, Bounded, Make, Narrow, Runtime, Submit, Timers};

/// aside's runtime, as `aside::run` creates it.
#[derive(Debug)]
pub struct Aside;

impl Runtime for Aside {
    type Handle<T: Send + 'static> = aside::JoinHandle<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        aside::run(main)
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        aside::spawn(future)
    }

    fn output<T>(joined: Result<T, aside::JoinError>) -> T {
        joined.expect("the tasks of the measure end well")
    }
}

impl Timers for Aside {
    fn sleep(duration: Duration) -> impl Future + 'static {
        aside::sleep(duration)
    }

    fn spawn_sleep<T: Send + 'static>(
        duration: Duration,
        then: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Handle<T> {
        aside::spawn(async move {
            aside::sleep(duration).await;
            then()
        })
    }
}

impl Blocking for Aside {
    type Job<T: Send + 'static> = aside::JoinHandle<T>;

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T> {
        aside::spawn_blocking(job)
    }

    fn job_output<T>(joined: Result<T, aside::JoinError>) -> T {
        joined.expect("the jobs of the measure end well")
    }
}

impl Submit for Aside {
    type Submitter = aside::Handle;

    fn submitter() -> aside::Handle {
        aside::Handle::current()
    }

    fn submit(submitter: &aside::Handle, job: impl FnOnce() + Send + 'static) {
        submitter.spawn_blocking(job).detach();
    }
}

impl Bounded for Aside {
    type Queue = Lane;

    fn queue(bound: usize) -> Lane {
        aside::Handle::current().pool().lane("bounded").queue_max(bound).build()
    }

    async fn submit_when_room<T: Send + 'static>(
        queue: &Lane,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Job<T> {
        queue.submit_async(job).await.expect("the pool is open")
    }
}

impl Narrow for Aside {
    fn block_on_narrow<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        aside::Runtime::builder().threads_max(1).build().block_on(main)
    }
}

impl Make for Aside {
    fn make_and_drop() {
        aside::run(async {});
    }
}
