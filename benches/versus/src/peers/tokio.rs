use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, LocalSet};

use super::{Blocking, Bounded, Make, Narrow, Runtime, Submit, Timers};

/// tokio on one thread, with everything enabled, in one of its three forms.
#[derive(Debug)]
pub struct OnTokio<F>(PhantomData<F>);

/// The current-thread runtime, as `#[tokio::main(flavor = "current_thread")]` creates it.
#[derive(Debug)]
pub struct ByRuntime;

/// The runtime for tasks that stay on their thread, as `#[tokio::main(flavor = "local")]` creates
/// it.
#[derive(Debug)]
pub struct ByLocalRuntime;

/// A `LocalSet` on the current-thread runtime.
#[derive(Debug)]
pub struct ByLocalSet;

/// Builds and runs a runtime in one form.
pub trait Form: 'static {
    /// Makes a runtime, drives the future, and drops the runtime.
    fn block_on<F: Future>(builder: &mut Builder, main: F) -> F::Output;

    /// Spawns a task on the current runtime.
    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;
}

impl Form for ByRuntime {
    fn block_on<F: Future>(builder: &mut Builder, main: F) -> F::Output {
        builder.build().expect("tokio's runtime can be made").block_on(main)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::spawn(future)
    }
}

impl Form for ByLocalRuntime {
    fn block_on<F: Future>(builder: &mut Builder, main: F) -> F::Output {
        let runtime = builder.build_local(LocalOptions::default());
        runtime.expect("tokio's runtime can be made").block_on(main)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::task::spawn_local(future)
    }
}

impl Form for ByLocalSet {
    fn block_on<F: Future>(builder: &mut Builder, main: F) -> F::Output {
        let runtime = builder.build().expect("tokio's runtime can be made");
        LocalSet::new().block_on(&runtime, main)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::task::spawn_local(future)
    }
}

/// Returns the settings of all forms.
fn builder() -> Builder {
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    builder
}

impl<F: Form> Runtime for OnTokio<F> {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn block_on<M: Future<Output: 'static> + 'static>(main: M) -> M::Output {
        F::block_on(&mut builder(), main)
    }

    fn spawn<W>(future: W) -> JoinHandle<W::Output>
    where
        W: Future<Output: Send + 'static> + Send + 'static,
    {
        F::spawn(future)
    }

    fn output<T>(joined: Result<T, JoinError>) -> T {
        joined.expect("the tasks of the measure end well")
    }
}

impl<F: Form> Timers for OnTokio<F> {
    fn sleep(duration: Duration) -> impl Future + 'static {
        tokio::time::sleep(duration)
    }

    fn spawn_sleep<T: Send + 'static>(
        duration: Duration,
        then: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Handle<T> {
        F::spawn(async move {
            tokio::time::sleep(duration).await;
            then()
        })
    }
}

impl<F: Form> Blocking for OnTokio<F> {
    type Job<T: Send + 'static> = JoinHandle<T>;

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T> {
        tokio::task::spawn_blocking(job)
    }

    fn job_output<T>(joined: Result<T, JoinError>) -> T {
        joined.expect("the jobs of the measure end well")
    }
}

impl<F: Form> Submit for OnTokio<F> {
    type Submitter = Handle;

    fn submitter() -> Handle {
        Handle::current()
    }

    fn submit(submitter: &Handle, job: impl FnOnce() + Send + 'static) {
        drop(submitter.spawn_blocking(job));
    }
}

impl<F: Form> Bounded for OnTokio<F> {
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

impl<F: Form> Narrow for OnTokio<F> {
    fn block_on_narrow<M: Future<Output: 'static> + 'static>(main: M) -> M::Output {
        F::block_on(builder().max_blocking_threads(1), main)
    }
}

impl<F: Form> Make for OnTokio<F> {
    fn make_and_drop() {
        F::block_on(&mut builder(), async {});
    }
}
