//! Jobs and answers as messages of RabbitMQ.

use std::time::Duration;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use serde::{Deserialize, Serialize};

use crate::cluster_error::ClusterError;

const FUNCTION: &str = "function";
const LIMIT_MS: &str = "limit-ms";
const PERSISTENT: u8 = 2;

/// A call of a function, with the id that its answer carries.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// The queue for the answer.
    pub(crate) reply_to: String,
    pub(crate) function: String,
    pub(crate) arguments: Vec<u8>,
    pub(crate) limit: Duration,
}

impl Job {
    pub(crate) fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        let limit = i64::try_from(self.limit.as_millis()).unwrap_or(i64::MAX);
        headers.insert(FUNCTION.into(), AMQPValue::LongString(self.function.as_str().into()));
        headers.insert(LIMIT_MS.into(), AMQPValue::LongLongInt(limit));
        BasicProperties::default()
            .with_message_id(self.id.as_str().into())
            .with_reply_to(self.reply_to.as_str().into())
            .with_delivery_mode(PERSISTENT)
            .with_headers(headers)
    }

    /// Reads a job. Returns `None` for a message that no client of this version has sent.
    pub(crate) fn from_delivery(delivery: &Delivery) -> Option<Job> {
        let properties = &delivery.properties;
        Some(Job {
            id: properties.message_id().as_ref()?.to_string(),
            reply_to: properties.reply_to().as_ref()?.to_string(),
            function: text_header(delivery, FUNCTION)?,
            arguments: delivery.data.clone(),
            limit: Duration::from_millis(number_header(delivery, LIMIT_MS)?),
        })
    }
}

/// Returns how often the job was delivered before without an answer.
pub(crate) fn failed_deliveries(delivery: &Delivery) -> u64 {
    number_header(delivery, "x-delivery-count").unwrap_or(0)
}

/// Returns whether a host has rejected the job, after it had answered the caller.
pub(crate) fn was_rejected(delivery: &Delivery) -> bool {
    text_header(delivery, "x-first-death-reason").as_deref() == Some("rejected")
}

fn header<'a>(delivery: &'a Delivery, name: &str) -> Option<&'a AMQPValue> {
    delivery.properties.headers().as_ref()?.inner().get(name)
}

fn text_header(delivery: &Delivery, name: &str) -> Option<String> {
    let AMQPValue::LongString(text) = header(delivery, name)? else { return None };
    Some(text.to_string())
}

fn number_header(delivery: &Delivery, name: &str) -> Option<u64> {
    match header(delivery, name)? {
        AMQPValue::LongLongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::LongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::ShortInt(number) => u64::try_from(*number).ok(),
        AMQPValue::ShortShortInt(number) => u64::try_from(*number).ok(),
        AMQPValue::LongUInt(number) => Some(u64::from(*number)),
        AMQPValue::ShortUInt(number) => Some(u64::from(*number)),
        AMQPValue::ShortShortUInt(number) => Some(u64::from(*number)),
        _ => None,
    }
}

/// The end of a job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The function returned: the encoded result.
    Returned(Vec<u8>),
    /// The function panicked with this message.
    Panicked(String),
    TimedOut(Duration),
    Crashed {
        deliveries: u64,
        why: String,
    },
    /// The function could not be called.
    Failed(String),
}

impl Answer {
    pub(crate) fn properties(id: &str) -> BasicProperties {
        BasicProperties::default().with_correlation_id(id.into()).with_delivery_mode(PERSISTENT)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("an answer can be encoded into memory")
    }

    /// Reads an answer, and the id of its call.
    pub(crate) fn from_delivery(delivery: &Delivery) -> Option<(String, Answer)> {
        let id = delivery.properties.correlation_id().as_ref()?.to_string();
        Some((id, postcard::from_bytes(&delivery.data).ok()?))
    }

    /// Returns the encoded result.
    ///
    /// # Panics
    /// With the message of the function's panic.
    pub(crate) fn into_result(self) -> Result<Vec<u8>, ClusterError> {
        match self {
            Answer::Returned(result) => Ok(result),
            // The hook of this process has nothing to print: the panic was on another machine.
            Answer::Panicked(message) => std::panic::resume_unwind(Box::new(message)),
            Answer::TimedOut(limit) => Err(ClusterError::TimedOut(limit)),
            Answer::Crashed { deliveries, why } => Err(ClusterError::Crashed { deliveries, why }),
            Answer::Failed(why) => Err(ClusterError::Function(why)),
        }
    }
}
