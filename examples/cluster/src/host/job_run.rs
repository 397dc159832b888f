//! [`run`]: one delivery of a job, from the queue to the acknowledgement.

use std::rc::Rc;

use aside::process_pool::CallError;
use aside::{JoinError, race, run_in_executor, timeout};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions};
use lapin::{Channel, Result};

use super::Host;
use crate::broker;
use crate::functions::RUN;
use crate::message::{Answer, Job, failed_deliveries, was_rejected};
use crate::topology::DELIVERIES_MAX;

/// The end of one delivery.
enum Verdict {
    Answer(Answer),
    /// The worker process died.
    Died(String),
    Cancelled,
}

/// Runs a job and answers its caller. The job is acknowledged after the answer is stored: if this
/// host dies in between, another one runs the job, and the caller ignores the second answer.
pub(super) async fn run(host: Rc<Host>, answers: Channel, delivery: Delivery) -> Result<()> {
    let Some(job) = Job::from_delivery(&delivery) else {
        // No client of this version has sent it. It is kept in the queue of dead jobs.
        delivery.reject(BasicRejectOptions::default()).await?;
        return Ok(());
    };
    let deliveries = failed_deliveries(&delivery) + 1;
    match execute(&host, &job).await {
        Verdict::Cancelled => {}
        Verdict::Answer(answer) => send(&answers, &job, &answer).await?,
        Verdict::Died(why) if deliveries < DELIVERIES_MAX => {
            eprintln!("{}: delivery {deliveries} of {} failed: {why}", host.name, job.id);
            delivery.nack(BasicNackOptions { requeue: true, ..Default::default() }).await?;
            return Ok(());
        }
        Verdict::Died(why) => {
            send(&answers, &job, &Answer::Crashed { deliveries, why }).await?;
            delivery.reject(BasicRejectOptions::default()).await?;
            return Ok(());
        }
    }
    delivery.ack(BasicAckOptions::default()).await?;
    Ok(())
}

/// Answers the caller of a job that RabbitMQ has set aside after its last delivery.
pub(super) async fn answer_dead(answers: &Channel, delivery: &Delivery) -> Result<()> {
    if let Some(job) = Job::from_delivery(delivery).filter(|_| !was_rejected(delivery)) {
        let why = "each time, its host died or lost the broker".into();
        send(answers, &job, &Answer::Crashed { deliveries: DELIVERIES_MAX, why }).await?;
    }
    delivery.ack(BasicAckOptions::default()).await?;
    Ok(())
}

/// Publishes an answer. If there is no reply queue, the client is gone.
async fn send(answers: &Channel, job: &Job, answer: &Answer) -> Result<()> {
    let properties = Answer::properties(&job.id);
    broker::publish(answers, "", &job.reply_to, &answer.encode(), properties).await?;
    Ok(())
}

/// Runs the job in a worker process. At the time limit, or if the job is cancelled, the process is
/// killed.
async fn execute(host: &Host, job: &Job) -> Verdict {
    if host.cancels.contains(&job.id) {
        return Verdict::Cancelled;
    }
    let call = RUN.call((job.function.clone(), job.arguments.clone()));
    let running = run_in_executor(&host.processes, call).abort_on_drop();
    let finished = async { verdict(job, timeout(job.limit, running).await.ok()) };
    let cancelled = async {
        host.cancels.wait(&job.id).await;
        Verdict::Cancelled
    };
    race((finished, cancelled)).await
}

type Joined = std::result::Result<
    std::result::Result<std::result::Result<Vec<u8>, String>, CallError>,
    JoinError,
>;

/// `None` stands for the time limit.
fn verdict(job: &Job, joined: Option<Joined>) -> Verdict {
    let answer = match joined {
        None => Answer::TimedOut(job.limit),
        Some(Ok(Ok(Ok(result)))) => Answer::Returned(result),
        Some(Ok(Ok(Err(why)))) => Answer::Failed(why),
        Some(Ok(Err(error))) if error.worker_death().is_some() => {
            return Verdict::Died(error.to_string());
        }
        Some(Ok(Err(error))) => Answer::Failed(error.to_string()),
        Some(Err(error)) if error.is_panic() => Answer::Panicked(panic_message(error)),
        Some(Err(error)) => Answer::Failed(error.to_string()),
    };
    Verdict::Answer(answer)
}

fn panic_message(error: JoinError) -> String {
    match error.into_panic().downcast::<String>() {
        Ok(message) => *message,
        Err(_other) => "the panic has no message".into(),
    }
}
