//! The end of a stream whose task drops it while its object is in use.
//!
//! A task that drops its stream *abandons* the queue. If no required command is left and no job has
//! the object, the task takes the object and drops it at once, even if a job is submitted: the job
//! will find nothing. Otherwise the thread that runs the last command drops the object, before it
//! does anything else.
//!
//! Any thread may *finish* an abandoned queue ([`CommandQueue::finish`]).
//!
//! ```text
//!     task                    worker              thread that finishes       state
//!     Q1: push, submit a job                                                 SUBMITTED
//!     abandons the queue                                                     SUBMITTED
//!                                                 Q2: takes the object       RUNNING
//!                                                 Q3: the last command       RUNNING
//!                                                 drops the object, wakes    LOST
//!                             Q2: finds nothing                              LOST
//! ```

use runtime_core::catch_panic::drop_catching;

use super::command_queue::{CommandQueue, DropPolicy, ObjectState};

impl<T, R> CommandQueue<T, R> {
    /// Drops the commands of kind `Ahead`, and returns the object if nothing else needs it.
    /// Otherwise the object is dropped behind the last required command.
    pub(crate) fn abandon(&self) -> Option<T> {
        let mut state = self.state.lock();
        state.is_abandoned = true;
        let ahead = state.take_ahead();
        let has_commands = !state.commands.is_empty();
        let may_discard = self.drop_policy == DropPolicy::Discard;
        let object = match std::mem::replace(&mut state.object, ObjectState::Lent) {
            ObjectState::Submitted(object) if !has_commands => Some(object),
            // No job will run the commands.
            ObjectState::Idle(object) | ObjectState::JobDropped(object)
                if !has_commands || may_discard =>
            {
                Some(object)
            }
            before @ (ObjectState::Idle(_)
            | ObjectState::JobDropped(_)
            | ObjectState::Submitted(_)
            | ObjectState::Running
            | ObjectState::Lent
            | ObjectState::Lost) => {
                state.object = before;
                None
            }
        };
        drop(state);
        drop_catching(ahead);
        object
    }
}
