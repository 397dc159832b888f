//! Checks of the films themselves: of the notes that the facade takes, of the schedule in words,
//! and of the committed pages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::{Mutex, channel, injector, thread};

use crate::film_catalog::FILMS;
use crate::model::Model;
use crate::threads::{join, spawn};
use crate::{catalog, counterexample, film};

/// A check, and its name.
type FilmCheck = (String, Box<dyn Fn() -> Result<(), String> + Send + Sync>);

/// All checks.
pub(crate) fn all() -> Vec<FilmCheck> {
    let mut checks: Vec<FilmCheck> = vec![
        ("film::each_operation_is_noted".into(), Box::new(each_operation_is_noted)),
        ("film::a_failure_prints_its_schedule".into(), Box::new(a_failure_prints_its_schedule)),
        ("film::the_list_of_films_is_current".into(), Box::new(film::check_index)),
    ];
    for spec in FILMS {
        let name = format!("film::{}", spec.name);
        checks.push((name, Box::new(move || film::check(spec))));
    }
    checks
}

/// A model that always fails, after one operation of each kind.
pub(crate) const EVERY_OPERATION: &Model = &Model {
    name: "film::every_operation",
    bound: Some(0),
    executions: 1,
    witnesses: &[],
    mutants: &[],
    body: every_operation,
};

fn every_operation(_: &'static Witness) {
    let time = injector::start(injector::expire);
    let word = Arc::new(AtomicUsize::new(3));
    let lock = Mutex::new(());
    let (sender, receiver) = channel::unbounded();
    let record = Record::new();
    injector::refuse_spawn(2);
    word.store(4, Ordering::Release);
    let _ = word.compare_exchange(9, 1, Ordering::AcqRel, Ordering::Acquire);
    let _ = word.compare_exchange(4, 1, Ordering::AcqRel, Ordering::Acquire);
    word.fetch_add(1, Ordering::AcqRel);
    drop(lock.lock());
    let _ = receiver.try_recv();
    sender.send('a').expect("the receiver is there");
    let _ = receiver.try_recv();
    drop(sender);
    let _ = receiver.try_recv();
    thread::current().unpark();
    thread::park();
    let main = thread::current();
    let other = spawn(move || main.unpark());
    thread::park();
    assert!(thread::spawn("refused".into(), None, || ()).is_err());
    let _passed = thread::park_until(Instant::now() + Duration::from_secs(3600));
    record.note(());
    join(other);
    join(time);
    assert_eq!(word.load(Ordering::Acquire), 0, "the end");
}

/// The schedule of [`EVERY_OPERATION`].
const OPERATIONS: &str = "\
main starts injector
main stores to film_checks.word (3 -> 4)
main fails to exchange film_checks.word (4)
main exchanges film_checks.word (4 -> 1)
main adds to film_checks.word (1 -> 2)
main locks and unlocks film_checks.lock
main finds nothing in receiver
main sends to receiver (message 1)
main receives from receiver (message 1)
main finds no sender of receiver
main unparks main
main parks and returns at once: it was unparked
main starts other
main falls asleep
injector begins
injector lets time pass for main
injector lets time pass for other
injector ends
other begins
other unparks main (it sleeps)
other ends
main wakes up
main cannot start a thread
main parks and returns at once: its deadline has passed
main records an entry
main waits for the end of other
main has joined other
main waits for the end of injector
main has joined injector
main loads film_checks.word (2)
main panicked at assertion `left == right` failed: the end
left: 2
right: 0
";

fn each_operation_is_noted() -> Result<(), String> {
    let words = counterexample::words(EVERY_OPERATION, None).ok_or("it does not fail")?;
    compare(&words, OPERATIONS)
}

fn compare(words: &str, expected: &str) -> Result<(), String> {
    // The places are those of this file, whose lines move.
    let without_place = |line: &str| {
        let words = line.split_whitespace().filter(|word| !word.contains(".rs:"));
        words.collect::<Vec<_>>().join(" ")
    };
    let lines = |text: &str| text.lines().map(without_place).collect::<Vec<_>>();
    if lines(words) == lines(expected) { Ok(()) } else { Err(words.to_owned()) }
}

/// The schedule of the mutant that loses an unpark.
const LOST_UNPARK: &str = "\
main other
starts other
loads data (0)
exchanges park.state (RUNNING -> PARKED)
falls asleep
begins
stores to data (0 -> 1)
swaps park.state (PARKED -> NOTIFIED)
* does not unpark main
ends
* the changed line, PARKED => self.thread.unpark(),
Deadlock: no thread can run. main sleeps. other has ended.
";

/// A mutant that loses an unpark fails, and its schedule ends with the sleep that nothing ends.
fn a_failure_prints_its_schedule() -> Result<(), String> {
    let name = "park::no_wakeup_is_lost";
    let model = catalog::all().into_iter().find(|model| model.name == name);
    let model = model.ok_or("there is no such model")?;
    let mutant = FILMS.iter().find(|film| film.name == "unpark-lost");
    let mutant = mutant.ok_or("there is no such film")?.mutant();
    let words = counterexample::words(model, Some(mutant)).ok_or("it does not fail")?;
    compare(&words, LOST_UNPARK)
}
