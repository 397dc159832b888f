//! Running the required commands for which no job can be had, when their queue is dropped.
//!
//! A pool may refuse every job: it is shut down, or cannot start a thread. As long as the task is
//! there, it is notified (Q5) and may submit another job. When the task is gone, and the object is
//! in the queue with commands, a queue with [`DropPolicy::Flush`] runs them on the thread that
//! drops its last reference. That is the task's thread, if the job that it submitted at last is
//! refused, too; or the thread that drops that job unrun later.

use std::collections::VecDeque;
use std::mem;

use runtime_core::catch_panic::{catch_panic, drop_catching};

use super::command_queue::{
    CommandKind, CommandQueue, DropPolicy, JobRequest, NextCommands, ObjectState, StreamCommand,
};

impl<T, R> CommandQueue<T, R> {
    /// As [`resubmit`](CommandQueue::resubmit), for a task that drops its stream, and to which a
    /// dropped job will not be reported.
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

    pub(crate) fn has_commands(&self) -> bool {
        !self.state.lock().commands.is_empty()
    }
}

/// This is the last reference, so no lock is taken. Replies and panics are not reported to
/// anything.
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

/// Runs all commands, up to one that drops those behind it.
fn run_all<T, R>(mut object: T, commands: VecDeque<(CommandKind, StreamCommand<T, R>)>) {
    for (_, command) in commands {
        let (_reply, next) = command(&mut object);
        if next == NextCommands::DropAll {
            return;
        }
    }
}
