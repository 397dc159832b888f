//! Models of the watchdog: `runtime_core::watched_loop`, and its thread.

use std::sync::Arc;
use std::time::Duration;

use aside::observe::{LatePoll, Observer, Watchdog};
use runtime_core::metadata::Metadata;
use runtime_core::sync::explore::{Record, Witness, unparks};
use runtime_core::sync::{injector, thread};
use runtime_core::watched_loop::{Next, WatchedLoop};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const WATCHED: &str = "runtime-core/src/watched_loop.rs";
const BEGIN: &str = "self.poll.store(number, Ordering::Release)";
const END: &str = "self.poll.store(number, Ordering::Relaxed)";
const READ: &str = "PollNumber(self.poll.load(";
const STORE_TASK: &str = "self.task.store(task,";
const READ_TASK: &str = "self.task.load(";
const RESUME: &str = "self.mode.swap(BUSY";
const SLEEP: &str = "self.mode.compare_exchange(QUIET, ASLEEP";
const OVER: &str = "self.mode.swap(ENDED";
const UNPARK: &str = "watchdog.unpark();";
const LOOK: &str = "match self.mode.load(";
const FIND_END: &str = "if self.mode.load(Ordering::Acquire) == ENDED";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "watchdog::the_task_that_is_read_is_that_of_the_poll",
        bound: None,
        executions: 1_547,
        witnesses: &["the first poll", "the second poll", "it has ended", "no poll"],
        mutants: &[
            Mutant::relaxed(WATCHED, BEGIN),
            Mutant::relaxed(WATCHED, READ),
            Mutant::relaxed(WATCHED, STORE_TASK),
            Mutant::relaxed(WATCHED, READ_TASK),
            Mutant::lose(WATCHED, END),
            Mutant::body("the poll number is read once", the_poll_number_is_read_once),
        ],
        body: the_task_that_is_read_is_that_of_the_poll,
    },
    Model {
        name: "watchdog::a_loop_that_continues_wakes_its_watchdog_once",
        bound: None,
        executions: 53,
        witnesses: &["woken", "it did not sleep"],
        mutants: &[
            Mutant::split(WATCHED, RESUME),
            Mutant::lose(WATCHED, RESUME),
            Mutant::split(WATCHED, SLEEP),
            Mutant::lose(WATCHED, UNPARK),
        ],
        body: a_loop_that_continues_wakes_its_watchdog_once,
    },
    Model {
        name: "watchdog::a_watchdog_that_looks_again_sees_what_the_loop_did_before",
        bound: None,
        executions: 11,
        witnesses: &["woken", "it did not sleep"],
        mutants: &[Mutant::relaxed(WATCHED, RESUME), Mutant::relaxed(WATCHED, LOOK)],
        body: a_watchdog_that_looks_again_sees_what_the_loop_did_before,
    },
    Model {
        name: "watchdog::a_watchdog_that_finds_the_end_sees_that_the_poll_has_ended",
        bound: None,
        executions: 15,
        witnesses: &["found"],
        mutants: &[Mutant::relaxed(WATCHED, OVER), Mutant::relaxed(WATCHED, FIND_END)],
        body: a_watchdog_that_finds_the_end_sees_that_the_poll_has_ended,
    },
    Model {
        name: "watchdog::a_poll_that_lasts_is_reported_and_its_end_once",
        bound: Some(3),
        executions: 5_872,
        witnesses: &["reported"],
        mutants: &[Mutant::lose(WATCHED, BEGIN), Mutant::lose(WATCHED, STORE_TASK)],
        body: a_poll_that_lasts_is_reported_and_its_end_once,
    },
    Model {
        name: "watchdog::the_end_of_the_runtime_ends_the_thread",
        bound: Some(2),
        executions: 6_211,
        witnesses: &["it slept", "it waited"],
        mutants: &[Mutant::lose(WATCHED, OVER), Mutant::lose(WATCHED, UNPARK)],
        body: the_end_of_the_runtime_ends_the_thread,
    },
];

/// The loop polls two tasks, one after the other, and the watchdog reads once.
fn the_task_that_is_read_is_that_of_the_poll(witness: &'static Witness) {
    let watched = Arc::new(WatchedLoop::new());
    let tasks = [Metadata::here(), Metadata::here()];
    let polled = polls_two_tasks(&watched, &tasks);
    let poll = watched.poll();
    match (poll.get(), watched.task_of(poll).map(|task| task.id())) {
        (0 | 2 | 4, _) => witness.saw("no poll"),
        (1 | 3, None) => witness.saw("it has ended"),
        (1, Some(task)) => {
            assert_eq!(task, tasks[0].id());
            witness.saw("the first poll");
        }
        (3, Some(task)) => {
            assert_eq!(task, tasks[1].id());
            witness.saw("the second poll");
        }
        (number, _) => panic!("poll {number}"),
    }
    join(polled);
    assert_eq!(watched.poll().get(), 4);
}

fn polls_two_tasks(watched: &Arc<WatchedLoop>, tasks: &[Metadata; 2]) -> thread::JoinHandle<()> {
    tasks.iter().for_each(|task| watched.insert(task));
    let (watched, tasks) = (Arc::clone(watched), tasks.clone());
    spawn(move || {
        watched.begin_poll(1, tasks[0].id().get());
        watched.end_poll(2);
        watched.begin_poll(3, tasks[1].id().get());
        watched.end_poll(4);
    })
}

/// The mistake: the poll that is read last is taken for the poll that was read first.
fn the_poll_number_is_read_once(_: &'static Witness) {
    let watched = Arc::new(WatchedLoop::new());
    let tasks = [Metadata::here(), Metadata::here()];
    let polled = polls_two_tasks(&watched, &tasks);
    let first = watched.poll();
    if let Some(task) = watched.task_of(watched.poll())
        && first.get() == 1
    {
        assert_eq!(task.id(), tasks[0].id());
    }
    join(polled);
}

/// The loop continues, twice, while the watchdog is about to sleep. (D3, D4)
fn a_loop_that_continues_wakes_its_watchdog_once(witness: &'static Witness) {
    let watched = Arc::new(WatchedLoop::new());
    let sleeper = Arc::clone(&watched);
    let watchdog = spawn(move || assert_eq!(sleeper.sleep(), Next::Look));
    watched.set_watchdog(watchdog.thread().clone());
    watched.resume();
    watched.resume();
    match unparks() {
        0 => witness.saw("it did not sleep"),
        1 => witness.saw("woken"),
        more => panic!("{more} system calls"),
    }
    join(watchdog);
}

/// The loop polls a task and continues, while the watchdog is about to sleep. Otherwise the
/// watchdog would measure a poll that has ended. (D3, D4)
fn a_watchdog_that_looks_again_sees_what_the_loop_did_before(witness: &'static Witness) {
    let watched = Arc::new(WatchedLoop::new());
    let sleeper = Arc::clone(&watched);
    let watchdog = spawn(move || {
        assert_eq!(sleeper.sleep(), Next::Look);
        assert_eq!(sleeper.poll().get(), 2);
    });
    watched.set_watchdog(watchdog.thread().clone());
    poll_a_task(&watched);
    watched.resume();
    witness.saw(if unparks() == 0 { "it did not sleep" } else { "woken" });
    join(watchdog);
}

/// The runtime ends after a poll. Otherwise the last look of the watchdog would report a poll that
/// has ended as one that lasts.
fn a_watchdog_that_finds_the_end_sees_that_the_poll_has_ended(witness: &'static Witness) {
    let watched = Arc::new(WatchedLoop::new());
    let waiter = Arc::clone(&watched);
    let watchdog = spawn(move || {
        let park = || {
            thread::park();
            false
        };
        assert_eq!(waiter.wait(park), Next::End);
        assert_eq!(waiter.poll().get(), 2);
        witness.saw("found");
    });
    watched.set_watchdog(watchdog.thread().clone());
    poll_a_task(&watched);
    watched.end();
    join(watchdog);
}

fn poll_a_task(watched: &WatchedLoop) {
    watched.begin_poll(1, Metadata::here().id().get());
    watched.end_poll(2);
}

/// A watchdog that looks once in each threshold, and its reports: the number of the task, and
/// whether the poll has ended.
fn watchdog() -> (Watchdog, Record<(u64, bool)>) {
    let reports = Record::new();
    let (noted, me) = (reports.clone(), thread::current());
    let report = move |late: &LatePoll| {
        noted.note((late.task.id().get(), late.has_ended));
        me.unpark();
    };
    (Watchdog::with_report(Duration::ZERO, report), reports)
}

/// Lets time pass whenever no other thread can run.
fn passing_time() -> thread::JoinHandle<()> {
    injector::start(injector::expire_at_last)
}

/// A poll that lasts until it is reported.
fn end_once_reported(watchdog: &Watchdog, task: &Metadata, reports: &Record<(u64, bool)>) {
    while reports.is_empty() {
        thread::park();
    }
    watchdog.poll_ended(task);
    watchdog.left();
}

fn assert_reported(reports: &Record<(u64, bool)>, task: &Metadata) {
    let mut reports = reports.take();
    assert_eq!(reports.pop(), Some((task.id().get(), true)), "the end is reported last");
    assert!(
        !reports.is_empty() && reports.iter().all(|&report| report == (task.id().get(), false))
    );
}

/// If the watchdog missed the poll, the loop would wait for ever. The poll begins before the
/// watchdog's thread starts, because a model has no moment at which a store must become visible.
fn a_poll_that_lasts_is_reported_and_its_end_once(witness: &'static Witness) {
    let injector = passing_time();
    let (watchdog, reports) = watchdog();
    let task = Metadata::here();
    watchdog.poll_started(&task);
    watchdog.entered(Some(&task));
    end_once_reported(&watchdog, &task, &reports);
    drop(watchdog);
    assert_reported(&reports, &task);
    witness.saw("reported");
    injector::dismiss();
    join(injector);
}

/// The runtime ends while the watchdog waits for its next look, or sleeps.
fn the_end_of_the_runtime_ends_the_thread(witness: &'static Witness) {
    let injector = injector::start(|| {
        injector::expire();
        injector::expire();
    });
    let (watchdog, reports) = watchdog();
    watchdog.entered(None);
    watchdog.parked(None);
    let before = unparks();
    watchdog.unparked();
    watchdog.left();
    witness.saw(if unparks() > before { "it slept" } else { "it waited" });
    drop(watchdog);
    assert!(reports.is_empty());
    join(injector);
}
