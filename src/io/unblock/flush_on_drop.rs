//! Runs the required commands that no job could run, when their queue is dropped.
//!
//! A pool may refuse every job, because it is shut down or cannot start a thread. As long as the
//! task uses its stream, the task is notified (Q5) and may submit another job. Once the task has
//! dropped the stream, the queue may still hold the object and commands. With [`DropPolicy::Flush`]
//! the commands then run on the thread that drops the last reference to the queue. This is the
//! task's thread, if the last job that the task submits is refused, too. Otherwise it is the thread
//! that later drops that job unrun.

use std::collections::VecDeque;
use std::mem;

use runtime_core::catch_panic::{catch_panic, drop_catching};

use super::command_queue::{
    CommandKind, CommandQueue, DropPolicy, JobRequest, NextCommands, ObjectState, StreamCommand,
};

impl<T, R> CommandQueue<T, R> {
    /// Like [`resubmit`](CommandQueue::resubmit), for a task that drops its stream. A dropped job
    /// is no longer reported to such a task.
    pub(crate) fn resubmit_on_drop(&self) -> JobRequest {
        let mut state = self.state.lock();
        state.object = match mem::replace(&mut state.object, ObjectState::Running) {
            ObjectState::JobDropped(object) => ObjectState::Idle(object),
            before @ (ObjectState::Idle(_)
            | ObjectState::Submitted(_)
            | ObjectState::Running
            | ObjectState::Lent
            | ObjectState::Lost) => before,
        };
        state.request_job()
    }
}

/// This runs when the last reference is dropped, so it takes no lock. Replies and panics are not
/// reported.
impl<T, R> Drop for CommandQueue<T, R> {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if self.drop_policy == DropPolicy::Discard || state.commands.is_empty() {
            return;
        }
        drop_catching(state.take_ahead());
        let commands = mem::take(&mut state.commands);
        match mem::replace(&mut state.object, ObjectState::Lost) {
            ObjectState::Idle(object)
            | ObjectState::JobDropped(object)
            | ObjectState::Submitted(object) => {
                catch_panic(|| run_all(object, commands));
            }
            ObjectState::Running | ObjectState::Lent | ObjectState::Lost => drop_catching(commands),
        }
    }
}

/// Runs the commands in order, until one returns [`NextCommands::DropAll`].
fn run_all<T, R>(mut object: T, commands: VecDeque<(CommandKind, StreamCommand<T, R>)>) {
    for (_, command) in commands {
        let (_reply, next) = command(&mut object);
        if next == NextCommands::DropAll {
            return;
        }
    }
}
