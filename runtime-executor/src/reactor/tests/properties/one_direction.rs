//! One direction of one source: its readiness is checked, cleared and set, and tasks wait for it.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::{WakeCount, cases, counting_waker, readable, registered_source, steps};
use crate::reactor::readiness::Tick;
use crate::reactor::selector::{Direction, ReadinessEvent, Token};
use crate::reactor::source::{CannotWait, IoSource, SelectorError};
use crate::reactor::waiters::WaiterSlot;

/// One task uses the shared slot, and two tasks have slots of their own.
const TASKS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum DirectionStep {
    Poll(usize, PollFor),
    /// The task's operation returned `WouldBlock` for the tick that it saw last.
    Clear(usize),
    /// The task's transfer was short.
    ClearAfterShortTransfer(usize),
    Release(usize),
    SetReady(Report),
    /// The selector begins to fail.
    Fail,
    Recover,
    ShutDown,
}

/// The purpose of a poll.
#[derive(Clone, Copy, Debug)]
enum PollFor {
    Operation,
    Readiness,
}

/// The content of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    DataAlone,
    DataAndMore,
}

impl Report {
    fn event(self) -> ReadinessEvent {
        ReadinessEvent { beyond_data: self == Report::DataAndMore, ..readable(Token(0)) }
    }
}

fn step() -> impl Strategy<Value = DirectionStep> {
    prop_oneof![
        25 => (0..TASKS).prop_map(|task| DirectionStep::Poll(task, PollFor::Operation)),
        15 => (0..TASKS).prop_map(|task| DirectionStep::Poll(task, PollFor::Readiness)),
        10 => (0..TASKS).prop_map(DirectionStep::Clear),
        10 => (0..TASKS).prop_map(DirectionStep::ClearAfterShortTransfer),
        5 => (0..TASKS).prop_map(DirectionStep::Release),
        26 => Just(DirectionStep::SetReady(Report::DataAlone)),
        8 => Just(DirectionStep::SetReady(Report::DataAndMore)),
        3 => Just(DirectionStep::Fail),
        5 => Just(DirectionStep::Recover),
        1 => Just(DirectionStep::ShutDown),
    ]
}

/// A task that uses the source.
struct UserTask {
    slot: WaiterSlot,
    waker: (Arc<WakeCount>, Waker),
    /// The task's last view: the tick, the number of events up to that tick, and the content of
    /// the event that set the tick.
    seen: Option<(Tick, usize, Report)>,
    /// The task's number of wakes at the moment when the task last found the direction not ready.
    waits: Option<usize>,
}

impl UserTask {
    fn new(slot: WaiterSlot) -> UserTask {
        UserTask { slot, waker: counting_waker(), seen: None, waits: None }
    }
}

/// The expected state of the direction.
struct ExpectedReadiness {
    ready: bool,
    events: usize,
    last: Report,
    failure: Option<SelectorError>,
    shut_down: bool,
}

struct OneDirection {
    source: IoSource,
    expected: ExpectedReadiness,
    tasks: [UserTask; TASKS],
}

impl OneDirection {
    fn new() -> OneDirection {
        let last = Report::DataAlone;
        OneDirection {
            source: registered_source(),
            expected: ExpectedReadiness {
                ready: true,
                events: 0,
                last,
                failure: None,
                shut_down: false,
            },
            tasks: [WaiterSlot::Shared, WaiterSlot::Own(None), WaiterSlot::Own(None)]
                .map(UserTask::new),
        }
    }

    fn run(&mut self, step: DirectionStep) -> Result<(), TestCaseError> {
        match step {
            DirectionStep::Poll(task, wanted) => self.poll(task, wanted),
            DirectionStep::Clear(task) => {
                self.clear(task);
                Ok(())
            }
            DirectionStep::ClearAfterShortTransfer(task) => {
                self.clear_after_short_transfer(task);
                Ok(())
            }
            DirectionStep::Release(task) => {
                self.source.release(Direction::Read, &mut self.tasks[task].slot);
                Ok(())
            }
            DirectionStep::SetReady(report) => {
                self.wake(|source, woken| source.set_ready(&report.event(), woken));
                self.expected.ready = true;
                self.expected.last = report;
                self.expected.events += 1;
                self.all_are_woken()
            }
            DirectionStep::Fail => {
                let error = SelectorError::of(&io::Error::from_raw_os_error(12));
                self.wake(|source, woken| source.fail(error, woken));
                self.expected.failure = Some(error);
                self.all_are_woken()
            }
            DirectionStep::Recover => {
                self.source.recover();
                self.expected.failure = None;
                Ok(())
            }
            DirectionStep::ShutDown => {
                self.wake(IoSource::shut_down);
                self.expected.shut_down = true;
                self.all_are_woken()
            }
        }
    }

    fn wake(&self, take_wakers: impl FnOnce(&IoSource, &mut Vec<Waker>)) {
        let mut woken = Vec::new();
        take_wakers(&self.source, &mut woken);
        woken.into_iter().for_each(Waker::wake);
    }

    fn poll(&mut self, task: usize, wanted: PollFor) -> Result<(), TestCaseError> {
        let OneDirection { source, expected, tasks } = self;
        let task = &mut tasks[task];
        let waker = task.waker.1.clone();
        task.waits = None;
        let mut cx = Context::from_waker(&waker);
        let (polled, is_ready) = match wanted {
            PollFor::Operation => {
                (source.poll(Direction::Read, &mut task.slot, &mut cx), expected.ready)
            }
            // A direction without an event is only assumed to be ready.
            PollFor::Readiness => (
                source.poll_reported(Direction::Read, &mut task.slot, &mut cx),
                expected.ready && expected.events > 0,
            ),
        };
        match polled {
            Poll::Ready(Err(CannotWait::ReactorGone)) => prop_assert!(expected.shut_down),
            Poll::Ready(Err(CannotWait::Unregistered)) => {
                return Err(TestCaseError::fail("it is registered for both directions"));
            }
            Poll::Ready(Err(CannotWait::SelectorFails(error))) => {
                prop_assert!(!is_ready && !expected.shut_down);
                prop_assert_eq!(Some(error), expected.failure);
            }
            Poll::Ready(Ok(tick)) => {
                prop_assert!(is_ready && !expected.shut_down);
                task.seen = Some((tick, expected.events, expected.last));
            }
            Poll::Pending => {
                prop_assert!(!is_ready && !expected.shut_down && expected.failure.is_none());
                task.waits = Some(task.waker.0.get());
            }
        }
        Ok(())
    }

    /// Clears the tick that was seen, and no later one.
    fn clear(&mut self, task: usize) {
        if let Some((tick, events, _)) = self.tasks[task].seen.take() {
            self.source.clear(Direction::Read, tick);
            self.expected.ready &= self.expected.events != events;
        }
    }

    /// Clears the tick that was seen if it reported data alone.
    fn clear_after_short_transfer(&mut self, task: usize) {
        if let Some((tick, events, last)) = self.tasks[task].seen.take() {
            self.source.clear_after_short_transfer(Direction::Read, tick);
            self.expected.ready &= self.expected.events != events || last == Report::DataAndMore;
        }
    }

    /// Checks that each waiting task has been woken once, except tasks that have released their
    /// slots.
    fn all_are_woken(&mut self) -> Result<(), TestCaseError> {
        for task in &mut self.tasks {
            let Some(wakes) = task.waits.take() else { continue };
            let has_released = matches!(task.slot, WaiterSlot::Own(None));
            prop_assert!(has_released || task.waker.0.get() == wakes + 1);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    /// P66, P68, P118: no task clears an event that it has not seen, and the next event wakes each
    /// waiting task.
    #[test]
    fn readiness_does_what_its_reference_does(steps in steps(step(), 60)) {
        let mut direction = OneDirection::new();
        for step in steps {
            direction.run(step)?;
        }
    }
}
