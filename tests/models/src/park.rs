//! Sleeping and waking: the handshake of `runtime_core::park`, explored whole where it can be.

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
        witnesses: &["no sleep was needed", "a park brought it"],
        mutants: &[
            Mutant::relaxed(PARK, UNPARK),
            Mutant::lose(PARK, UNPARK),
            Mutant::split(PARK, UNPARK),
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::split(PARK, TRY_PARK),
            Mutant::body("the sleeper looks before the news is out", news_after_the_unpark),
        ],
        body: |witness| no_wakeup_is_lost(1, witness),
    },
    Model {
        name: "park::no_wakeup_of_two_is_lost",
        bound: None,
        executions: 73_674,
        witnesses: &["no sleep was needed", "a park brought it", "two parks brought it"],
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
        witnesses: &["the news first", "the deadline first"],
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
            Mutant::body("whoever wakes has news", whoever_wakes_has_news),
        ],
        body: a_spurious_wake_up_does_not_end_a_park,
    },
    Model {
        name: "park::a_detached_loop_calls_its_hook_once",
        bound: None,
        executions: 602,
        witnesses: &["the hook was called", "there was news before the leave", "news came late"],
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

/// Publishes, then unparks.
fn tell(parker: &Arc<Parker>, news: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let (parker, news) = (Arc::clone(parker), Arc::clone(news));
    spawn(move || {
        news.store(1, Ordering::Relaxed);
        parker.unpark();
    })
}

/// Each teller has news of its own. The sleeper looks at all of it before each sleep; were a wake
/// lost, or seen without its news, it would sleep for ever. (P1, P12)
fn no_wakeup_is_lost(tellers: usize, witness: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let news: Vec<_> = (0..tellers).map(|_| word()).collect();
    let tellers: Vec<_> = news.iter().map(|news| tell(&parker, news)).collect();
    let mut parks = 0;
    while news.iter().any(|news| news.load(Ordering::Relaxed) == 0) {
        parks += 1;
        assert_eq!(parker.park(None), Unparked::Notified);
    }
    match parks {
        0 => witness.saw("no sleep was needed"),
        1 => witness.saw("a park brought it"),
        2 => witness.saw("two parks brought it"),
        _ => panic!("{parks} parks for {} unparks", tellers.len()),
    }
    tellers.into_iter().for_each(join);
}

fn news_after_the_unpark(_: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let news = word();
    let (told, late) = (Arc::clone(&parker), Arc::clone(&news));
    let teller = spawn(move || {
        told.unpark();
        late.store(1, Ordering::Relaxed);
    });
    while news.load(Ordering::Relaxed) == 0 {
        let _ = parker.park(None);
    }
    join(teller);
}

/// Two tellers unpark twice each while the sleeper sleeps once: whoever comes first makes the one
/// system call, and none is made for who does not sleep. What is told after that is not taken for
/// told before: the next sleep returns.
fn many_wakes_between_two_sleeps_are_one_system_call(witness: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let tellers = [0; 2].map(|_| {
        let parker = Arc::clone(&parker);
        spawn(move || {
            parker.unpark();
            parker.unpark();
        })
    });
    let _ = parker.park(None);
    tellers.into_iter().for_each(join);
    match unparks() {
        0 => witness.saw("no system call"),
        1 => witness.saw("a system call"),
        calls => panic!("{calls} system calls for one sleep"),
    }
    parker.unpark();
    let _ = parker.park(None);
    assert!(unparks() <= 1, "who did not sleep was woken");
}

/// The sleeper goes on until it has met both. It meets each once, the news with what was published
/// before it. (P12)
fn neither_a_deadline_nor_an_unpark_hides_the_other(witness: &'static Witness) {
    let injector = injector::start(injector::expire);
    let parker = Arc::new(Parker::new());
    let news = word();
    let teller = tell(&parker, &news);
    let deadline = some_deadline();
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let deadline = (!ends.contains(&Unparked::Expired)).then_some(deadline);
        let end = parker.park(deadline);
        assert!(!ends.contains(&end), "{end:?} twice");
        if end == Unparked::Notified {
            assert_eq!(news.load(Ordering::Relaxed), 1);
        }
        ends.push(end);
    }
    witness.saw(match ends[0] {
        Unparked::Notified => "the news first",
        Unparked::Expired => "the deadline first",
    });
    join(teller);
    join(injector);
}

/// P6: a spurious wake-up is nobody's news.
fn a_spurious_wake_up_does_not_end_a_park(witness: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let parker = Arc::new(Parker::new());
    let news = word();
    let teller = tell(&parker, &news);
    assert_eq!(parker.park(None), Unparked::Notified);
    assert_eq!(news.load(Ordering::Relaxed), 1);
    witness.saw("notified");
    join(teller);
    join(injector);
}

fn whoever_wakes_has_news(_: &'static Witness) {
    let injector = injector::start(injector::wake_spuriously);
    let news = word();
    let (sleeper, published) = (thread::current(), Arc::clone(&news));
    let teller = spawn(move || {
        published.store(1, Ordering::Relaxed);
        sleeper.unpark();
    });
    thread::park();
    assert_eq!(news.load(Ordering::Relaxed), 1);
    join(teller);
    join(injector);
}

/// The loop is left once and found again after both have told. Either the leave meets news, and
/// the hook is not called for what came before it; or it is called by one of the two.
fn a_detached_loop_calls_its_hook_once(witness: &'static Witness) {
    let calls = Record::new();
    let noted = calls.clone();
    let parker = Arc::new(Parker::with_hook(Box::new(move || noted.note(()))));
    let news = [word(), word()];
    let tellers = [0, 1].map(|teller| tell(&parker, &news[teller]));
    let left = parker.detach();
    if left {
        tellers.into_iter().for_each(join);
        assert!(parker.attach(), "there was news meanwhile");
        assert_eq!(calls.len(), 1, "the hook is called once");
        witness.saw("the hook was called");
        return;
    }
    assert!(news.iter().any(|news| news.load(Ordering::Relaxed) == 1), "there is news");
    witness.saw("there was news before the leave");
    if parker.attach() {
        witness.saw("news came late");
    }
    tellers.into_iter().for_each(join);
    assert!(calls.is_empty(), "nobody was away");
}

/// The running loop's look, each turn, which costs a plain load when there is no news.
fn a_notification_taken_shows_the_data(witness: &'static Witness) {
    let parker = Arc::new(Parker::new());
    let news = word();
    let teller = tell(&parker, &news);
    if parker.take_notification() {
        witness.saw("noticed");
        assert_eq!(news.load(Ordering::Relaxed), 1);
        assert!(!parker.take_notification(), "there is no news twice");
    } else {
        witness.saw("not yet");
        assert_eq!(parker.park(None), Unparked::Notified);
    }
    join(teller);
}
