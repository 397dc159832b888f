//! The survey: which tasks there are, and what each of them waits for. It costs nothing before it
//! is made.
//!
//! Everything for which a task can wait stores the task's waker: the timer queue, the sockets, the
//! completion cells of tasks and jobs. A survey visits these places, and finds the task behind each
//! waker in two ways:
//!
//! - A waker of a task of this loop has the address of that task's other wakers. This finds the
//!   task at once, without running anything.
//! - Any other waker may be that of a child in a group. It gets a [stand-in](stand_in), and the
//!   task behind it is found when it polls the child again. So a task that waits through a
//!   combinator with wakers of its own is polled once without need, which every future must
//!   tolerate.
//!
//! A waker that was not stored again after the last survey is not asked again: it belongs to
//! another loop or executor, or to a thread.

pub(crate) mod main_future;
pub(crate) mod questions;
mod stand_in;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::task::Waker;

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::metadata::{Id, Metadata};
use runtime_core::task_list::{ListedTask, TaskKind, TaskList, TaskState, Wait};

use self::stand_in::{Sightings, StandIn, WaitNumber};
use crate::scheduler::core::Core;

/// Receives each thing for which a task may wait, with the stored waker. See
/// [`AwaiterCell::visit_awaiter`](runtime_core::awaiter::AwaiterCell::visit_awaiter).
pub type VisitWaits<'a> = dyn FnMut(Wait, &mut Waker) + 'a;

/// The task that asks for the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// No task of the loop.
    Elsewhere,
    Task(Id),
    Main,
}

/// A list of tasks in the making.
pub(crate) struct Survey {
    tasks: Vec<ListedTask>,
    /// The waits whose tasks are not known yet. `None` once the task is known.
    open: Vec<(Option<Wait>, Weak<StandIn>)>,
    sightings: Arc<Sightings>,
}

/// A stand-in in the place of a waker. The weak reference keeps its address from being used again.
struct PlacedStandIn {
    data: *const (),
    stand_in: Weak<StandIn>,
}

std::thread_local! {
    /// The stand-ins that the surveys of this thread's loops have placed.
    static PLACED: RefCell<Vec<PlacedStandIn>> = const { RefCell::new(Vec::new()) };
}

/// A survey while it visits the stored wakers.
struct WakerVisit<'a> {
    survey: &'a mut Survey,
    /// The index of each task, by the address of its wakers.
    by_waker: HashMap<*const (), usize>,
    /// The stand-ins of earlier surveys, by address.
    placed: HashMap<*const (), Weak<StandIn>>,
}

impl Survey {
    /// Reads the tasks and their waits. Runs no foreign code except an observer.
    ///
    /// `visit_jobs` visits the wakers that the awaited jobs store.
    pub(crate) fn begin(
        core: &Core,
        asker: Asker,
        visit_jobs: impl FnOnce(&mut VisitWaits<'_>),
    ) -> Survey {
        let sightings = Sightings::new(&core.shared);
        let mut survey = Survey { tasks: Vec::new(), open: Vec::new(), sightings };
        let by_waker = survey.read_tasks(core, asker);
        let mut visit = WakerVisit { survey: &mut survey, by_waker, placed: placed() };
        visit.visit_all(core, visit_jobs);
        survey
    }

    /// Wakes the wakers whose tasks are not known.
    fn wake(&self) {
        for (_, stand_in) in &self.open {
            if let Some(stand_in) = stand_in.upgrade() {
                catch_panic(|| stand_in.wake_inner());
                drop_catching(stand_in);
            }
        }
    }

    /// Lists the tasks in their states, and returns the index of each by the address of its wakers.
    fn read_tasks(&mut self, core: &Core, asker: Asker) -> HashMap<*const (), usize> {
        let mut by_waker = HashMap::new();
        core.tasks.visit(|task| {
            by_waker.insert(task.waker_data(), self.tasks.len());
            let is_asking = asker == Asker::Task(task.metadata().id());
            let state = state(is_asking, task.is_woken());
            self.tasks.push(ListedTask::new(task.metadata().clone(), TaskKind::Spawned, state));
        });
        if let Some(main) = main_future::of_loop(&core.shared) {
            by_waker.insert(main.waker.data(), self.tasks.len());
            let state = state(asker == Asker::Main, main.waker.is_woken());
            self.tasks.push(ListedTask::new(main.metadata, TaskKind::Main, state));
        }
        let now = core.shared.clock.now();
        for task in &mut self.tasks {
            core.observe(|observer| {
                let Some(history) = observer.task_history(&task.metadata) else { return };
                task.polls = Some(history.polls);
                task.since_poll = Some(now.saturating_duration_since(history.polled_at));
            });
        }
        by_waker
    }

    /// Returns whether the loop must poll the tasks that were woken before the list can be made.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Makes the list, after the loop has polled the tasks that the survey has woken.
    pub(crate) fn finish(mut self) -> TaskList {
        for (_, stand_in) in &self.open {
            if let Some(stand_in) = stand_in.upgrade() {
                stand_in.leave(&self.sightings);
                drop_catching(stand_in);
            }
        }
        let index: HashMap<Option<Id>, usize> = self.tasks.iter().enumerate().map(key).collect();
        for (WaitNumber(number), task) in self.sightings.take() {
            // A task that began later may have replaced a stand-in, too.
            if let Some(&index) = index.get(&task)
                && let Some(wait) = self.open[number].0.take()
            {
                self.tasks[index].waits.push(wait);
            }
        }
        TaskList::new(self.tasks)
    }
}

/// The name under which a stand-in notes a task.
fn key((index, task): (usize, &ListedTask)) -> (Option<Id>, usize) {
    ((task.kind == TaskKind::Spawned).then(|| task.metadata.id()), index)
}

fn state(is_asking: bool, is_woken: bool) -> TaskState {
    match (is_asking, is_woken) {
        (true, _) => TaskState::Polling,
        (false, true) => TaskState::Ready,
        (false, false) => TaskState::Waiting,
    }
}

/// The stand-ins that are still in their places.
fn placed() -> HashMap<*const (), Weak<StandIn>> {
    let read = |placed: &RefCell<Vec<PlacedStandIn>>| {
        let mut placed = placed.borrow_mut();
        placed.retain(|placed| placed.stand_in.strong_count() > 0);
        placed.iter().map(|placed| (placed.data, Weak::clone(&placed.stand_in))).collect()
    };
    PLACED.try_with(read).unwrap_or_default()
}

/// Notes a new stand-in. The access fails only while the thread's locals are being destroyed.
fn note_placed(data: *const (), stand_in: Weak<StandIn>) {
    let _noted =
        PLACED.try_with(|placed| placed.borrow_mut().push(PlacedStandIn { data, stand_in }));
}

impl WakerVisit<'_> {
    fn visit_all(&mut self, core: &Core, visit_jobs: impl FnOnce(&mut VisitWaits<'_>)) {
        core.tasks.visit(|task| {
            let metadata: &Metadata = task.metadata();
            task.cell().visit_awaiter(&mut |waker| {
                self.visit(Wait::Task { task: metadata.clone() }, waker);
            });
        });
        let now = core.shared.clock.now();
        core.timers.borrow_mut().visit(&mut |deadline, waker| {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
            self.visit(Wait::Timer { left }, waker);
        });
        visit_jobs(&mut |wait, waker| self.visit(wait, waker));
        core.shared.reactor.visit_waiters(&mut |wait, waker| self.visit(wait, waker));
    }

    /// Adds a wait to the task with this waker, or leaves the wait open.
    fn visit(&mut self, wait: Wait, waker: &mut Waker) {
        let survey = &mut *self.survey;
        if let Some(&index) = self.by_waker.get(&waker.data()) {
            survey.tasks[index].waits.push(wait);
            return;
        }
        let placed = self.placed.get(&waker.data()).and_then(Weak::upgrade);
        let stand_in = placed.unwrap_or_else(|| {
            let stand_in = StandIn::replace(waker);
            note_placed(waker.data(), Arc::downgrade(&stand_in));
            stand_in
        });
        if stand_in.watch(WaitNumber(survey.open.len()), &survey.sightings) {
            survey.open.push((Some(wait), Arc::downgrade(&stand_in)));
        }
    }
}
