//! Models of the sync facade: mutexes, atomics and thread-locals.
//!
//! The model side of the facade must keep the promises of the native side, and it must not promise
//! more. If it were stronger than the native side, no model of a protocol would prove anything
//! about the code that ships. Several mutants, here and in [`channel`](crate::channel) and
//! [`parking`](crate::parking), are therefore programs that pass only if the model side is too
//! strong.

use std::cell::Cell;
use std::sync::Arc;

use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::Witness;

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const HERE: &str = "tests/models/src/facade.rs";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "facade::a_mutex_excludes_and_orders",
        bound: None,
        executions: 6,
        witnesses: &[],
        mutants: &[Mutant::body("two mutexes", |_| {
            count_under(Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        })],
        body: |_| {
            let mutex = Arc::new(Mutex::new(()));
            count_under(Arc::clone(&mutex), mutex);
        },
    },
    Model {
        name: "facade::a_read_modify_write_is_one_step",
        bound: None,
        executions: 4,
        witnesses: &[],
        mutants: &[Mutant::split(HERE, "counter.fetch_add(1")],
        body: a_read_modify_write_is_one_step,
    },
    Model {
        name: "facade::a_released_store_is_a_publication",
        bound: None,
        executions: 6,
        witnesses: &["published", "not yet"],
        mutants: &[
            Mutant::relaxed(HERE, "flag.store(1, Ordering::Release)"),
            Mutant::relaxed(HERE, "flag.load(Ordering::Acquire)"),
        ],
        body: a_released_store_is_a_publication,
    },
    Model {
        name: "facade::a_load_hides_no_later_write",
        bound: None,
        executions: 11,
        witnesses: &["the write came first", "the write came later"],
        mutants: &[],
        body: a_load_hides_no_later_write,
    },
    Model {
        name: "facade::each_thread_has_its_own_locals",
        bound: None,
        executions: 1,
        witnesses: &[],
        mutants: &[],
        body: each_thread_has_its_own_locals,
    },
];

/// Two threads count to two. Each adds one by a load and a store. Only a mutex makes this load and
/// this store a single step.
fn count_under(mine: Arc<Mutex<()>>, others: Arc<Mutex<()>>) {
    fn count(mutex: &Mutex<()>, counter: &AtomicUsize) {
        let guard = mutex.lock();
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        drop(guard);
    }
    let counter = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&counter);
    let thread = spawn(move || count(&others, &other));
    count(&mine, &counter);
    join(thread);
    assert_eq!(counter.load(Ordering::Relaxed), 2);
}

fn a_read_modify_write_is_one_step(_: &'static Witness) {
    fn count(counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
    let counter = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&counter);
    let thread = spawn(move || count(&other));
    count(&counter);
    join(thread);
    assert_eq!(counter.load(Ordering::Relaxed), 2);
}

fn a_released_store_is_a_publication(witness: &'static Witness) {
    let data = Arc::new(AtomicUsize::new(0));
    let flag = Arc::new(AtomicUsize::new(0));
    let writer = spawn({
        let (data, flag) = (Arc::clone(&data), Arc::clone(&flag));
        move || {
            data.store(1, Ordering::Relaxed);
            flag.store(1, Ordering::Release);
        }
    });
    if flag.load(Ordering::Acquire) == 1 {
        witness.saw("published");
        assert_eq!(data.load(Ordering::Relaxed), 1);
    } else {
        witness.saw("not yet");
    }
    join(writer);
}

/// The case of loom#392. The facade's `atomic` module gives each atomic a second word. Without that
/// word, the writer's own load would hide from loom that the writer's store races with the other
/// thread's load.
fn a_load_hides_no_later_write(witness: &'static Witness) {
    let word = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&word);
    let writer = spawn(move || {
        let _unused = other.load(Ordering::Relaxed);
        other.store(1, Ordering::Relaxed);
    });
    match word.load(Ordering::Relaxed) {
        0 => witness.saw("the write came later"),
        _ => witness.saw("the write came first"),
    }
    join(writer);
}

runtime_core::sync::thread_local_const! {
    static COUNT: Cell<usize> = Cell::new(0)
}

fn each_thread_has_its_own_locals(_: &'static Witness) {
    fn count() -> usize {
        COUNT.with(|count| count.replace(count.get() + 1))
    }
    assert_eq!(count(), 0, "the value of the last execution was dropped");
    let other = spawn(|| assert_eq!((count(), count()), (0, 1)));
    assert_eq!(count(), 1);
    join(other);
    assert_eq!(count(), 2);
}
