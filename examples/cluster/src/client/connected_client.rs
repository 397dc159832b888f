//! [`ConnectedClient`]: the one task that publishes the jobs of a client and receives the answers.

use std::future::pending;
use std::time::Duration;

use aside::task::JoinSet;
use aside::{race, sleep};
use async_channel::Receiver;
use futures_lite::StreamExt;
use lapin::options::{BasicAckOptions, BasicQosOptions};
use lapin::{BasicProperties, Channel, Connection, Consumer, Result};

use super::pending_calls::{PendingCalls, QueuedJob};
use super::{Command, reply_queue};
use crate::broker::{self, Published};
use crate::message::Answer;
use crate::topology;

/// The answers that the broker sends before the first of them is acknowledged.
const REPLIES_AHEAD: u16 = 256;
/// The pause before a job is published again for which the queue had no room.
const FULL_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct ConnectedClient {
    address: String,
    name: String,
    commands: Receiver<Command>,
    pending: PendingCalls,
    session: Session,
}

/// The parts of a client that end with a connection.
struct Session {
    connection: Connection,
    channel: Channel,
    replies: Consumer,
    /// A task for each job that the broker has not confirmed.
    publishing: JoinSet<Result<String>>,
}

// A value lives for one turn of the loop below, so its size is of no concern.
#[allow(clippy::large_enum_variant)]
enum Next {
    Confirmed(Result<String>),
    Reply(Option<Result<lapin::message::Delivery>>),
    Command(Option<Command>),
}

impl Session {
    async fn open(connection: Connection, name: &str) -> Result<Session> {
        let channel = broker::confirming(&connection).await?;
        topology::declare(&channel).await?;
        topology::declare_replies(&channel, &reply_queue(name)).await?;
        channel.basic_qos(REPLIES_AHEAD, BasicQosOptions::default()).await?;
        let replies = broker::consume(&channel, &reply_queue(name)).await?;
        Ok(Session { connection, channel, replies, publishing: JoinSet::new() })
    }

    fn publish(&mut self, queued: QueuedJob) {
        self.publishing.spawn_local(publish(self.channel.clone(), queued));
    }

    fn publish_cancel(&mut self, id: String) {
        let channel = self.channel.clone();
        self.publishing.spawn_local(async move {
            let properties = BasicProperties::default();
            broker::publish(&channel, topology::CANCELS, "", id.as_bytes(), properties).await?;
            Ok(id)
        });
    }

    /// Waits for the next event. Confirmations and answers, which make room, are first.
    async fn next(&mut self, commands: &Receiver<Command>) -> Next {
        let Session { publishing, replies, .. } = self;
        let confirmed = async {
            match publishing.join_next().await {
                Some(Ok(confirmed)) => Next::Confirmed(confirmed),
                Some(Err(ended)) => ended.resume(),
                None => pending().await,
            }
        };
        let reply = async { Next::Reply(replies.next().await) };
        let command = async { Next::Command(commands.recv().await.ok()) };
        race((confirmed, reply, command)).await
    }
}

/// Publishes a job until it is stored, and returns its id.
async fn publish(channel: Channel, queued: QueuedJob) -> Result<String> {
    let QueuedJob { job, queue } = queued;
    while broker::publish(&channel, "", queue, &job.arguments, job.properties()).await?
        != Published::Stored
    {
        sleep(FULL_PAUSE).await;
    }
    Ok(job.id.clone())
}

impl ConnectedClient {
    pub(super) async fn new(
        address: &str,
        name: &str,
        commands: Receiver<Command>,
        connection: Connection,
    ) -> Result<ConnectedClient> {
        Ok(ConnectedClient {
            address: address.to_owned(),
            name: name.to_owned(),
            commands,
            pending: PendingCalls::default(),
            session: Session::open(connection, name).await?,
        })
    }

    /// Serves the calls until the cluster is closed.
    pub(super) async fn run(mut self) {
        loop {
            match self.serve().await {
                Ok(()) => return,
                Err(error) => self.connect_again(error).await,
            }
        }
    }

    /// Makes a new session, in which the jobs are published that the broker may not have.
    async fn connect_again(&mut self, mut error: lapin::Error) {
        loop {
            let lost = error.to_string();
            let connection = broker::reconnect(&self.address, &self.name, &lost).await;
            match Session::open(connection, &self.name).await {
                Ok(session) => self.session = session,
                Err(again) => {
                    error = again;
                    continue;
                }
            }
            for queued in self.pending.unconfirmed() {
                self.session.publish(queued);
            }
            return;
        }
    }

    /// Serves the calls by one connection. An error means that the connection is lost.
    async fn serve(&mut self) -> Result<()> {
        loop {
            match self.session.next(&self.commands).await {
                Next::Confirmed(confirmed) => self.pending.confirm(&confirmed?),
                Next::Reply(Some(delivery)) => {
                    let delivery = delivery?;
                    if let Some((id, answer)) = Answer::from_delivery(&delivery) {
                        self.pending.answer(&id, answer);
                    }
                    delivery.ack(BasicAckOptions::default()).await?;
                }
                Next::Reply(None) => {
                    return Err(lapin::ErrorKind::InvalidConnectionState(
                        lapin::ConnectionState::Closed,
                    )
                    .into());
                }
                Next::Command(Some(Command::Submit { job, priority, answer })) => {
                    let queued = QueuedJob { job: job.into(), queue: priority.queue() };
                    self.pending.insert(queued.clone(), answer);
                    self.session.publish(queued);
                }
                Next::Command(Some(Command::Cancel { id })) => {
                    if self.pending.contains(&id) {
                        self.pending.forget(&id);
                        self.session.publish_cancel(id);
                    }
                }
                Next::Command(Some(Command::Close { closed: _until_then })) => {
                    return self.close().await;
                }
                Next::Command(None) => return self.close().await,
            }
        }
    }

    async fn close(&self) -> Result<()> {
        topology::delete_replies(&self.session.channel, &reply_queue(&self.name)).await?;
        self.session.connection.close(200, "the client is done".into()).await
    }
}
