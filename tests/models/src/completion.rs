//! The completion cell: `runtime_core::completion`, and `join`, its reading end.
//!
//! Most of it is one mutex, which no mutant can break; its mutants are small cells with the bug
//! that the real one must not have, or programs that break the rule told beside them.

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
        executions: 218,
        witnesses: &["ready at once", "at the second poll", "after a wake"],
        mutants: &[
            Mutant::body("the waker is replaced between a look and the store", look_then_register),
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
        executions: 43,
        witnesses: &["delivered", "dropped with the handle", "dropped by its producer"],
        mutants: &[Mutant::body("the handle forgets to close", the_handle_forgets_to_close)],
        body: a_result_is_delivered_or_dropped_once,
    },
    Model {
        name: "completion::a_cancel_wakes_the_producer_once_and_is_visible",
        bound: None,
        executions: 16,
        witnesses: &["asked", "finished first"],
        mutants: &[
            Mutant::lose(COMPLETION, CANCEL),
            Mutant::body("each asker wakes the producer", each_asker_wakes_the_producer),
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
            Mutant::body("it looks before it names its waker", a_producer_looks_too_soon),
        ],
        body: a_producer_that_is_set_late_sees_the_cancel,
    },
    Model {
        name: "completion::a_result_read_without_the_lock_is_whole",
        bound: None,
        executions: 6,
        witnesses: &["taken alone or not, it is whole"],
        mutants: &[Mutant::relaxed(COMPLETION, FINISHED)],
        body: a_result_read_without_the_lock_is_whole,
    },
    Model {
        name: "completion::a_cell_is_reused_only_after_its_reader_is_dropped",
        bound: None,
        executions: 150,
        witnesses: &["the same cell", "another cell"],
        mutants: &[Mutant::body("it is used again as soon as it is complete", used_again_too_soon)],
        body: a_cell_is_reused_only_after_its_reader_is_dropped,
    },
];

fn cell<T>() -> (Arc<Completion<T>>, JoinHandle<T>) {
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    (Arc::clone(&cell), JoinHandle::new(cell))
}

/// A waker that notes its name when it is woken.
struct Named(&'static str, Record<&'static str>);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.note(self.0);
    }
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// register‖complete. The reader polls by one waker, then by another, and sleeps until the second
/// is woken; were the first woken in its place, it would sleep for ever. (P18, P34)
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
        assert!(woken.is_empty(), "the first waker was given up");
        let _ = parker.park(None);
        result = poll(&mut handle, &second);
    }
    witness.saw(how);
    let Poll::Ready(Ok(7)) = result else { panic!("woken for no result") };
    assert!(handle.is_finished());
    join(producer);
}

/// A cell that is looked at under one lock and registered with under another.
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

/// `is_finished` promises as much as an await: who sees it true sees what the producer did.
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

/// complete‖drop of the handle, which lets go of the cell at the same time. (P25, P27)
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

/// cancel‖cancel‖complete: the producer's waker is woken once, or comes back to the producer.
fn a_cancel_wakes_the_producer_once_and_is_visible(witness: &'static Witness) {
    let asked = Record::new();
    let waker = Waker::from(Arc::new(Named("producer", asked.clone())));
    let cell = Arc::new(Completion::<()>::new(Metadata::here(), Some(waker)));
    let handle = JoinHandle::new(Arc::clone(&cell));
    let other = Arc::clone(&cell);
    let asker = spawn(move || other.cancel());
    handle.abort();
    // The request is there when the call returns, whoever made it.
    assert!(cell.is_cancel_requested());
    let back = cell.complete(Err(JoinError::cancelled(cell.metadata().clone())));
    join(asker);
    assert_eq!(usize::from(back.is_some()) + asked.len(), 1, "it is woken, or comes back");
    witness.saw(if back.is_some() { "finished first" } else { "asked" });
}

fn each_asker_wakes_the_producer(_: &'static Witness) {
    let asked = Record::new();
    let notes = asked.clone();
    let producer = Arc::new(Mutex::new(Waker::from(Arc::new(Named("producer", notes)))));
    let other = Arc::clone(&producer);
    let asker = spawn(move || other.lock().wake_by_ref());
    producer.lock().wake_by_ref();
    join(asker);
    assert_eq!(asked.len(), 1);
}

/// What the aborter did before is visible to a producer that sees the request at its own look,
/// before the wake comes.
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

/// A task spawned from elsewhere, or a job, gives the cell its waker after the handle is out. It
/// looks for a request afterwards, or is woken by it.
fn a_producer_that_is_set_late_sees_the_cancel(witness: &'static Witness) {
    let (cell, handle) = cell::<()>();
    let aborter = spawn(move || handle.abort());
    let parker = Arc::new(Parker::new());
    cell.set_producer(Waker::from(Arc::clone(&parker)));
    if cell.is_cancel_requested() {
        witness.saw("requested before");
    } else {
        let _ = parker.park(None);
        assert!(cell.is_cancel_requested(), "woken for no request");
        witness.saw("woken later");
    }
    join(aborter);
}

fn a_producer_looks_too_soon(_: &'static Witness) {
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

/// The reader may find the result with no other at the cell, and then takes no lock. Result and
/// producer's work are as visible as by the lock.
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
        witness.saw("taken alone or not, it is whole");
    }
    join(producer);
}

/// A finished task's box keeps the cell, and the next task in it makes the cell wait again if the
/// reader on another thread has let go of it. Each reader gets what its own task completed.
fn a_cell_is_reused_only_after_its_reader_is_dropped(witness: &'static Witness) {
    let (mut kept, handle) = cell();
    let reader = spawn(move || assert!(matches!(block_on(handle), Ok(1))));
    let _ = kept.complete(Ok(1));
    let next = Completion::new(Metadata::here(), None);
    // A moment for the reader to go.
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

/// The same with a cell that can be made to wait again while its reader is there.
fn used_again_too_soon(_: &'static Witness) {
    let kept = Arc::new(Mutex::new(None));
    let read = Arc::clone(&kept);
    *kept.lock() = Some(1);
    let reader = spawn(move || assert_eq!(read.lock().take(), Some(1)));
    *kept.lock() = Some(2);
    join(reader);
}
