//! [`Cluster`]: the caller's side.

mod call_guard;
mod connected_client;
mod pending_calls;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aside::blocking::Executor;
use aside::process_pool::Call;
use aside::{AbortOnDrop, Handle, JoinHandle, Metadata};
use async_channel::{Receiver, Sender, bounded, unbounded};
use async_lock::Semaphore;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::broker;
use crate::cluster_error::ClusterError;
use crate::message::{Answer, Job};
use crate::topology::Priority;
use call_guard::CallGuard;
use connected_client::ConnectedClient;

/// The calls of a client that are under way at once, unless it is set.
const CALLS_MAX: usize = 1_000;
/// The time limit of a job, unless it is set.
const LIMIT: Duration = Duration::from_secs(60);

/// A request of a call to the task that has the connection.
enum Command {
    Submit { job: Job, priority: Priority, answer: Sender<Answer> },
    Cancel { id: String },
    Close { closed: Sender<()> },
}

/// An executor whose calls run on the hosts of a cluster. See the [crate](crate).
///
/// Cheap to clone. The clones share the connection and the limit of calls.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
    priority: Priority,
    limit: Duration,
}

struct Shared {
    /// The name of the client, with which the ids of its calls begin.
    name: String,
    next: AtomicU64,
    commands: Sender<Command>,
    /// A permit for each call that may be under way.
    room: Semaphore,
    /// Ends the task with the last clone.
    _client: AbortOnDrop<()>,
}

impl Cluster {
    /// Connects to RabbitMQ, at an address such as `amqp://user:password@host:5672/%2f`.
    ///
    /// If the connection is lost later, it is made again, and calls continue.
    ///
    /// # Errors
    /// [`ClusterError::NoBroker`], or [`ClusterError::Broker`] if the queues cannot be declared.
    ///
    /// # Panics
    /// Outside a runtime.
    pub async fn connect(address: &str) -> Result<Cluster, ClusterError> {
        Cluster::with_calls_max(address, CALLS_MAX).await
    }

    /// Connects as [`connect`](Cluster::connect) does, with a limit for the calls that are under
    /// way at once. A call beyond the limit waits for room, and is not encoded before.
    ///
    /// # Errors
    /// Those of [`connect`](Cluster::connect).
    pub async fn with_calls_max(address: &str, calls: usize) -> Result<Cluster, ClusterError> {
        let name = format!("client-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let (commands, receiver) = unbounded();
        let connection = broker::connect(address, &name).await?;
        let client = ConnectedClient::new(address, &name, receiver, connection).await?;
        let task = aside::spawn(client.run());
        let shared = Shared {
            name,
            next: AtomicU64::new(0),
            commands,
            room: Semaphore::new(calls),
            _client: task.abort_on_drop(),
        };
        Ok(Cluster { shared: Arc::new(shared), priority: Priority::default(), limit: LIMIT })
    }

    /// Returns an executor for calls of another priority.
    #[must_use]
    pub fn priority(&self, priority: Priority) -> Cluster {
        Cluster { priority, ..self.clone() }
    }

    /// Returns an executor for calls with another time limit. The limit is for the function alone:
    /// the time in the queue does not count.
    #[must_use]
    pub fn limit(&self, limit: Duration) -> Cluster {
        Cluster { limit, ..self.clone() }
    }

    /// Deletes the reply queue and closes the connection. Calls that are under way fail with
    /// [`ClusterError::Closed`]. Without this call, RabbitMQ deletes the queue ten minutes after
    /// the client is gone.
    pub async fn close(self) {
        let (closed, wait) = bounded(1);
        if self.shared.commands.send(Command::Close { closed }).await.is_ok() {
            // The sender is dropped when the connection is closed.
            let _closed = wait.recv().await;
        }
    }

    fn job(&self, function: &str, arguments: Vec<u8>) -> Job {
        let Shared { name, next, .. } = &*self.shared;
        Job {
            id: format!("{name}-{}", next.fetch_add(1, Ordering::Relaxed)),
            reply_to: reply_queue(name),
            function: function.to_owned(),
            arguments,
            limit: self.limit,
        }
    }

    /// Submits a job, and returns the channel of its answer.
    fn submit(&self, job: Job) -> Result<Receiver<Answer>, ClusterError> {
        let (answer, receiver) = bounded(1);
        let submit = Command::Submit { job, priority: self.priority, answer };
        self.shared.commands.try_send(submit).map_err(|_closed| ClusterError::Closed)?;
        Ok(receiver)
    }

    async fn call<A, R>(self, call: Call<A, R>) -> Result<R, ClusterError>
    where
        A: Serialize + Send + 'static,
        R: DeserializeOwned + Send + 'static,
    {
        let _room = self.shared.room.acquire().await;
        let job = self.job(call.name(), call.encode()?);
        let guard = CallGuard::new(self.shared.commands.clone(), job.id.clone());
        let answer = self.submit(job)?.recv().await.map_err(|_closed| ClusterError::Closed)?;
        guard.answered();
        Ok(call.decode(&answer.into_result()?)?)
    }
}

/// The name of the queue for the answers to a client.
fn reply_queue(client: &str) -> String {
    format!("cluster.reply.{client}")
}

/// Runs calls on the hosts. Aborting a call cancels its job: a queued job does not run, and a
/// running one is killed.
impl<A, R> Executor<Call<A, R>> for Cluster
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
        runtime.spawn_as(metadata, self.clone().call(call))
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("name", &self.shared.name).finish_non_exhaustive()
    }
}
