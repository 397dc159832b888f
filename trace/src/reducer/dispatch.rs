//! The parts of the state that each event changes.

use std::time::{Duration, Instant};

use runtime_core::record::event::{Event, MAIN_KEY, WakeRoute};

use crate::reducer::change::{LoopWord, StateItem, StatePart};
use crate::reducer::descriptors::TracedReadiness;
use crate::reducer::jobs::JobPhase;
use crate::reducer::state::State;
use crate::reducer::step::Step;
use crate::reducer::tasks::task_name;
use crate::reducer::workers::{PoolSample, ShutdownPhase};

impl State {
    /// Forgets everything but names, because events are missing.
    pub(crate) fn forget(&mut self, step: &mut Step<'_>) {
        self.event_loop.forget(step);
        self.tasks.forget(step);
        self.inbox.forget(step);
        self.timers.clear(step);
        self.sources.clear(step);
        self.jobs.forget(step);
        self.workers.forget(step);
    }

    /// Applies an event. `time` converts a deadline to the time since the beginning of the trace.
    pub(crate) fn apply(
        &mut self,
        event: &Event,
        time: impl Fn(Instant) -> Duration,
        step: &mut Step<'_>,
    ) {
        match *event {
            Event::LoopEntered
            | Event::LoopLeft
            | Event::LoopClosed
            | Event::TurnEnded { .. }
            | Event::BatchTaken { .. }
            | Event::Parked { .. }
            | Event::Unparked { .. } => self.apply_loop(event, time, step),
            Event::MainBegan { .. }
            | Event::MainEnded
            | Event::TaskSpawned { .. }
            | Event::PollBegan { .. }
            | Event::KeySkipped { .. }
            | Event::PollEnded { .. }
            | Event::TaskCancelled { .. }
            | Event::TaskEnded { .. } => self.apply_task(event, step),
            Event::Woken { .. } | Event::MessageReceived { .. } | Event::CommandPosted => {
                self.apply_wake(event, step);
            }
            Event::TimerSet { .. } | Event::TimerFired { .. } | Event::TimerDropped { .. } => {
                self.apply_timer(event, time, step);
            }
            Event::SourceRegistered { .. }
            | Event::SourceReady { .. }
            | Event::SourceCleared { .. }
            | Event::SourceAwaited { .. }
            | Event::SourceClosed { .. } => self.apply_source(event, step),
            Event::JobQueued { .. }
            | Event::JobTaken { .. }
            | Event::JobEnded { .. }
            | Event::JobDiscarded { .. }
            | Event::CancelRequested { .. } => self.apply_job(event, step),
            Event::WorkerAssigned { .. }
            | Event::WorkerReserved { .. }
            | Event::WorkerRefused { .. }
            | Event::WorkerStarted { .. }
            | Event::WorkerIdle { .. }
            | Event::MonitorBegan { .. }
            | Event::MonitorEnded { .. }
            | Event::PoolGrew { .. }
            | Event::WorkerRetired { .. } => self.apply_worker(event, step),
            Event::PoolCounts { .. }
            | Event::PoolClosed
            | Event::ShutdownWaits { .. }
            | Event::ShutdownEnded { .. } => self.apply_pool(event, step),
        }
    }

    fn apply_loop(
        &mut self,
        event: &Event,
        time: impl Fn(Instant) -> Duration,
        step: &mut Step<'_>,
    ) {
        match *event {
            Event::LoopEntered => self.event_loop.entered(step),
            Event::LoopLeft => self.loop_left(step),
            Event::LoopClosed => self.loop_closed(step),
            Event::TurnEnded { received, fired, polled, tasks, ready } => {
                self.tasks.must_have_ended(step);
                self.event_loop.turn_ended([received, fired, polled], step);
                let own = self.tasks.alive_count();
                step.must_if_whole(own == tasks as usize, || {
                    format!("the loop counts {tasks} tasks, but the trace has {own}")
                });
                let own = self.tasks.ready().len() + self.tasks.batch().len();
                step.must_if_whole(own == ready as usize, || {
                    format!("the loop counts {ready} keys in its queues, but the trace has {own}")
                });
            }
            Event::BatchTaken { len } => {
                self.event_loop.must_turn("a batch begins", step);
                self.tasks.batch_taken(len, step);
            }
            Event::Parked { deadline } => {
                let deadline = deadline.map(time);
                let queued = self.tasks.ready().len() + self.tasks.batch().len();
                step.must(queued == 0, || {
                    format!("the loop parks while the number of queued keys is {queued}")
                });
                self.tasks.must_have_ended(step);
                self.timers.must_be_awaited(deadline, step);
                self.event_loop.parked(deadline, step);
            }
            Event::Unparked { .. } => self.event_loop.unparked(step),
            _ => {}
        }
    }

    fn loop_left(&mut self, step: &mut Step<'_>) {
        if self.event_loop.left(step)
            && let Some(key) = self.tasks.polled()
        {
            let name = self.tasks.name(key);
            step.must(false, || format!("the loop is left during a poll of {name}"));
        }
    }

    /// The loop has dropped its tasks, timers, descriptors, and its queues.
    fn loop_closed(&mut self, step: &mut Step<'_>) {
        self.event_loop.must_be_entered("the loop closes", step);
        self.event_loop.is_closed = true;
        let left = self.tasks.alive_count();
        step.must_if_whole(left == 0, || format!("the loop closes, but {left} tasks are left"));
        self.tasks.clear_ready(step);
        self.timers.clear(step);
        self.sources.clear(step);
        self.inbox.clear(step);
        step.put(StatePart::Loop, StateItem::Loop(LoopWord::Phase));
    }

    fn apply_task(&mut self, event: &Event, step: &mut Step<'_>) {
        match *event {
            Event::MainBegan { ref metadata } => {
                self.event_loop.must_turn("main begins", step);
                self.tasks.spawned(MAIN_KEY, metadata, step);
            }
            Event::MainEnded => {
                self.event_loop.must_be_here("main ends", step);
                self.tasks.main_ended(step);
            }
            Event::TaskSpawned { key, ref metadata } => {
                let (name, is_closed) = (task_name(metadata), self.is_closed());
                self.event_loop.must_be_here("a task is spawned", step);
                step.must(!is_closed, || format!("{name} is spawned on a closed loop"));
                self.tasks.spawned(key, metadata, step);
            }
            Event::PollBegan { key } => {
                self.event_loop.must_turn("a poll begins", step);
                self.event_loop.turn.polled += 1;
                self.tasks.poll_began(key, step);
            }
            Event::KeySkipped { key } => {
                self.event_loop.must_turn("a key is skipped", step);
                self.event_loop.turn.polled += 1;
                self.tasks.skipped(key, step);
            }
            Event::PollEnded { key, is_ready } => {
                self.event_loop.must_turn("a poll ends", step);
                self.event_loop.turn.is_cut |= is_ready && key == MAIN_KEY;
                self.tasks.poll_ended(key, is_ready, step);
            }
            Event::TaskCancelled { key } => {
                self.event_loop.must_be_here("a task is cancelled", step);
                self.tasks.cancelled(key, step);
            }
            Event::TaskEnded { key } => {
                self.event_loop.must_be_here("a task ends", step);
                self.tasks.ended(key, step);
                self.sources.task_ended(key, step);
            }
            _ => {}
        }
    }

    fn apply_wake(&mut self, event: &Event, step: &mut Step<'_>) {
        let is_closed = self.is_closed();
        match *event {
            Event::Woken { key, route } => match route {
                WakeRoute::Queued | WakeRoute::AlreadyQueued => {
                    self.event_loop.must_be_entered("a key is queued", step);
                    self.tasks.woken_here(key, route, step);
                }
                WakeRoute::Posted => self.inbox.posted(key, is_closed, step),
                WakeRoute::Elided => self.inbox.elided(key, step),
            },
            Event::MessageReceived { key: Some(key) } => {
                self.event_loop.must_turn("a message is received", step);
                self.event_loop.turn.received += 1;
                let name = self.tasks.name(key);
                self.inbox.received(key, &name, step);
                self.tasks.push(key, step);
            }
            Event::MessageReceived { key: None } => {
                self.event_loop.must_turn("a command is received", step);
                self.event_loop.turn.received += 1;
                self.inbox.command_received(step);
            }
            Event::CommandPosted => self.inbox.command_posted(is_closed, step),
            _ => {}
        }
    }

    fn apply_timer(
        &mut self,
        event: &Event,
        time: impl Fn(Instant) -> Duration,
        step: &mut Step<'_>,
    ) {
        self.event_loop.must_be_here("a timer changes", step);
        match *event {
            Event::TimerSet { timer, deadline } => {
                let task = self.tasks.polled().map(|key| (key, self.tasks.name(key)));
                self.timers.set(timer, time(deadline), task, step);
            }
            Event::TimerFired { timer } => {
                self.event_loop.must_turn("a timer fires", step);
                self.event_loop.turn.fired += 1;
                self.timers.fired(timer, step);
            }
            Event::TimerDropped { timer } => self.timers.dropped(timer, step),
            _ => {}
        }
    }

    fn apply_source(&mut self, event: &Event, step: &mut Step<'_>) {
        // The sockets of a closed loop still exist, and fail.
        if self.is_closed() {
            return;
        }
        match *event {
            Event::SourceRegistered { source } => self.sources.registered(source, step),
            Event::SourceReady { source, readable, writable } => {
                self.event_loop.must_be_here("a socket becomes ready", step);
                self.sources.ready(source, [readable, writable], step);
            }
            Event::SourceCleared { source, direction, is_still_ready } => {
                let after =
                    if is_still_ready { TracedReadiness::Ready } else { TracedReadiness::Cleared };
                self.sources.cleared(source, direction, after, step);
            }
            Event::SourceAwaited { source, direction } => {
                let is_here = self.loop_thread() == Some(step.thread);
                let task = self.tasks.polled().filter(|_| is_here);
                self.sources.awaited(source, direction, task, step);
            }
            Event::SourceClosed { source } => self.sources.closed(source, step),
            _ => {}
        }
    }

    fn apply_job(&mut self, event: &Event, step: &mut Step<'_>) {
        match *event {
            Event::JobQueued { ref metadata } => {
                let is_open = self.shutdown() == ShutdownPhase::Open;
                step.must(is_open, || "a job is queued, but the pool is closed".into());
                self.jobs.queued(metadata, step);
            }
            Event::JobTaken { job, worker } => {
                self.jobs.move_on(job, [JobPhase::Queued, JobPhase::Running], "is taken", step);
                self.workers.job_taken(worker, job, step);
            }
            Event::JobEnded { job, worker } => {
                self.jobs.move_on(job, [JobPhase::Running, JobPhase::Ended], "ends", step);
                self.workers.job_ended(worker, job, step);
            }
            Event::JobDiscarded { job } => {
                let phases = [JobPhase::Queued, JobPhase::Discarded];
                self.jobs.move_on(job, phases, "is discarded", step);
            }
            Event::CancelRequested { job } => self.jobs.stop_requested(job, step),
            _ => {}
        }
    }

    fn apply_worker(&mut self, event: &Event, step: &mut Step<'_>) {
        match *event {
            Event::WorkerReserved { worker } => self.workers.reserved(worker, step),
            Event::WorkerRefused { worker } => self.workers.refused(worker, step),
            Event::WorkerStarted { worker } => self.workers.started(worker, step),
            Event::WorkerIdle { worker } => self.workers.idle(worker, step),
            Event::WorkerAssigned { worker } => self.workers.assigned(worker, step),
            Event::MonitorBegan { worker } => self.workers.monitor_began(worker, step),
            Event::MonitorEnded { worker } => self.workers.monitor_ended(worker, step),
            Event::WorkerRetired { worker } => self.workers.retired(worker, step),
            _ => {}
        }
    }

    fn apply_pool(&mut self, event: &Event, step: &mut Step<'_>) {
        match *event {
            Event::PoolCounts { threads, idle, busy, queued } => {
                let sample = PoolSample { threads, idle, busy, queued };
                self.workers.must_agree(sample, self.jobs.queue().len(), step);
            }
            Event::PoolClosed => self.workers.closed(step),
            Event::ShutdownWaits { running } => {
                let own = self.running_jobs();
                step.must_if_whole(own == running as usize, || {
                    format!("a shutdown waits for {running} jobs, but the trace has {own}")
                });
                self.workers.shutdown_goes_on(ShutdownPhase::Waits, step);
            }
            Event::ShutdownEnded { running } => {
                self.workers.shutdown_goes_on(ShutdownPhase::Ended { running }, step);
            }
            _ => {}
        }
    }
}
