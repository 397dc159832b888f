//! [`ClusterError`]: the reason why a call has no result.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aside::process_pool::CallError;

/// The reason why a call on the cluster has no result. A panic of the function is a
/// [`JoinError`](aside::JoinError), as for every executor.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterError {
    /// There is no broker at the address, or it refuses the connection.
    NoBroker {
        /// The address, without a password.
        address: String,
        /// The system's or the broker's reason.
        why: String,
    },
    /// The broker refused an operation, or the connection broke during the start.
    Broker(String),
    /// The cluster was closed before the call was answered.
    Closed,
    /// The arguments could not be encoded, or the result could not be decoded.
    Call(CallError),
    /// The host could not call the function: its program does not have it, or cannot decode the
    /// arguments.
    Function(String),
    /// The function took longer than the time limit of the job. Its process was killed.
    TimedOut(Duration),
    /// The job was delivered three times without an answer. It is in the queue `cluster.dead`.
    Crashed {
        /// The number of deliveries.
        deliveries: u64,
        /// The end of the last process, if the host knows it.
        why: String,
    },
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClusterError::NoBroker { address, why } => write!(
                f,
                "no broker answers at {address}: {why}\nIs RabbitMQ running there? \
                 `examples/cluster/broker` starts one on this machine."
            ),
            ClusterError::Broker(why) => write!(f, "the broker failed: {why}"),
            ClusterError::Closed => f.write_str("the cluster was closed before the answer"),
            ClusterError::Call(error) => fmt::Display::fmt(error, f),
            ClusterError::Function(why) => write!(f, "the host cannot call the function: {why}"),
            ClusterError::TimedOut(limit) => {
                write!(f, "the call took longer than {limit:?}, so its process was killed")
            }
            ClusterError::Crashed { deliveries, why } => {
                write!(f, "the job failed in {deliveries} deliveries and is set aside: {why}")
            }
        }
    }
}

impl Error for ClusterError {}

impl From<CallError> for ClusterError {
    fn from(error: CallError) -> ClusterError {
        ClusterError::Call(error)
    }
}

impl From<lapin::Error> for ClusterError {
    fn from(error: lapin::Error) -> ClusterError {
        ClusterError::Broker(error.to_string())
    }
}
