//! Models of the completion cell, `runtime_core::completion`, and of its reading end, `join`.
//!
//! Most of the cell's state is guarded by one mutex, which no mutation can weaken. Only the cell's
//! flags are mutated. The other mutants are small cells with a bug that the real cell must not
//! have, or programs that use the cell wrongly.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::park::Parker;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness};

use crate::drop_probe::{DropProbe, drop_probe};
use crate::model::{Model, Mutant};
use crate::threads::{block_on, join, spawn};

const COMPLETION: &str = "runtime-core/src/completion.rs";
const FINISHED: &str = "self.finished.store(true";
const IS_FINISHED: &str = "self.finished.load(";
const CANCEL: &str = "self.cancel_requested.swap(true";
const IS_CANCELLED: &str = "self.cancel_requested.load(";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "completion::the_last_waker_is_woken_and_the_result_is_there",
        bound: None,
        executions: 106,
        witnesses: &["ready at once", "at the second poll", "after a wake"],
        mutants: &[
            Mutant::body(
                "the result is checked under one lock, the waker stored under another",
                look_then_register,
            ),
            Mutant::lose(COMPLETION, FINISHED),
        ],
        body: the_last_waker_is_woken_and_the_result_is_there,
    },
    Model {
        name: "completion::is_finished_orders_the_work_of_the_producer",
        bound: None,
        executions: 6,
        witnesses: &["finished", "not yet"],
        mutants: &[Mutant::relaxed(COMPLETION, FINISHED), Mutant::relaxed(COMPLETION, IS_FINISHED)],
        body: is_finished_orders_the_work_of_the_producer,
    },
    Model {
        name: "completion::a_result_is_delivered_or_dropped_once",
        bound: None,
        executions: 20,
        witnesses: &["delivered", "dropped with the handle", "dropped by its producer"],
        mutants: &[Mutant::body("the handle forgets to close", the_handle_forgets_to_close)],
        body: a_result_is_delivered_or_dropped_once,
    },
    Model {
        name: "completion::a_cancel_wakes_the_producer_once_and_is_visible",
        bound: None,
        executions: 16,
        witnesses: &["the producer is woken", "finished first"],
        mutants: &[
            Mutant::lose(COMPLETION, CANCEL),
            Mutant::body("each cancel wakes the producer", each_cancel_wakes_the_producer),
        ],
        body: a_cancel_wakes_the_producer_once_and_is_visible,
    },
    Model {
        name: "completion::a_cancel_orders_what_came_before_it",
        bound: None,
        executions: 6,
        witnesses: &["requested", "not yet"],
        mutants: &[Mutant::relaxed(COMPLETION, CANCEL), Mutant::relaxed(COMPLETION, IS_CANCELLED)],
        body: a_cancel_orders_what_came_before_it,
    },
    Model {
        name: "completion::a_producer_that_is_set_late_sees_the_cancel",
        bound: None,
        executions: 86,
        witnesses: &["requested before", "woken later"],
        mutants: &[
            Mutant::lose(COMPLETION, CANCEL),
            Mutant::body(
                "the producer checks before it stores its waker",
                a_producer_checks_too_soon,
            ),
        ],
        body: a_producer_that_is_set_late_sees_the_cancel,
    },
    Model {
        name: "completion::a_cancel_reaches_the_producer_of_a_detached_cell",
        bound: None,
        executions: 144,
        witnesses: &["requested before the close", "requested later"],
        mutants: &[
            Mutant::lose(COMPLETION, CANCEL),
            Mutant::body("the close drops the producer's waker", the_close_drops_the_producer),
        ],
        body: a_cancel_reaches_the_producer_of_a_detached_cell,
    },
    Model {
        name: "completion::a_result_read_without_the_lock_is_whole",
        bound: None,
        executions: 6,
        witnesses: &["read"],
        mutants: &[Mutant::relaxed(COMPLETION, FINISHED)],
        body: a_result_read_without_the_lock_is_whole,
    },
    Model {
        name: "completion::a_cell_is_reused_only_after_its_reader_is_dropped",
        bound: None,
        executions: 58,
        witnesses: &["the same cell", "another cell"],
        mutants: &[Mutant::body("the cell is reused as soon as it is complete", reused_too_soon)],
        body: a_cell_is_reused_only_after_its_reader_is_dropped,
    },
];

fn cell<T>() -> (Arc<Completion<T>>, JoinHandle<T>) {
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    (Arc::clone(&cell), JoinHandle::new(cell))
}

/// A waker that records its name when it is woken.
struct Named(&'static str, Record<&'static str>);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.note(self.0);
    }
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// register‖complete. The reader polls with one waker, then with a second waker, and parks until
/// the second waker is woken. If the first waker were woken instead, the reader would sleep for
/// ever. (P18, P34)
fn the_last_waker_is_woken_and_the_result_is_there(witness: &'static Witness) {
    let (cell, mut handle) = cell();
    let producer = spawn(move || drop(cell.complete(Ok(7))));
    let woken = Record::new();
    let first = Waker::from(Arc::new(Named("first", woken.clone())));
    let mut how = "ready at once";
    let mut result = poll(&mut handle, &first);
    let parker = Arc::new(Parker::new());
    let second = Waker::from(Arc::clone(&parker));
    if result.is_pending() {
        how = "at the second poll";
        result = poll(&mut handle, &second);
    }
    if result.is_pending() {
        how = "after a wake";
        assert!(woken.is_empty(), "the first waker was replaced");
        let _ = parker.park(None);
        result = poll(&mut handle, &second);
    }
    witness.saw(how);
    let Poll::Ready(Ok(7)) = result else { panic!("woken without a result") };
    assert!(handle.is_finished());
    join(producer);
}

/// A cell that checks the result under one lock and stores the waker under another.
fn look_then_register(_: &'static Witness) {
    #[derive(Default)]
    struct Cell {
        result: Mutex<Option<u32>>,
        awaiter: Mutex<Option<Waker>>,
    }
    let cell = Arc::new(Cell::default());
    let completed = Arc::clone(&cell);
    let producer = spawn(move || {
        *completed.result.lock() = Some(7);
        let awaiter = completed.awaiter.lock().take();
        if let Some(awaiter) = awaiter {
            awaiter.wake();
        }
    });
    let parker = Arc::new(Parker::new());
    while cell.result.lock().is_none() {
        *cell.awaiter.lock() = Some(Waker::from(Arc::clone(&parker)));
        let _ = parker.park(None);
    }
    join(producer);
}

/// If `is_finished` returns true, the producer's work is visible, just as after an await.
fn is_finished_orders_the_work_of_the_producer(witness: &'static Witness) {
    let (cell, handle) = cell();
    let done = Arc::new(AtomicUsize::new(0));
    let work = Arc::clone(&done);
    let producer = spawn(move || {
        work.store(1, Ordering::Relaxed);
        let _ = cell.complete(Ok(()));
    });
    if handle.is_finished() {
        witness.saw("finished");
        assert_eq!(done.load(Ordering::Relaxed), 1);
    } else {
        witness.saw("not yet");
    }
    join(producer);
    block_on(handle).expect("it was completed");
}

/// complete‖drop of the handle, which closes the cell. The result is delivered or dropped, exactly
/// once. (P25, P27)
fn a_result_is_delivered_or_dropped_once(witness: &'static Witness) {
    let (cell, mut handle) = cell::<DropProbe>();
    let (value, drops) = drop_probe();
    let woken = Record::new();
    let notes = woken.clone();
    let producer = spawn(move || drop(cell.complete(Ok(value))));
    let waker = Waker::from(Arc::new(Named("the awaiter", notes)));
    if let Poll::Ready(result) = poll(&mut handle, &waker) {
        witness.saw("delivered");
        drops.assert_none();
        drop(handle);
        drop(result);
        drops.assert_one_here();
    } else {
        drop(handle);
        join(producer);
        witness.saw(if drops.were_here() {
            "dropped with the handle"
        } else {
            "dropped by its producer"
        });
        drops.assert_one();
        assert!(woken.len() <= 1);
        return;
    }
    join(producer);
}

fn the_handle_forgets_to_close(_: &'static Witness) {
    let (cell, handle) = cell::<DropProbe>();
    let (value, drops) = drop_probe();
    let kept = Arc::clone(&cell);
    let producer = spawn(move || drop(cell.complete(Ok(value))));
    std::mem::forget(handle);
    join(producer);
    drops.assert_one();
    drop(kept);
}

/// cancel‖cancel‖complete: the producer's waker is woken once, or returned to the producer.
fn a_cancel_wakes_the_producer_once_and_is_visible(witness: &'static Witness) {
    let woken = Record::new();
    let waker = Waker::from(Arc::new(Named("producer", woken.clone())));
    let cell = Arc::new(Completion::<()>::new(Metadata::here(), Some(waker)));
    let handle = JoinHandle::new(Arc::clone(&cell));
    let other = Arc::clone(&cell);
    let canceller = spawn(move || other.cancel());
    handle.abort();
    // When `abort` returns, the request is visible, whichever of the two threads made the request.
    assert!(cell.is_cancel_requested());
    let back = cell.complete(Err(JoinError::cancelled(cell.metadata().clone())));
    join(canceller);
    assert_eq!(usize::from(back.is_some()) + woken.len(), 1, "the waker is woken, or returned");
    witness.saw(if back.is_some() { "finished first" } else { "the producer is woken" });
}

fn each_cancel_wakes_the_producer(_: &'static Witness) {
    let woken = Record::new();
    let notes = woken.clone();
    let producer = Arc::new(Mutex::new(Waker::from(Arc::new(Named("producer", notes)))));
    let other = Arc::clone(&producer);
    let canceller = spawn(move || other.lock().wake_by_ref());
    producer.lock().wake_by_ref();
    join(canceller);
    assert_eq!(woken.len(), 1);
}

/// The producer may find the request before it is woken. It then sees everything that the aborting
/// thread wrote before the request.
fn a_cancel_orders_what_came_before_it(witness: &'static Witness) {
    let (cell, handle) = cell::<()>();
    let done = Arc::new(AtomicUsize::new(0));
    let work = Arc::clone(&done);
    let aborter = spawn(move || {
        work.store(1, Ordering::Relaxed);
        handle.abort();
    });
    if cell.is_cancel_requested() {
        witness.saw("requested");
        assert_eq!(done.load(Ordering::Relaxed), 1);
    } else {
        witness.saw("not yet");
    }
    join(aborter);
}

/// A task spawned from another thread, or a job, stores its waker in the cell after the handle was
/// returned. If the abort came before that, the producer's next check finds the request; if it came
/// later, the abort wakes the producer.
fn a_producer_that_is_set_late_sees_the_cancel(witness: &'static Witness) {
    let (cell, handle) = cell::<()>();
    let aborter = spawn(move || handle.abort());
    let parker = Arc::new(Parker::new());
    cell.set_producer(Waker::from(Arc::clone(&parker)));
    if cell.is_cancel_requested() {
        witness.saw("requested before");
    } else {
        let _ = parker.park(None);
        assert!(cell.is_cancel_requested(), "woken without a request");
        witness.saw("woken later");
    }
    join(aborter);
}

fn a_producer_checks_too_soon(_: &'static Witness) {
    let (cell, handle) = cell::<()>();
    let aborter = spawn(move || handle.abort());
    let parker = Arc::new(Parker::new());
    let requested = cell.is_cancel_requested();
    cell.set_producer(Waker::from(Arc::clone(&parker)));
    if !requested {
        let _ = parker.park(None);
    }
    join(aborter);
}

/// close‖cancel: an abort handle cancels a task whose handle is dropped at the same time. The task
/// is woken in both orders.
fn a_cancel_reaches_the_producer_of_a_detached_cell(witness: &'static Witness) {
    let (cell, handle) = cell::<()>();
    let parker = Arc::new(Parker::new());
    cell.set_producer(Waker::from(Arc::clone(&parker)));
    let abort = handle.abort_handle();
    let aborter = spawn(move || abort.abort());
    let is_requested = cell.is_cancel_requested();
    witness.saw(if is_requested { "requested before the close" } else { "requested later" });
    drop(handle);
    let _ = parker.park(None);
    assert!(cell.is_cancel_requested(), "woken without a request");
    join(aborter);
}

fn the_close_drops_the_producer(_: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let producer = Arc::new(Mutex::new(Some(Waker::from(Arc::clone(&parker)))));
    let other = Arc::clone(&producer);
    let aborter = spawn(move || {
        let producer = other.lock().take();
        if let Some(producer) = producer {
            producer.wake();
        }
    });
    drop(producer.lock().take());
    let _ = parker.park(None);
    join(aborter);
}

/// The reader takes no lock if it is the last owner of the cell. It sees the result and the
/// producer's work just as with the lock.
fn a_result_read_without_the_lock_is_whole(witness: &'static Witness) {
    let (cell, mut handle) = cell();
    let done = Arc::new(AtomicUsize::new(0));
    let work = Arc::clone(&done);
    let producer = spawn(move || {
        work.store(1, Ordering::Relaxed);
        let _ = cell.complete(Ok(()));
    });
    if handle.is_finished() {
        let Poll::Ready(Ok(())) = poll(&mut handle, Waker::noop()) else { panic!("finished") };
        assert_eq!(done.load(Ordering::Relaxed), 1);
        witness.saw("read");
    }
    join(producer);
}

/// The box of a finished task keeps the cell. The next task in the box reuses the cell if the
/// reader, on another thread, has dropped its handle. Each reader gets the result of its own task.
fn a_cell_is_reused_only_after_its_reader_is_dropped(witness: &'static Witness) {
    let (mut kept, handle) = cell();
    let reader = spawn(move || assert!(matches!(block_on(handle), Ok(1))));
    let _ = kept.complete(Ok(1));
    let next = Completion::new(Metadata::here(), None);
    // The handle that the reader awaits may be dropped here.
    assert!(kept.is_finished());
    match Arc::get_mut(&mut kept) {
        Some(left) => {
            witness.saw("the same cell");
            *left = next;
        }
        None => {
            witness.saw("another cell");
            kept = Arc::new(next);
        }
    }
    let mut second = JoinHandle::new(Arc::clone(&kept));
    assert!(poll(&mut second, Waker::noop()).is_pending(), "nothing is left of the first task");
    let _ = kept.complete(Ok(2));
    assert!(matches!(block_on(second), Ok(2)));
    join(reader);
}

/// The same program with a cell that is reused before its reader is dropped.
fn reused_too_soon(_: &'static Witness) {
    let kept = Arc::new(Mutex::new(None));
    let read = Arc::clone(&kept);
    *kept.lock() = Some(1);
    let reader = spawn(move || assert_eq!(read.lock().take(), Some(1)));
    *kept.lock() = Some(2);
    join(reader);
}
