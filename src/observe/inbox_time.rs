//! [`inbox_time`]: how long messages were in the inbox.

use std::collections::{HashMap, VecDeque};

use aside_trace::Recording;
use runtime_core::record::event::{Event, WakeRoute};

use super::metrics::Histogram;

/// Returns the times that messages spent in the loop's inbox: from a wake or a command by another
/// thread to its receipt by the loop. A long time means that a poll held the loop meanwhile.
///
/// The times come from a recording, so that a runtime that does not record reads no clock for them.
/// If the recording has lost its first events, commands (such as a spawn by another thread) are not
/// counted, because a receipt does not say which command it is.
///
/// ```
/// use aside::{Runtime, observe::{Trace, inbox_time}};
///
/// let trace = Trace::new();
/// let runtime = Runtime::builder().record(&trace).build();
/// runtime.block_on(async { aside::spawn_blocking(|| ()).await.unwrap() });
/// let times = inbox_time(&trace.recording());
/// println!("{} messages, the slowest took {:?}", times.count(), times.max());
/// ```
pub fn inbox_time(recording: &Recording) -> Histogram {
    let mut times = Histogram::default();
    let (mut wakes, mut commands) = (HashMap::new(), VecDeque::new());
    for recorded in &recording.events {
        let posted = match recorded.event {
            Event::Woken { key, route: WakeRoute::Posted } => {
                wakes.insert(key, recorded.time);
                continue;
            }
            Event::CommandPosted => {
                commands.push_back(recorded.time);
                continue;
            }
            // A task has one message in the inbox at most.
            Event::MessageReceived { key: Some(key) } => wakes.remove(&key),
            // Commands are received in the order in which they were posted.
            Event::MessageReceived { key: None } if recording.is_whole() => commands.pop_front(),
            _ => continue,
        };
        if let Some(posted) = posted {
            times.record(recorded.time.saturating_sub(posted));
        }
    }
    times
}
