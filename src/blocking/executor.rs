//! What `run_in_executor` takes: anything that can carry out a piece of work somewhere else.

use std::sync::Arc;

use runtime_blocking::{Lane, Pool};
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::handle::Handle;

/// Carries out work of the kind `W` somewhere else, and gives back a handle to await it by.
///
/// [`run_in_executor`](crate::run_in_executor) takes any of them. A [`Pool`] carries out closures,
/// on its threads, and so does a [`Lane`] of it. With the feature `process-pool`, a `ProcessPool`
/// carries out calls of functions by name, in its processes. An engine on other machines would be a
/// third.
///
/// The easiest way to write one is over another: hand a closure to a pool, through its own
/// [`execute`](Executor::execute), so that name and place of the job, its cancelling and the
/// runtime's virtual clock are as with every job.
///
/// ```
/// use aside::blocking::{Executor, Pool};
/// use aside::{Handle, JoinHandle, Metadata};
///
/// /// Asks a database, one question at a time.
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
    /// What the work comes to.
    type Output;

    /// Accepts the work, as a job of this runtime, under this name and from this place.
    ///
    /// Work that cannot be accepted comes back as a handle that yields a
    /// [`JoinError`](crate::JoinError): see [`JoinHandle::failed`].
    ///
    /// # Blocking
    /// It is called on the loop's thread, so it must not block.
    fn execute(&self, runtime: &Handle, metadata: Metadata, work: W) -> JoinHandle<Self::Output>;
}

/// Closures that block, in the pool's main lane.
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

/// Closures that block, in this lane.
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
