//! Connections to RabbitMQ, on the loop of aside.

use std::time::Duration;

use aside::compat::async_rs::LoopKit;
use aside::{sleep, timeout};
use async_rs::Runtime;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer, Result,
};

use crate::cluster_error::ClusterError;

/// The time that a connection may take, including the handshake.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// The seconds between heartbeats, unless the address has `?heartbeat=`. A peer that has been
/// silent for two of them is lost.
const HEARTBEAT: u16 = 10;
/// The time before the first try to connect again, and the longest time between two tries.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Connects once.
pub(crate) async fn connect(
    address: &str,
    name: &str,
) -> std::result::Result<Connection, ClusterError> {
    let no_broker = |address: String, why: String| ClusterError::NoBroker { address, why };
    let mut uri: AMQPUri = address.parse().map_err(|why| no_broker(address.into(), why))?;
    let place = format!("{}:{}", uri.authority.host, uri.authority.port);
    uri.query.heartbeat.get_or_insert(HEARTBEAT);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let runtime = Runtime::new(LoopKit::current());
    let connecting = Connection::connect_uri_with_runtime(uri, properties, runtime);
    match timeout(CONNECT_MAX, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(no_broker(place, error.to_string())),
        Err(_elapsed) => Err(no_broker(place, format!("no answer within {CONNECT_MAX:?}"))),
    }
}

/// Connects again after a connection was lost, as often as it takes.
pub(crate) async fn reconnect(address: &str, name: &str, lost: &str) -> Connection {
    eprintln!("{name} lost the broker ({lost}), and connects again");
    let mut pause = RETRY_MIN;
    loop {
        sleep(pause).await;
        if let Ok(connection) = connect(address, name).await {
            eprintln!("{name} is connected again");
            return connection;
        }
        pause = RETRY_MAX.min(pause * 2);
    }
}

/// Opens a channel whose published messages the broker confirms.
pub(crate) async fn confirming(connection: &Connection) -> Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

pub(crate) async fn consume(channel: &Channel, queue: &str) -> Result<Consumer> {
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    channel.basic_consume(queue.into(), "".into(), options, arguments).await
}

/// The broker's answer to a published message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// The message is in all its queues, on disk if it is persistent.
    Stored,
    /// The queue is full.
    Refused,
    /// There is no such queue.
    NoQueue,
}

/// Publishes a message and waits for the broker's answer.
pub(crate) async fn publish(
    channel: &Channel,
    exchange: &str,
    queue: &str,
    body: &[u8],
    properties: BasicProperties,
) -> Result<Published> {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let confirm = channel
        .basic_publish(exchange.into(), queue.into(), options, body, properties)
        .await?
        .await?;
    Ok(match confirm {
        Confirmation::Ack(None) => Published::Stored,
        Confirmation::Ack(Some(_returned)) => Published::NoQueue,
        Confirmation::Nack(_) | Confirmation::NotRequested => Published::Refused,
    })
}

/// The reason for the end of a connection, for messages.
pub(crate) fn lost(ended: Result<()>) -> String {
    match ended {
        Ok(()) => "the broker ended the subscription".into(),
        Err(error) => error.to_string(),
    }
}
