//! [`Executor`]: anything that `run_in_executor` can submit work to.

use std::sync::Arc;

use runtime_blocking::{Lane, Pool};
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::handle::Handle;

/// Executes work of type `W` outside the loop, and returns a handle to await the result.
///
/// [`run_in_executor`](crate::run_in_executor) accepts every executor. A [`Pool`] and a [`Lane`] of
/// it run closures on the pool's threads. With the feature `process-pool`, a `ProcessPool` runs
/// functions in worker processes.
///
/// The easiest way to write an executor is over a pool: submit a closure through the pool's own
/// [`execute`](Executor::execute). The job then has a name and a location, can be cancelled, and
/// holds the runtime's virtual clock, as every job does.
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
