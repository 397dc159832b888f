//! [`Threads`]: the calls of a cluster on a thread pool.

use aside::blocking::{Executor, Pool};
use aside::process_pool::{Call, CallError};
use aside::{Handle, JoinHandle, Metadata};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cluster_error::ClusterError;
use crate::functions::run_here;

/// Runs calls on a pool of threads of this process, which costs no copy to another process, and
/// protects from nothing.
#[derive(Debug)]
pub struct Threads(pub Pool);

impl<A, R> Executor<Call<A, R>> for Threads
where
    A: Serialize + Send + 'static,
    R: DeserializeOwned + Send + 'static,
{
    type Output = Result<R, ClusterError>;

    fn execute(
        &self,
        runtime: &Handle,
        metadata: Metadata,
        call: Call<A, R>,
    ) -> JoinHandle<Self::Output> {
        self.0.execute(runtime, metadata, move || {
            let reply = run_here(call.name(), &call.encode()?).map_err(ClusterError::Function)?;
            call.decode(&reply).map_err(|error: CallError| error.into())
        })
    }
}
