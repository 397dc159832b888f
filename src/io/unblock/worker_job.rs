//! [`WorkerJob`]: the job that runs a queue's commands. The steps Q2 to Q5 are described in
//! `command_queue.rs`.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::{catch_panic, drop_catching};

use super::command_queue::{CommandQueue, NextCommands, ObjectState, StreamCommand};

/// Runs the commands of a queue until there are none. Dropping the job unrun is step Q5.
pub(crate) struct WorkerJob<T, R> {
    /// `None` after the job has begun.
    queue: Option<Arc<CommandQueue<T, R>>>,
}

impl<T, R> WorkerJob<T, R> {
    pub(crate) fn new(queue: &Arc<CommandQueue<T, R>>) -> WorkerJob<T, R> {
        WorkerJob { queue: Some(Arc::clone(queue)) }
    }

    /// Runs the commands (steps Q2 to Q4).
    ///
    /// # Blocking
    /// Blocks as long as the commands do.
    ///
    /// # Panics
    /// If a command panics: the panic continues after the object was dropped and the task was
    /// woken.
    pub(crate) fn run(mut self) {
        let Some(queue) = self.queue.take() else { return };
        let mut running = RunningObject { object: queue.begin(), queue: &queue };
        if running.object.is_none() {
            // The task, or a thread that finishes the queue, was faster.
            return;
        }
        let mut done = None;
        while let Some(command) = queue.next(&mut running.object, done.take()) {
            let Some(object) = running.object.as_mut() else { return };
            done = Some(command(object));
        }
    }
}

/// The object while commands run. Dropped with the object in it only while the panic of a command
/// unwinds.
struct RunningObject<'a, T, R> {
    object: Option<T>,
    queue: &'a CommandQueue<T, R>,
}

impl<T, R> Drop for RunningObject<'_, T, R> {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            drop_catching(object);
            self.queue.mark_lost();
        }
    }
}

impl<T, R> Drop for WorkerJob<T, R> {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.mark_job_dropped();
        }
    }
}

/// The job's side.
impl<T, R> CommandQueue<T, R> {
    /// Q2: takes the object.
    fn begin(&self) -> Option<T> {
        let mut state = self.state.lock();
        match mem::replace(&mut state.object, ObjectState::Running) {
            ObjectState::Submitted(object) => Some(object),
            before @ (ObjectState::Idle(_)
            | ObjectState::JobDropped(_)
            | ObjectState::Running
            | ObjectState::Lent
            | ObjectState::Lost) => {
                state.object = before;
                None
            }
        }
    }

    /// Q3: stores a reply, and takes the next command or puts the object back. The object of an
    /// abandoned queue is dropped instead.
    fn next(
        &self,
        object: &mut Option<T>,
        done: Option<(R, NextCommands)>,
    ) -> Option<StreamCommand<T, R>> {
        let mut dropped = VecDeque::new();
        let mut state = self.state.lock();
        let mut has_news = done.is_some();
        if let Some((reply, next)) = done {
            state.replies.push_back(reply);
            state.is_stopped |= next != NextCommands::Run;
            dropped = match next {
                NextCommands::Run => dropped,
                NextCommands::DropAhead => state.take_ahead(),
                NextCommands::DropAll => mem::take(&mut state.commands),
            };
        }
        let command = state.commands.pop_front().map(|(_, command)| command);
        if command.is_none()
            && !state.is_abandoned
            && let Some(object) = object.take()
        {
            state.object = ObjectState::Idle(object);
            // The task is woken even without a reply, if all commands were cancelled before the job
            // began.
            has_news = true;
        }
        let task = if has_news { state.task.take() } else { None };
        drop(state);
        if command.is_none()
            && let Some(object) = object.take()
        {
            drop_catching(object);
            self.mark_lost();
        }
        drop_catching(dropped);
        wake(task);
        command
    }

    /// Q4: records that the object is lost, after the object was dropped.
    fn mark_lost(&self) {
        let mut state = self.state.lock();
        state.object = ObjectState::Lost;
        let commands = mem::take(&mut state.commands);
        let task = state.task.take();
        let finishers = mem::take(&mut state.finishers);
        drop(state);
        drop_catching(commands);
        wake(task);
        finishers.into_iter().for_each(|finisher| wake(Some(finisher)));
    }

    /// Q5: records that the job was dropped before it began.
    fn mark_job_dropped(&self) {
        let mut state = self.state.lock();
        state.object = match mem::replace(&mut state.object, ObjectState::Running) {
            ObjectState::Submitted(object) => ObjectState::JobDropped(object),
            before @ (ObjectState::Idle(_)
            | ObjectState::JobDropped(_)
            | ObjectState::Running
            | ObjectState::Lent
            | ObjectState::Lost) => before,
        };
        let task = state.task.take();
        drop(state);
        wake(task);
    }
}

fn wake(task: Option<Waker>) {
    if let Some(task) = task {
        catch_panic(|| task.wake());
    }
}
