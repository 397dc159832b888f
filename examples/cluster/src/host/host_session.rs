//! [`HostSession`]: one connection of a host.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use aside::race;
use aside::task::JoinSet;
use async_lock::Semaphore;
use futures_lite::{Stream, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicQosOptions};
use lapin::{Channel, Connection, Consumer, Result};

use super::Host;
use super::job_run::{answer_dead, run};
use crate::broker::{self, consume, lost};
use crate::topology::{self, Priority, UNANSWERED};

pub(super) enum SessionEnd {
    /// The host was stopped. Its jobs are finished, or the connection was lost meanwhile.
    Stopped,
    /// The connection ended, for this reason.
    Lost(String),
}

enum Event {
    Stop,
    Ended(Result<()>),
}

/// The subscriptions of a host. Dropping it kills the running jobs.
pub(super) struct HostSession {
    host: Rc<Host>,
    connection: Connection,
    /// The channel of deliveries and acknowledgements.
    jobs: Channel,
    /// The channel of answers, which the broker confirms.
    answers: Channel,
    /// The jobs of each priority, the highest first.
    consumers: Vec<Consumer>,
    unanswered: Consumer,
    cancels: Consumer,
    running: JoinSet<Result<()>>,
}

impl HostSession {
    pub(super) async fn open(host: &Rc<Host>, connection: Connection) -> Result<HostSession> {
        let answers = broker::confirming(&connection).await?;
        topology::declare(&answers).await?;
        let jobs = connection.create_channel().await?;
        // The cancels come first, so that none is missed.
        let cancels = consume(&jobs, &topology::declare_cancels(&jobs).await?).await?;
        // The limit is for each consumer on its own.
        jobs.basic_qos(host.slots, BasicQosOptions::default()).await?;
        let unanswered = consume(&jobs, UNANSWERED).await?;
        let mut consumers = Vec::new();
        for priority in Priority::ALL {
            consumers.push(consume(&jobs, priority.queue()).await?);
        }
        let (host, running) = (Rc::clone(host), JoinSet::new());
        Ok(HostSession { host, connection, jobs, answers, consumers, unanswered, cancels, running })
    }

    /// Runs jobs until `stop` is ready or the connection is lost.
    pub(super) async fn serve(mut self, stop: impl Future<Output = ()>) -> SessionEnd {
        match self.run_jobs(stop).await {
            Event::Ended(ended) => SessionEnd::Lost(lost(ended)),
            Event::Stop => {
                // RabbitMQ gives the jobs that are not finished to another host.
                let _lost = self.finish().await;
                SessionEnd::Stopped
            }
        }
    }

    async fn run_jobs(&mut self, stop: impl Future<Output = ()>) -> Event {
        let HostSession { host, answers, consumers, unanswered, cancels, running, .. } = self;
        let stopped = async {
            stop.await;
            Event::Stop
        };
        let jobs = async { Event::Ended(take_jobs(host, answers, consumers, running).await) };
        let dead = async { Event::Ended(answer_all_dead(answers, unanswered).await) };
        let cancels = async { Event::Ended(receive_cancels(host, cancels).await) };
        race((stopped, cancels, dead, jobs)).await
    }

    /// Takes no more jobs, and waits for those that run, which can still be cancelled.
    async fn finish(mut self) -> Result<()> {
        let HostSession { host, connection, jobs, consumers, cancels, running, .. } = &mut self;
        let finished = async {
            for consumer in consumers.iter() {
                jobs.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await?;
            }
            while let Some(ended) = running.join_next().await {
                ended.unwrap_or_else(|error| error.resume())?;
            }
            // Jobs that were delivered and have not begun go back to the queue.
            connection.close(200, "the host was stopped".into()).await
        };
        // Ready when the connection is lost.
        let cancels = receive_cancels(host, cancels);
        race((finished, cancels)).await
    }
}

/// Starts the delivered jobs, as many at once as the host has slots.
async fn take_jobs(
    host: &Rc<Host>,
    answers: &Channel,
    consumers: &mut [Consumer],
    running: &mut JoinSet<Result<()>>,
) -> Result<()> {
    let slots = Arc::new(Semaphore::new(usize::from(host.slots)));
    loop {
        let slot = slots.acquire_arc().await;
        let Some(delivery) = next_job(consumers).await else { return Ok(()) };
        let job = run(Rc::clone(host), answers.clone(), delivery?);
        running.spawn_local(async move {
            let ended = job.await;
            drop(slot);
            ended
        });
        while let Some(ended) = running.try_join_next() {
            // An error of the connection ends the subscription, too.
            let _lost = ended.unwrap_or_else(|error| error.resume());
        }
    }
}

/// Waits for a job. If several are there, takes the one of the highest priority.
async fn next_job(consumers: &mut [Consumer]) -> Option<Result<Delivery>> {
    poll_fn(|cx| {
        for consumer in consumers.iter_mut() {
            if let Poll::Ready(next) = Pin::new(consumer).poll_next(cx) {
                return Poll::Ready(next);
            }
        }
        Poll::Pending
    })
    .await
}

async fn answer_all_dead(answers: &Channel, unanswered: &mut Consumer) -> Result<()> {
    while let Some(delivery) = unanswered.next().await {
        answer_dead(answers, &delivery?).await?;
    }
    Ok(())
}

async fn receive_cancels(host: &Host, cancels: &mut Consumer) -> Result<()> {
    while let Some(delivery) = cancels.next().await {
        let delivery = delivery?;
        host.cancels.insert(String::from_utf8_lossy(&delivery.data).into_owned());
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}
