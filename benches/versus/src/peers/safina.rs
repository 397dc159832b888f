use std::sync::Arc;
use std::sync::mpsc::RecvError;
use std::time::Duration;

use safina::executor::{Executor, get_thread_executor, schedule_blocking};
use safina::sync::Receiver;
use safina::timer::{sleep_for, start_timer_thread};

use super::{Blocking, Bounded, Make, Narrow, Runtime, Submit, Timers, Tokens, with_token};

/// safina, which has no unsafe code either. Its tasks run on one thread, its timers and the main
/// future on two others.
#[derive(Debug)]
pub struct Safina;

/// The number of threads of the pool, which has a fixed size. This is the default.
const THREADS: usize = 4;

fn block_on<F: Future + 'static>(main: F, threads: usize) -> F::Output {
    start_timer_thread();
    let executor = Executor::new(1, threads).expect("safina's threads can be started");
    executor.block_on(main)
}

impl Runtime for Safina {
    type Handle<T: Send + 'static> = Receiver<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        block_on(main, THREADS)
    }

    /// safina's tasks have no output, so its users send it through a channel.
    fn spawn<F>(future: F) -> Receiver<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let (sender, receiver) = safina::sync::oneshot();
        safina::executor::spawn(async move {
            // The receiver is dropped if no task awaits the output.
            let _dropped = sender.send(future.await);
        });
        receiver
    }

    fn output<T>(joined: Result<T, RecvError>) -> T {
        joined.expect("the tasks of the measure end well")
    }
}

impl Timers for Safina {
    fn sleep(duration: Duration) -> impl Future + 'static {
        sleep_for(duration)
    }

    fn spawn_sleep<T: Send + 'static>(
        duration: Duration,
        then: impl FnOnce() -> T + Send + 'static,
    ) -> Receiver<T> {
        Self::spawn(async move {
            sleep_for(duration).await;
            then()
        })
    }
}

impl Blocking for Safina {
    type Job<T: Send + 'static> = Receiver<T>;

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
        schedule_blocking(job)
    }

    fn job_output<T>(joined: Result<T, RecvError>) -> T {
        joined.expect("the jobs of the measure end well")
    }
}

impl Submit for Safina {
    type Submitter = Arc<Executor>;

    fn submitter() -> Arc<Executor> {
        get_thread_executor().expect("an executor is running")
    }

    fn submit(submitter: &Arc<Executor>, job: impl FnOnce() + Send + 'static) {
        drop(submitter.schedule_blocking(job));
    }
}

impl Bounded for Safina {
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

impl Narrow for Safina {
    fn block_on_narrow<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        block_on(main, 1)
    }
}

impl Make for Safina {
    fn make_and_drop() {
        Safina::block_on(async {});
    }
}
