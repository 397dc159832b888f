//! Observers of a loop: which tasks block the loop, and what the loop does.
//!
//! A runtime accepts any number of [`Observer`]s ([`Builder::observer`](crate::Builder::observer)),
//! each of which receives every event. This module has these observers:
//!
//! - [`Watchdog`] reports a task that blocks the loop, while it does so;
//! - [`SlowPolls`] reports it when it has ceased, with the exact time;
//! - [`Counters`] counts tasks, polls and parks, for the loop's own thread;
//! - [`Metrics`] counts them, and jobs, and how long each takes, for any thread;
//! - [`PollTimes`] adds the times of the polls to the list of tasks;
//! - with the feature `tracing`, `TracingSpans` makes spans of the crate `tracing`.
//!
//! [`Both`] combines two observers. The guide has a [chapter](crate::guide::observing) on them.
//!
//! [`Handle::tasks`](crate::Handle::tasks) returns the list of a runtime's tasks, with what each of
//! them waits for. It needs no observer.
//!
//! A program that uses [`run`](crate::run()) need not be changed: with the environment variable
//! `ASIDE_WATCHDOG=100ms` or `ASIDE_SLOW_POLLS=50ms`, each poll that takes longer is reported on
//! stderr, with the task's name and location. Without the variables, nothing is observed.

mod both;
mod counters;
#[cfg(feature = "record")]
mod inbox_time;
mod metrics;
mod poll_times;
pub(crate) mod print_line;
mod slow_polls;
#[cfg(feature = "record")]
mod trace;
#[cfg(feature = "record")]
mod trace_file;
#[cfg(feature = "record")]
pub(crate) mod traced_run;
#[cfg(feature = "tracing")]
mod tracing_spans;
mod variables;
mod watchdog;

#[cfg(feature = "record")]
pub use aside_trace::{Recording, Reducer, Timeline, reducer};
pub use both::Both;
pub use counters::Counters;
#[cfg(feature = "record")]
pub use inbox_time::inbox_time;
pub use metrics::{Histogram, Metrics, MetricsObserver, MetricsSnapshot};
pub use poll_times::PollTimes;
#[cfg(feature = "record")]
pub use runtime_core::record::event::{Event, IoDirection, MAIN_KEY, TaskKeyBits, WakeRoute};
#[cfg(feature = "record")]
pub use runtime_core::record::ring::TraceEvent;
pub use runtime_core::task_list::{
    JobStage, ListedTask, SocketDirection, TaskKind, TaskList, TaskState, TaskTree, Wait,
};
pub use runtime_executor::{Observer, TaskHistory};
pub use slow_polls::SlowPolls;
#[cfg(feature = "record")]
pub use trace::Trace;
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub use tracing_spans::TracingSpans;
pub use watchdog::{LatePoll, ThreadActivity, Watchdog};
