use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle};

use super::{Blocking, Bounded, Make, Narrow, Runtime, Submit, Timers};

/// tokio's current-thread runtime with everything enabled, as `#[tokio::main]` creates it.
#[derive(Debug)]
pub struct Tokio;

impl Runtime for Tokio {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn block_on<F: Future<Output: 'static>>(main: F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("tokio's runtime can be made").block_on(main)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::spawn(future)
    }

    fn output<T>(joined: Result<T, JoinError>) -> T {
        joined.expect("the tasks of the measure end well")
    }
}

impl Timers for Tokio {
    fn sleep(duration: Duration) -> impl Future + 'static {
        tokio::time::sleep(duration)
    }

    fn spawn_sleep(duration: Duration) -> Self::Handle<()> {
        tokio::spawn(async move {
            tokio::time::sleep(duration).await;
        })
    }
}

impl Blocking for Tokio {
    type Job<T: Send + 'static> = JoinHandle<T>;

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T> {
        tokio::task::spawn_blocking(job)
    }

    fn job_output<T>(joined: Result<T, JoinError>) -> T {
        joined.expect("the jobs of the measure end well")
    }
}

impl Submit for Tokio {
    type Submitter = Handle;

    fn submitter() -> Handle {
        Handle::current()
    }

    fn submit(submitter: &Handle, job: impl FnOnce() + Send + 'static) {
        drop(submitter.spawn_blocking(job));
    }
}

impl Bounded for Tokio {
    type Queue = Arc<Semaphore>;

    fn queue(bound: usize) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(bound))
    }

    async fn submit_when_room<T: Send + 'static>(
        queue: &Arc<Semaphore>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Job<T> {
        let permit = Arc::clone(queue).acquire_owned().await.expect("it is never closed");
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            job()
        })
    }
}

impl Narrow for Tokio {
    fn block_on_narrow<F: Future<Output: 'static>>(main: F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
        runtime.expect("tokio's runtime can be made").block_on(main)
    }
}

impl Make for Tokio {
    fn make_and_drop() {
        Tokio::block_on(async {});
    }
}
