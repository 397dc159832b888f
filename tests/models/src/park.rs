//! Models of the parker's handshake, `runtime_core::park`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::park::{Parker, Unparked};
use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness, unparks};
use runtime_core::sync::injector;
use runtime_core::sync::thread::{self, JoinHandle};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const END_PARK: &str = "match self.state.swap(RUNNING";
const WAKE_THREAD: &str = "PARKED => self.thread.unpark()";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "park::no_wakeup_is_lost",
        bound: None,
        executions: 41,
        witnesses: &["no park was needed", "after one park"],
        mutants: &[
            Mutant::relaxed(PARK, UNPARK),
            Mutant::lose(PARK, UNPARK),
            Mutant::split(PARK, UNPARK),
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::split(PARK, TRY_PARK),
            Mutant::body("the data is published after the unpark", published_after_the_unpark),
        ],
        body: |witness| no_wakeup_is_lost(1, witness),
    },
    Model {
        name: "park::no_wakeup_of_two_is_lost",
        bound: None,
        executions: 73_674,
        witnesses: &["no park was needed", "after one park", "after two parks"],
        mutants: &[
            Mutant::relaxed(PARK, UNPARK),
            Mutant::split(PARK, UNPARK),
            Mutant::lose(PARK, END_PARK),
        ],
        body: |witness| no_wakeup_is_lost(2, witness),
    },
    Model {
        name: "park::many_wakes_between_two_sleeps_are_one_system_call",
        bound: None,
        executions: 39_764,
        witnesses: &["a system call", "no system call"],
        mutants: &[Mutant::split(PARK, UNPARK)],
        body: many_wakes_between_two_sleeps_are_one_system_call,
    },
    Model {
        name: "park::neither_a_deadline_nor_an_unpark_hides_the_other",
        bound: None,
        executions: 1_603,
        witnesses: &["the unpark first", "the deadline first"],
        mutants: &[
            Mutant::relaxed(PARK, END_PARK),
            Mutant::split(PARK, END_PARK),
            Mutant::lose(PARK, UNPARK),
        ],
        body: neither_a_deadline_nor_an_unpark_hides_the_other,
    },
    Model {
        name: "park::a_spurious_wake_up_does_not_end_a_park",
        bound: None,
        executions: 1_363,
        witnesses: &["notified"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::body("every wake-up is taken for a notification", every_wake_up_counts),
        ],
        body: a_spurious_wake_up_does_not_end_a_park,
    },
    Model {
        name: "park::a_detached_loop_calls_its_hook_once",
        bound: None,
        executions: 602,
        witnesses: &["the hook was called", "unparked before the detach", "unparked after it"],
        mutants: &[
            Mutant::split(PARK, UNPARK),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
        ],
        body: a_detached_loop_calls_its_hook_once,
    },
    Model {
        name: "park::a_notification_taken_shows_the_data",
        bound: None,
        executions: 26,
        witnesses: &["noticed", "not yet"],
        mutants: &[
            Mutant::relaxed(PARK, "self.state.swap(RUNNING, Ordering::AcqRel);"),
            Mutant::relaxed(PARK, UNPARK),
        ],
        body: a_notification_taken_shows_the_data,
    },
];

fn word() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

fn some_deadline() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Starts a thread that publishes data and then unparks the parker.
fn unpark_from_a_thread(parker: &Arc<Parker>, data: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let (parker, data) = (Arc::clone(parker), Arc::clone(data));
    spawn(move || {
        data.store(1, Ordering::Relaxed);
        parker.unpark();
    })
}

/// Each thread publishes its own data. The owner checks the data of all threads before each park.
/// If an unpark were lost, or visible without its data, the owner would sleep for ever. (P1, P12)
fn no_wakeup_is_lost(unparkers: usize, witness: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let data: Vec<_> = (0..unparkers).map(|_| word()).collect();
    let unparkers: Vec<_> = data.iter().map(|data| unpark_from_a_thread(&parker, data)).collect();
    let mut parks = 0;
    while data.iter().any(|data| data.load(Ordering::Relaxed) == 0) {
        parks += 1;
        assert_eq!(parker.park(None), Unparked::Notified);
    }
    match parks {
        0 => witness.saw("no park was needed"),
        1 => witness.saw("after one park"),
        2 => witness.saw("after two parks"),
        _ => panic!("{parks} parks for {} unparks", unparkers.len()),
    }
    unparkers.into_iter().for_each(join);
}

fn published_after_the_unpark(_: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let data = word();
    let (notified, late) = (Arc::clone(&parker), Arc::clone(&data));
    let unparker = spawn(move || {
        notified.unpark();
        late.store(1, Ordering::Relaxed);
    });
    while data.load(Ordering::Relaxed) == 0 {
        let _ = parker.park(None);
    }
    join(unparker);
}

/// Two threads unpark twice each while the owner parks once. The first unpark of a parked owner
/// makes the only system call. An unpark of a running owner makes no system call. A later unpark is
/// a new notification, so the next park returns.
fn many_wakes_between_two_sleeps_are_one_system_call(witness: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let unparkers = [0; 2].map(|_| {
        let parker = Arc::clone(&parker);
        spawn(move || {
            parker.unpark();
            parker.unpark();
        })
    });
    let _ = parker.park(None);
    unparkers.into_iter().for_each(join);
    match unparks() {
        0 => witness.saw("no system call"),
        1 => witness.saw("a system call"),
        calls => panic!("{calls} system calls for one sleep"),
    }
    parker.unpark();
    let _ = parker.park(None);
    assert!(unparks() <= 1, "an owner that did not sleep was woken");
}

/// The owner parks until it has seen both the deadline and the unpark. It sees each of them once,
/// and it sees the data together with the unpark. (P12)
fn neither_a_deadline_nor_an_unpark_hides_the_other(witness: &'static Witness) {
    let injector = injector::start(injector::expire);
    let parker = Arc::new(Parker::new());
    let data = word();
    let unparker = unpark_from_a_thread(&parker, &data);
    let deadline = some_deadline();
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let deadline = (!ends.contains(&Unparked::Expired)).then_some(deadline);
        let end = parker.park(deadline);
        assert!(!ends.contains(&end), "{end:?} twice");
        if end == Unparked::Notified {
            assert_eq!(data.load(Ordering::Relaxed), 1);
        }
        ends.push(end);
    }
    witness.saw(match ends[0] {
        Unparked::Notified => "the unpark first",
        Unparked::Expired => "the deadline first",
    });
    join(unparker);
    join(injector);
}

/// A spurious wake-up does not count as a notification. (P6)
fn a_spurious_wake_up_does_not_end_a_park(witness: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let parker = Arc::new(Parker::new());
    let data = word();
    let unparker = unpark_from_a_thread(&parker, &data);
    assert_eq!(parker.park(None), Unparked::Notified);
    assert_eq!(data.load(Ordering::Relaxed), 1);
    witness.saw("notified");
    join(unparker);
    join(injector);
}

fn every_wake_up_counts(_: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let data = word();
    let (sleeper, published) = (thread::current(), Arc::clone(&data));
    let unparker = spawn(move || {
        published.store(1, Ordering::Relaxed);
        sleeper.unpark();
    });
    thread::park();
    assert_eq!(data.load(Ordering::Relaxed), 1);
    join(unparker);
    join(injector);
}

/// The owner detaches once and attaches after both threads have unparked. If the detach finds a
/// notification, the hook is not called. Otherwise exactly one of the two unparks calls the hook.
fn a_detached_loop_calls_its_hook_once(witness: &'static Witness) {
    let calls = Record::new();
    let noted = calls.clone();
    let parker = Arc::new(Parker::new());
    parker.set_hook(Some(Box::new(move || noted.note(()))));
    let data = [word(), word()];
    let unparkers = [0, 1].map(|unparker| unpark_from_a_thread(&parker, &data[unparker]));
    let is_detached = parker.detach();
    if is_detached {
        unparkers.into_iter().for_each(join);
        assert!(parker.attach(), "there was an unpark meanwhile");
        assert_eq!(calls.len(), 1, "the hook is called once");
        witness.saw("the hook was called");
        return;
    }
    assert!(
        data.iter().any(|data| data.load(Ordering::Relaxed) == 1),
        "a notification has its data"
    );
    witness.saw("unparked before the detach");
    if parker.attach() {
        witness.saw("unparked after it");
    }
    unparkers.into_iter().for_each(join);
    assert!(calls.is_empty(), "the loop was not detached");
}

/// The check that a running loop makes in each turn, which costs a plain load if there is no
/// notification.
fn a_notification_taken_shows_the_data(witness: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let data = word();
    let unparker = unpark_from_a_thread(&parker, &data);
    if parker.take_notification() {
        witness.saw("noticed");
        assert_eq!(data.load(Ordering::Relaxed), 1);
        assert!(!parker.take_notification(), "a notification is taken once");
    } else {
        witness.saw("not yet");
        assert_eq!(parker.park(None), Unparked::Notified);
    }
    join(unparker);
}
