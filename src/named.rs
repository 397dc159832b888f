//! [`named`]: names for tasks and jobs.

use runtime_core::heap_if_large;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::blocking::Executor;
use crate::blocking::Pinned;
use crate::handle::Handle;
use crate::run::spawn_as;

/// Names the task or job that is spawned through the returned value, for errors, reports and
/// observers.
///
/// ```
/// aside::run(async {
///     let task = aside::named("greeter").spawn(async { "hello" });
///     assert_eq!(task.metadata().name(), Some("greeter"));
///     assert_eq!(task.await.unwrap(), "hello");
/// });
/// ```
pub fn named(name: impl Into<Box<str>>) -> Named {
    Named { name: name.into() }
}

/// A name for one task or job. See [`named`].
#[derive(Debug)]
#[must_use = "a name does nothing until something is spawned under it"]
pub struct Named {
    name: Box<str>,
}

impl Named {
    /// Spawns a task with this name. See [`spawn`](crate::spawn).
    ///
    /// # Panics
    /// Under the same conditions as [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let metadata = Metadata::here().named(self.name);
        heap_if_large!(Box::pin, future: F => spawn_as(metadata, future))
    }

    /// Runs a blocking closure as a job with this name. See
    /// [`spawn_blocking`](crate::spawn_blocking).
    ///
    /// # Panics
    /// Under the same conditions as [`spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, T>(self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let handle = Handle::current();
        handle.submit(handle.pool().main_lane(), Metadata::here().named(self.name), (), f)
    }

    /// Submits work with this name to an executor. See [`run_in_executor`](crate::run_in_executor).
    ///
    /// # Panics
    /// Under the same conditions as [`run_in_executor`](crate::run_in_executor).
    #[track_caller]
    pub fn run_in_executor<E, W>(self, executor: &E, work: W) -> JoinHandle<E::Output>
    where
        E: Executor<W> + ?Sized,
    {
        executor.execute(&Handle::current(), Metadata::here().named(self.name), work)
    }

    /// Sends a call with this name to a pinned state. See [`Pinned::call`].
    #[track_caller]
    pub fn call<T, F, R>(self, pinned: &Pinned<T>, f: F) -> JoinHandle<R>
    where
        T: 'static,
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        pinned.call_as(Metadata::here().named(self.name), f)
    }
}
