//! Models of the list of tasks: `runtime_executor`'s `survey`, which replaces stored wakers.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use runtime_core::awaiter::AwaiterCell;
use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::park::Parker;
use runtime_core::sync::Mutex;
use runtime_core::sync::explore::Witness;
use runtime_core::task_list::{JobStage, Wait};
use runtime_executor::{Config, EventLoop, VisitWaits};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

pub(crate) const MODELS: &[Model] = &[Model {
    name: "survey::a_job_that_ends_during_a_question_wakes_its_task",
    bound: Some(3),
    executions: 1_284,
    witnesses: &["listed", "not listed"],
    mutants: &[
        Mutant::body("a waker is taken under one lock, and put back under another", two_locks),
        Mutant::body("a stand-in forwards no wake", a_stand_in_forwards_nothing),
    ],
    body: a_job_that_ends_during_a_question_wakes_its_task,
}];

/// The waker of a child in a group: it leads to the task only when it is woken.
struct ChildOf(Waker);

impl Wake for ChildOf {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}

/// complete‖question. The main future awaits a result through a waker of its own, and asks for the
/// list of tasks. Another thread completes the cell meanwhile. The future is woken and gets the
/// result, whichever waker is in the cell. (P90)
fn a_job_that_ends_during_a_question_wakes_its_task(witness: &'static Witness) {
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    let mut handle = JoinHandle::new(Arc::clone(&cell));
    let completed = Arc::clone(&cell);
    let event_loop = EventLoop::new(Config::default());
    let asked = event_loop.handle();
    let producer = spawn(move || drop(completed.complete(Ok(7))));
    event_loop.block_on(async {
        let visit_jobs = move |visit: &mut VisitWaits<'_>| {
            cell.visit_awaiter(&mut |waker| {
                let (job, stage) = (cell.metadata().clone(), JobStage::Queued { ahead: 0 });
                visit(Wait::Job { job, stage }, waker);
            });
        };
        let mut list = pin!(asked.task_list(visit_jobs));
        let (mut result, mut waits) = (None, None);
        poll_fn(|cx| {
            if result.is_none() {
                let child = Waker::from(Arc::new(ChildOf(cx.waker().clone())));
                let polled = Pin::new(&mut handle).poll(&mut Context::from_waker(&child));
                result = result_of(polled);
            }
            if waits.is_none()
                && let Poll::Ready(list) = list.as_mut().poll(cx)
            {
                let list = list.expect("the loop is turning");
                waits = list.main().map(|main| main.waits.len());
            }
            if result.is_some() && waits.is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!(result, Some(7));
        let is_listed = waits.expect("the main future is listed") > 0;
        witness.saw(if is_listed { "listed" } else { "not listed" });
    });
    join(producer);
}

fn result_of<E: std::fmt::Debug>(polled: Poll<Result<u32, E>>) -> Option<u32> {
    match polled {
        Poll::Ready(result) => Some(result.expect("the cell is completed with a value")),
        Poll::Pending => None,
    }
}

/// A cell with one lock, as a survey would wrongly use it.
#[derive(Default)]
struct Cell {
    result: Option<u32>,
    awaiter: Option<Waker>,
}

/// Completes the cell on another thread, while `replace` replaces its waker. Parks if the result
/// was not there before.
fn complete_while(replace: impl FnOnce(&Mutex<Cell>)) {
    let cell = Arc::new(Mutex::new(Cell::default()));
    let parker = Arc::new(Parker::new());
    cell.lock().awaiter = Some(Waker::from(Arc::clone(&parker)));
    let completed = Arc::clone(&cell);
    let producer = spawn(move || {
        let mut cell = completed.lock();
        cell.result = Some(7);
        let awaiter = cell.awaiter.take();
        drop(cell);
        if let Some(awaiter) = awaiter {
            awaiter.wake();
        }
    });
    // As in a poll: once the result is missing, only the stored waker ends the sleep.
    let is_pending = cell.lock().result.is_none();
    replace(&cell);
    if is_pending {
        let _ = parker.park(None);
    }
    join(producer);
}

fn two_locks(_: &'static Witness) {
    complete_while(|cell| {
        let awaiter = cell.lock().awaiter.take();
        if let Some(awaiter) = awaiter {
            cell.lock().awaiter = Some(Waker::from(Arc::new(ChildOf(awaiter))));
        }
    });
}

fn a_stand_in_forwards_nothing(_: &'static Witness) {
    complete_while(|cell| {
        if let Some(awaiter) = &mut cell.lock().awaiter {
            *awaiter = Waker::noop().clone();
        }
    });
}
