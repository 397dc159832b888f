//! [`serve`]: the side that runs the jobs.

mod cancels;
mod host_session;
mod job_run;

use std::future::Future;
use std::rc::Rc;

use aside::process_pool::ProcessPool;

use crate::broker;
use crate::cluster_error::ClusterError;
use cancels::Cancels;
use host_session::{HostSession, SessionEnd};

/// The settings of a host.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// The address of RabbitMQ.
    pub broker: String,
    /// The number of worker processes: the jobs that run at once.
    pub slots: u16,
}

/// The parts of a host that outlive a connection. They stay on the loop's thread.
struct Host {
    name: String,
    slots: u16,
    processes: ProcessPool,
    cancels: Cancels,
}

/// Runs jobs until `stop` is ready. The host then takes no more jobs, and finishes those that it
/// runs.
///
/// If the connection is lost, the running jobs are killed, because RabbitMQ gives them to another
/// host, and the host connects again, unless it is stopping.
///
/// # Errors
/// [`ClusterError::NoBroker`] if the first connection fails, or [`ClusterError::Broker`] if the
/// queues cannot be declared.
pub async fn serve(
    settings: HostSettings,
    stop: impl Future<Output = ()>,
) -> Result<(), ClusterError> {
    let HostSettings { broker: address, slots } = settings;
    let host = Rc::new(Host {
        name: format!("host-{}-{:08x}", std::process::id(), fastrand::u32(..)),
        slots,
        processes: ProcessPool::builder().workers(usize::from(slots)).build(),
        cancels: Cancels::default(),
    });
    let mut stop = std::pin::pin!(stop);
    let mut connection = broker::connect(&address, &host.name).await?;
    let mut session = HostSession::open(&host, connection).await?;
    println!("{} runs {slots} jobs at once", host.name);
    loop {
        let SessionEnd::Lost(mut lost) = session.serve(stop.as_mut()).await else { return Ok(()) };
        session = loop {
            let reconnected = async { Some(broker::reconnect(&address, &host.name, &lost).await) };
            let stopped = async {
                stop.as_mut().await;
                None
            };
            let Some(made) = aside::race((reconnected, stopped)).await else { return Ok(()) };
            connection = made;
            match HostSession::open(&host, connection).await {
                Ok(session) => break session,
                Err(error) => lost = error.to_string(),
            }
        };
    }
}
