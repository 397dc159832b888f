//! [`run_in_executor`], and the trait of the executors that it submits work to.

use std::sync::Arc;

use runtime_blocking::{Lane, Pool};
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::handle::Handle;

/// Submits work to an [`Executor`], and returns a handle to await the result. For a
/// [`Pool`](crate::blocking::Pool) the work is a closure that may block. For a process pool it is a
/// call of a function.
///
/// [`spawn_blocking`](crate::spawn_blocking) does the same with a closure on the runtime's own
/// pool.
///
/// ```
/// use aside::blocking::Pool;
///
/// let database = Pool::builder().threads_max(1).thread_name("database").build();
/// aside::run(async {
///     let row = aside::run_in_executor(&database, || "row 7");
///     assert_eq!(row.await.unwrap(), "row 7");
/// });
/// ```
///
/// # Errors
/// Those of [`spawn_blocking`](crate::spawn_blocking).
///
/// # Panics
/// On a thread without a runtime: use [`Handle::run_in_executor`] or
/// [`Pool::submit`](crate::blocking::Pool::submit) there.
#[track_caller]
#[doc(alias("asyncio", "loop.run_in_executor"))]
pub fn run_in_executor<E, W>(executor: &E, work: W) -> JoinHandle<E::Output>
where
    E: Executor<W> + ?Sized,
{
    Handle::current().run_in_executor(executor, work)
}

impl Handle {
    /// Does the same as [`run_in_executor`](crate::run_in_executor), for this runtime.
    #[track_caller]
    pub fn run_in_executor<E, W>(&self, executor: &E, work: W) -> JoinHandle<E::Output>
    where
        E: Executor<W> + ?Sized,
    {
        executor.execute(self, Metadata::here(), work)
    }
}

/// The trait of executors, which run work of type `W` outside the loop. Each submit returns a
/// handle to await the result.
///
/// The word has the meaning of Python's `concurrent.futures` and of Java. The part of a runtime
/// that polls futures, which other crates call an executor, is the *loop* here.
///
/// [`run_in_executor`](crate::run_in_executor) accepts every executor. A [`Pool`] and its [`Lane`]s
/// run closures on the pool's threads. With the feature `process-pool`, a `ProcessPool` runs
/// functions in worker processes.
///
/// The easiest way to write an executor is to use a pool: submit a closure through the pool's own
/// [`execute`](Executor::execute). The job then has a name and a location, can be cancelled, and
/// holds the runtime's virtual clock, as every job does. Work that waits for another process or
/// machine is better a task: pass the metadata on with [`Handle::spawn_as`].
///
/// ```
/// use aside::blocking::{Executor, Pool};
/// use aside::{Handle, JoinHandle, Metadata};
///
/// /// Queries a database, one query at a time.
/// struct Database {
///     connection: Pool,
/// }
///
/// struct Query(&'static str);
///
/// impl Executor<Query> for Database {
///     type Output = usize;
///
///     fn execute(&self, runtime: &Handle, metadata: Metadata, query: Query) -> JoinHandle<usize> {
///         self.connection.execute(runtime, metadata, move || query.0.len())
///     }
/// }
///
/// let database = Database { connection: Pool::builder().threads_max(1).build() };
/// aside::run(async {
///     let rows = aside::run_in_executor(&database, Query("select"));
///     assert_eq!(rows.await.unwrap(), 6);
/// });
/// ```
pub trait Executor<W> {
    /// The result of the work.
    type Output;

    /// Submits the work as a job of this runtime, with the job's name and location.
    ///
    /// If the work cannot be accepted, the handle yields a [`JoinError`](crate::JoinError): see
    /// [`JoinHandle::failed`].
    ///
    /// # Blocking
    /// Must not block, because it is called on the loop's thread.
    fn execute(&self, runtime: &Handle, metadata: Metadata, work: W) -> JoinHandle<Self::Output>;
}

/// Runs closures that block, in the pool's main lane.
impl<F, T> Executor<F> for Pool
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn execute(&self, runtime: &Handle, metadata: Metadata, work: F) -> JoinHandle<T> {
        runtime.submit(self.main_lane(), metadata, (), work)
    }
}

/// Runs closures that block, in this lane.
impl<F, T> Executor<F> for Lane
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn execute(&self, runtime: &Handle, metadata: Metadata, work: F) -> JoinHandle<T> {
        runtime.submit(self, metadata, (), work)
    }
}

impl<W, E: Executor<W> + ?Sized> Executor<W> for &E {
    type Output = E::Output;

    fn execute(&self, runtime: &Handle, metadata: Metadata, work: W) -> JoinHandle<E::Output> {
        (**self).execute(runtime, metadata, work)
    }
}

impl<W, E: Executor<W> + ?Sized> Executor<W> for Arc<E> {
    type Output = E::Output;

    fn execute(&self, runtime: &Handle, metadata: Metadata, work: W) -> JoinHandle<E::Output> {
        (**self).execute(runtime, metadata, work)
    }
}

impl<W, E: Executor<W> + ?Sized> Executor<W> for Box<E> {
    type Output = E::Output;

    fn execute(&self, runtime: &Handle, metadata: Metadata, work: W) -> JoinHandle<E::Output> {
        (**self).execute(runtime, metadata, work)
    }
}
