//! The exchanges and queues in RabbitMQ.
//!
//! ```text
//! client --> queues cluster.jobs.{high,normal,low} --> hosts --> queue cluster.reply.ID --> client
//!                 | three deliveries without an answer
//!                 v
//!        exchange cluster.dead ---> queue cluster.dead         for people
//!                              \--> queue cluster.unanswered   for hosts: answer the caller
//! client --> exchange cluster.cancels --> a queue of each host
//! ```

use lapin::options::{
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind, Result};

/// The deliveries after which a job without an answer is set aside.
pub(crate) const DELIVERIES_MAX: u64 = 3;
/// The jobs that a queue holds. Clients that find it full wait.
const QUEUED_MAX: i64 = 100_000;
/// The jobs that are kept for people.
const DEAD_MAX: i64 = 10_000;
/// The time after which the reply queue of a client that is gone is deleted.
const REPLIES_KEPT_MS: i64 = 600_000;

/// The exchange and the queue of jobs that are set aside.
const DEAD: &str = "cluster.dead";
/// The jobs that are set aside and whose callers have no answer yet.
pub(crate) const UNANSWERED: &str = "cluster.unanswered";
/// The exchange of the ids whose callers no longer wait.
pub(crate) const CANCELS: &str = "cluster.cancels";

/// The priority of a call. A host takes a job only if no job of a higher priority is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Before all others.
    High,
    /// The default.
    #[default]
    Normal,
    /// After all others.
    Low,
}

impl Priority {
    /// All priorities, the highest first.
    pub(crate) const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

    /// Quorum queues have no priorities, so each priority has a queue.
    pub(crate) fn queue(self) -> &'static str {
        match self {
            Priority::High => "cluster.jobs.high",
            Priority::Normal => "cluster.jobs.normal",
            Priority::Low => "cluster.jobs.low",
        }
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn table<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(key.into(), value);
    }
    table
}

/// Declares what clients and hosts share. Declaring it again changes nothing.
pub(crate) async fn declare(channel: &Channel) -> Result<()> {
    for exchange in [DEAD, CANCELS] {
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let arguments = FieldTable::default();
        channel.exchange_declare(exchange.into(), ExchangeKind::Fanout, durable, arguments).await?;
    }
    let dead = [("x-max-length", AMQPValue::LongLongInt(DEAD_MAX))];
    declare_durable(channel, DEAD, table(dead)).await?;
    declare_durable(channel, UNANSWERED, FieldTable::default()).await?;
    for queue in [DEAD, UNANSWERED] {
        bind(channel, queue, DEAD).await?;
    }
    for priority in Priority::ALL {
        // A quorum queue counts deliveries, and keeps jobs on most nodes of a cluster of brokers.
        let arguments = table([
            ("x-queue-type", text("quorum")),
            ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERIES_MAX as i64 - 1)),
            ("x-dead-letter-exchange", text(DEAD)),
            ("x-dead-letter-strategy", text("at-least-once")),
            ("x-max-length", AMQPValue::LongLongInt(QUEUED_MAX)),
            ("x-overflow", text("reject-publish")),
        ]);
        declare_durable(channel, priority.queue(), arguments).await?;
    }
    Ok(())
}

async fn declare_durable(channel: &Channel, queue: &str, arguments: FieldTable) -> Result<()> {
    channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await?;
    Ok(())
}

async fn bind(channel: &Channel, queue: &str, exchange: &str) -> Result<()> {
    let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
    channel.queue_bind(queue.into(), exchange.into(), "".into(), options, arguments).await
}

/// Declares the queue for the answers to a client, which outlives connections.
pub(crate) async fn declare_replies(channel: &Channel, queue: &str) -> Result<()> {
    let arguments = table([("x-expires", AMQPValue::LongLongInt(REPLIES_KEPT_MS))]);
    declare_durable(channel, queue, arguments).await
}

pub(crate) async fn delete_replies(channel: &Channel, queue: &str) -> Result<()> {
    channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    Ok(())
}

/// Declares the queue of a host for cancelled ids, which ends with the connection.
pub(crate) async fn declare_cancels(channel: &Channel) -> Result<String> {
    let options = QueueDeclareOptions::exclusive().auto_delete();
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
    let name = queue.name().to_string();
    bind(channel, &name, CANCELS).await?;
    Ok(name)
}
