//! Calls of functions on many machines: an executor for [`aside::run_in_executor`] whose queue is
//! RabbitMQ.
//!
//! The same call goes to a thread, to a process of this machine or to another machine. Only the
//! executor differs:
//!
//! ```no_run
//! use aside::process_pool::{Function, ProcessPool};
//! use cluster::Cluster;
//!
//! static DOUBLE: Function<u32, u32> = Function::new("double", |n| 2 * n);
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     cluster::init(&[&DOUBLE]);
//!     aside::run(async {
//!         let here = ProcessPool::builder().workers(2).build();
//!         assert_eq!(aside::run_in_executor(&here, DOUBLE.call(21)).await??, 42);
//!
//!         let anywhere = Cluster::connect("amqp://localhost").await?;
//!         assert_eq!(aside::run_in_executor(&anywhere, DOUBLE.call(21)).await??, 42);
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # The life of a call
//!
//! 1. [`Cluster`] waits until fewer calls are under way than its limit, and encodes the call. It
//!    publishes the job, persistent and with an id of its own, to the queue of its priority, and
//!    publishes it again until RabbitMQ has confirmed that it is stored.
//! 2. A *host* ([`serve`]) has at most as many unacknowledged jobs of a priority as it has worker
//!    processes, so the other jobs stay in the queue for other hosts. It takes the jobs of the
//!    highest priority first, and runs each in a process pool, under the time limit of the job.
//! 3. The host publishes the answer to the reply queue of the caller. Only after RabbitMQ has
//!    confirmed the answer does it acknowledge the job.
//! 4. The client gives the first answer with the id of the call to the caller. It ignores all
//!    others.
//!
//! If the host dies or loses its connection before the acknowledgement, RabbitMQ delivers the job
//! again: a job runs *at least* once, and is answered exactly once. After three deliveries without
//! an answer the job goes to the queue `cluster.dead`, and the caller gets
//! [`ClusterError::Crashed`].
//!
//! # Threads
//!
//! All of this runs on the one loop of each program. lapin adds one thread to a connection, and the
//! process pool of a host two threads for each worker process and one for their output.
//!
//! # In reading order
//!
//! `topology` names the queues. `message` is what is in them. `client` is the caller's side, `host`
//! the other one. `broker` connects both to RabbitMQ.

mod broker;
mod client;
mod cluster_error;
mod functions;
mod host;
mod message;
mod monitor;
mod threads;
mod topology;

pub use client::Cluster;
pub use cluster_error::ClusterError;
pub use functions::init;
pub use host::{HostSettings, serve};
pub use monitor::{Monitor, QueueState};
pub use threads::Threads;
pub use topology::Priority;
