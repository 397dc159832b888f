//! [`Monitor`]: the jobs that wait in the queues.

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Connection};

use crate::broker;
use crate::cluster_error::ClusterError;
use crate::topology::{self, Priority};

/// A connection that asks for the state of the queues.
#[derive(Debug)]
pub struct Monitor {
    channel: Channel,
    _connection: Connection,
}

/// The state of the queue of one priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueState {
    /// The jobs that no host has taken.
    pub waiting: u32,
    /// The hosts that are connected.
    pub hosts: u32,
}

impl Monitor {
    /// Connects to RabbitMQ.
    ///
    /// # Errors
    /// Those of [`Cluster::connect`](crate::Cluster::connect).
    pub async fn connect(address: &str) -> Result<Monitor, ClusterError> {
        let connection = broker::connect(address, "monitor").await?;
        let channel = connection.create_channel().await?;
        topology::declare(&channel).await?;
        Ok(Monitor { channel, _connection: connection })
    }

    /// Returns the state of the queue of a priority.
    ///
    /// # Errors
    /// [`ClusterError::Broker`] if the connection is lost.
    pub async fn queue(&self, priority: Priority) -> Result<QueueState, ClusterError> {
        let passive = QueueDeclareOptions::durable().passive();
        let arguments = FieldTable::default();
        let queue = self.channel.queue_declare(priority.queue().into(), passive, arguments).await?;
        Ok(QueueState { waiting: queue.message_count(), hosts: queue.consumer_count() })
    }
}
