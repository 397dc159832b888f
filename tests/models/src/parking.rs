//! Models of the facade's parking: tokens, timed waits, and the effects of the injector.

use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread;
use runtime_core::sync::{Mutex, injector};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const HERE: &str = "tests/models/src/parking.rs";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "parking::an_unpark_ends_the_park_and_orders",
        bound: None,
        executions: 6,
        witnesses: &[],
        mutants: &[Mutant::lose(HERE, "sleeper.unpark(); // after the store")],
        body: an_unpark_ends_the_park_and_orders,
    },
    Model {
        name: "parking::a_token_waits_for_its_park",
        bound: None,
        executions: 1,
        witnesses: &[],
        mutants: &[
            Mutant::lose(HERE, "me.unpark()").nth(1),
            Mutant::lose(HERE, "me.unpark()").nth(2),
            Mutant::body("two tokens wait", |_| {
                thread::current().unpark();
                thread::current().unpark();
                thread::park();
                thread::park();
            }),
        ],
        body: |_| {
            let me = thread::current();
            me.unpark();
            thread::park();
            join(spawn(move || me.unpark()));
            thread::park();
        },
    },
    Model {
        name: "parking::an_unpark_does_not_release_a_thread_that_waits_for_a_mutex",
        bound: None,
        executions: 14,
        witnesses: &[],
        mutants: &[],
        body: an_unpark_does_not_release_a_thread_that_waits_for_a_mutex,
    },
    Model {
        name: "parking::each_unpark_orders_before_the_park_it_ends",
        bound: None,
        executions: 1_654,
        witnesses: &["one", "the other", "both"],
        mutants: &[Mutant::body("unparks order each other", unparks_order_each_other)],
        body: each_unpark_orders_before_the_park_it_ends,
    },
    Model {
        name: "parking::a_timed_wait_is_woken_or_expires",
        bound: None,
        executions: 257,
        witnesses: &["expired before it began", "expired", "woken"],
        mutants: &[Mutant::body("an untimed wait expires", |_| {
            let _injector = injector::start(injector::expire);
            thread::park();
        })],
        body: a_timed_wait_is_woken_or_expires,
    },
    Model {
        name: "parking::a_passed_deadline_leaves_the_token",
        bound: None,
        executions: 9,
        witnesses: &["passed", "woken"],
        mutants: &[Mutant::body("a passed deadline orders", a_passed_deadline_orders)],
        body: a_passed_deadline_leaves_the_token,
    },
    Model {
        name: "parking::a_passed_deadline_stays_passed",
        bound: None,
        executions: 6,
        witnesses: &[],
        mutants: &[Mutant::body("a later deadline has passed too", |_| {
            let _injector = injector::start(injector::expire);
            let deadline = some_deadline();
            while !thread::park_until(deadline) {}
            let _asleep = thread::park_until(deadline + Duration::from_secs(1));
        })],
        body: a_passed_deadline_stays_passed,
    },
    Model {
        name: "parking::a_sleeper_may_wake_spuriously",
        bound: None,
        executions: 548,
        witnesses: &["spuriously", "by the unpark"],
        mutants: &[Mutant::body("every wake-up is taken for an unpark", every_wake_up_counts)],
        body: a_sleeper_may_wake_spuriously,
    },
    Model {
        name: "parking::the_refused_start_is_the_one_named",
        bound: None,
        executions: 7,
        witnesses: &["the first thread's", "the other's"],
        mutants: &[],
        body: the_refused_start_is_the_one_named,
    },
];

/// Returns a deadline. Its value does not matter: in a model, a deadline passes when the injector
/// lets time pass.
fn some_deadline() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

fn word() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

fn an_unpark_ends_the_park_and_orders(_: &'static Witness) {
    let data = word();
    let sleeper = thread::current();
    let other = Arc::clone(&data);
    let waker = spawn(move || {
        other.store(1, Ordering::Relaxed);
        sleeper.unpark(); // after the store
    });
    thread::park();
    assert_eq!(data.load(Ordering::Relaxed), 1);
    join(waker);
}

fn an_unpark_does_not_release_a_thread_that_waits_for_a_mutex(_: &'static Witness) {
    let mutex = Arc::new(Mutex::new(0));
    let me = thread::current();
    let other = Arc::clone(&mutex);
    let waker = spawn(move || {
        let mut count = other.lock();
        me.unpark();
        *count += 1;
    });
    *mutex.lock() += 1;
    thread::park();
    join(waker);
    assert_eq!(*mutex.lock(), 2);
}

fn each_unpark_orders_before_the_park_it_ends(witness: &'static Witness) {
    let data = [word(), word()];
    let wakers = data.clone().map(|data| {
        let sleeper = thread::current();
        spawn(move || {
            data.store(1, Ordering::Relaxed);
            sleeper.unpark();
        })
    });
    thread::park();
    match data.map(|data| data.load(Ordering::Relaxed)) {
        [1, 0] => witness.saw("one"),
        [0, 1] => witness.saw("the other"),
        [1, 1] => witness.saw("both"),
        none => panic!("woken without data: {none:?}"),
    }
    wakers.into_iter().for_each(join);
}

/// The second thread learns by a relaxed load, which orders nothing, that the first thread has
/// unparked the sleeper. After its own unpark it must see what the first thread wrote before.
fn unparks_order_each_other(_: &'static Witness) {
    let (data, unparked) = (word(), word());
    let sleeper = thread::current();
    let first = spawn({
        let (data, unparked, sleeper) = (Arc::clone(&data), Arc::clone(&unparked), sleeper.clone());
        move || {
            data.store(1, Ordering::Relaxed);
            sleeper.unpark();
            unparked.store(1, Ordering::Relaxed);
        }
    });
    let second = spawn(move || {
        if unparked.load(Ordering::Relaxed) == 1 {
            sleeper.unpark();
            assert_eq!(data.load(Ordering::Relaxed), 1);
        }
    });
    thread::park();
    join(first);
    join(second);
}

fn a_timed_wait_is_woken_or_expires(witness: &'static Witness) {
    let injector = injector::start(injector::expire);
    let data = word();
    let sleeper = thread::current();
    let other = Arc::clone(&data);
    let waker = spawn(move || {
        other.store(1, Ordering::Relaxed);
        sleeper.unpark();
    });
    let deadline = some_deadline();
    let mut waits = 0;
    while !thread::park_until(deadline) {
        waits += 1;
    }
    match waits {
        0 => witness.saw("expired before it began"),
        1 => witness.saw("expired"),
        _ => {
            witness.saw("woken");
            assert_eq!(data.load(Ordering::Relaxed), 1);
        }
    }
    join(waker);
    join(injector);
}

fn a_passed_deadline_leaves_the_token(witness: &'static Witness) {
    let injector = injector::start(injector::expire);
    thread::current().unpark();
    if thread::park_until(some_deadline()) {
        witness.saw("passed");
        thread::park();
    } else {
        witness.saw("woken");
    }
    join(injector);
}

fn a_passed_deadline_stays_passed(_: &'static Witness) {
    let injector = injector::start(injector::expire);
    let deadline = some_deadline();
    while !thread::park_until(deadline) {}
    assert!(thread::park_until(deadline));
    assert!(thread::park_until(deadline - Duration::from_millis(1)));
    join(injector);
}

fn a_sleeper_may_wake_spuriously(witness: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let data = word();
    let sleeper = thread::current();
    let other = Arc::clone(&data);
    let waker = spawn(move || {
        other.store(1, Ordering::Relaxed);
        sleeper.unpark();
    });
    thread::park();
    match data.load(Ordering::Relaxed) {
        0 => witness.saw("spuriously"),
        _ => witness.saw("by the unpark"),
    }
    join(waker);
    join(injector);
}

fn every_wake_up_counts(_: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let data = word();
    let sleeper = thread::current();
    let other = Arc::clone(&data);
    let waker = spawn(move || {
        other.store(1, Ordering::Relaxed);
        sleeper.unpark();
    });
    thread::park();
    assert_eq!(data.load(Ordering::Relaxed), 1);
    join(waker);
    join(injector);
}

/// The thread sees that it was unparked, finds that its deadline has passed, and takes no token. So
/// nothing orders this thread after the write that precedes the unpark.
fn a_passed_deadline_orders(_: &'static Witness) {
    let injector = injector::start(injector::expire);
    let (data, unparked) = (word(), word());
    let sleeper = thread::current();
    let (datum, mark) = (Arc::clone(&data), Arc::clone(&unparked));
    let waker = spawn(move || {
        datum.store(1, Ordering::Relaxed);
        sleeper.unpark();
        mark.store(1, Ordering::Relaxed);
    });
    if unparked.load(Ordering::Relaxed) == 1 && thread::park_until(some_deadline()) {
        assert_eq!(data.load(Ordering::Relaxed), 1);
    }
    join(waker);
    join(injector);
}

fn the_refused_start_is_the_one_named(witness: &'static Witness) {
    injector::refuse_spawn(2);
    let refused = Record::new();
    let start = |refused: Record<&'static str>, starter| {
        if thread::spawn("another".to_owned(), None, || {}).is_err() {
            refused.note(starter);
        }
    };
    let others = refused.clone();
    let other = spawn(move || start(others, "the other's"));
    start(refused.clone(), "the first thread's");
    join(other);
    match refused.take()[..] {
        [starter] => witness.saw(starter),
        ref starters => panic!("refused: {starters:?}"),
    }
}
