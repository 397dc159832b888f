//! The watchdog. A poll that is late here blocks until the watchdog has reported it, so no test
//! depends on a duration.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use aside::observe::{LatePoll, Watchdog};
use aside::time::Clock;
use aside::{Builder, Runtime, named, spawn, yield_now};

use crate::support::watchdog::{panic_message, watched};

/// A threshold that every poll exceeds that waits for its report.
const SHORT: Duration = Duration::from_millis(1);
/// A threshold that no poll exceeds.
const LONG: Duration = Duration::from_secs(3600);

fn reporting(threshold: Duration) -> (Builder, Receiver<LatePoll>) {
    let (sender, reports) = channel();
    let watchdog = Watchdog::with_report(threshold, move |late| {
        let _ended = sender.send(late.clone());
    });
    (Runtime::builder().observer(watchdog), reports)
}

#[test]
fn a_task_is_reported_while_it_holds_the_loop_and_once_more_at_its_end() {
    watched(|| {
        let (builder, reports) = reporting(SHORT);
        let runtime = builder.build();
        let task = named("greedy");
        let line = line!() + 1;
        let task = runtime.block_on(async { task.spawn(async move { (reports.recv(), reports) }) });
        let id = task.id();
        let (first, reports) = runtime.block_on(task).unwrap();
        drop(runtime);
        let first = first.unwrap();
        let last = reports.iter().last().unwrap();
        for late in [&first, &last] {
            assert_eq!(late.task.name(), Some("greedy"));
            assert_eq!((late.task.id(), late.task.location().line()), (id, line));
            assert!(late.task.location().file().ends_with("late_polls.rs"));
        }
        assert!(!first.has_ended && last.has_ended);
        assert!(last.held >= first.held);
        assert_eq!(last.activity, None);
        let text = last.to_string();
        assert!(text.starts_with(&format!("task {id} `greedy` (spawned at tests/it/")), "{text}");
        assert!(text.ends_with("; block on the pool instead"), "{text}");
    });
}

#[test]
fn a_poll_that_lasts_is_reported_again_and_ends_once() {
    watched(|| {
        let (builder, reports) = reporting(SHORT);
        let runtime = builder.build();
        let (held, reports) = runtime.block_on(async move {
            let held: Vec<_> =
                reports.iter().take(4).map(|late| (late.has_ended, late.held)).collect();
            (held, reports)
        });
        drop(runtime);
        assert!(held.iter().all(|&(has_ended, _)| !has_ended));
        assert!(held.is_sorted(), "{held:?}");
        assert_eq!(reports.iter().filter(|late| late.has_ended).count(), 1);
    });
}

#[test]
fn each_way_to_turn_the_loop_is_watched() {
    watched(|| {
        let (builder, reports) = reporting(SHORT);
        let runtime = builder.clock(Clock::virtual_time()).build();
        let reports = Rc::new(reports);
        let blocks = |name| {
            let reports = Rc::clone(&reports);
            let until_reported = async move {
                let is_mine = |late: &LatePoll| late.task.name() == Some(name) && !late.has_ended;
                assert!(reports.iter().any(|late| is_mine(&late)));
            };
            runtime.block_on(async { named(name).spawn(until_reported) }).detach();
        };
        blocks("drain");
        runtime.drain();
        blocks("turn");
        while runtime.turn(Duration::ZERO).tasks > 0 {}
        // The future of `block_on` itself, after a sleep.
        runtime.block_on(async {
            aside::sleep(Duration::from_secs(1)).await;
            assert!(reports.iter().any(|late| late.task.name().is_none() && !late.has_ended));
        });
    });
}

#[test]
fn a_poll_that_is_short_is_not_reported() {
    watched(|| {
        let (builder, reports) = reporting(LONG);
        let runtime = builder.build();
        let count = Rc::new(Cell::new(0));
        runtime.block_on(async {
            for _ in 0..1000 {
                let count = Rc::clone(&count);
                spawn(async move { count.set(count.get() + 1) }).await.unwrap();
                yield_now().await;
            }
        });
        drop(runtime);
        assert_eq!((count.get(), reports.iter().count()), (1000, 0));
    });
}

/// `Weak` shows that the closure is gone, which the thread owns.
fn with_a_witness(threshold: Duration) -> (Runtime, Weak<()>) {
    let witness = Arc::new(());
    let weak = Arc::downgrade(&witness);
    let watchdog = Watchdog::with_report(threshold, move |_| drop(Arc::clone(&witness)));
    (Runtime::builder().observer(watchdog).build(), weak)
}

#[test]
fn the_thread_ends_with_the_runtime() {
    watched(|| {
        for threshold in [Duration::ZERO, SHORT, LONG, Duration::MAX] {
            let (unused, witness) = with_a_witness(threshold);
            drop(unused);
            assert!(witness.upgrade().is_none());

            let (runtime, witness) = with_a_witness(threshold);
            runtime.block_on(async { spawn(yield_now()).await.unwrap() });
            assert!(witness.upgrade().is_some());
            drop(runtime);
            assert!(witness.upgrade().is_none());
        }
    });
}

#[test]
fn a_panic_of_the_main_future_ends_its_poll_for_the_watchdog() {
    watched(|| {
        let (builder, reports) = reporting(SHORT);
        let runtime = builder.build();
        let panicking = || {
            runtime.block_on(async {
                assert!(!reports.recv().unwrap().has_ended);
                panic!("the main future panics")
            })
        };
        assert_eq!(panic_message(panicking), "the main future panics");
        // The loop is quiet, so the end is the only thing left to report.
        while !reports.recv().unwrap().has_ended {}
        let again = async { spawn(async {}).await.unwrap() };
        runtime.block_on(again);
    });
}

#[test]
fn a_panic_of_the_report_does_not_end_the_watchdog() {
    watched(|| {
        let (sender, reports) = channel();
        let watchdog = Watchdog::with_report(SHORT, move |late| {
            let _ended = sender.send(late.has_ended);
            panic!("the report panics");
        });
        let runtime = Runtime::builder().observer(watchdog).build();
        let seen = runtime.block_on(async move { (reports.recv(), reports.recv()) });
        assert_eq!(seen, (Ok(false), Ok(false)));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn on_linux_a_report_says_what_the_thread_does() {
    watched(|| {
        let (builder, reports) = reporting(SHORT);
        let runtime = builder.build();
        // The thread waits for the report, and so does not run.
        let waits = runtime.block_on(async move {
            let is_waiting =
                |late: &LatePoll| late.activity.as_ref().is_some_and(|at| !at.is_running);
            reports.iter().find(is_waiting)
        });
        let text = waits.unwrap().to_string();
        assert!(text.contains(" so far; its thread waits in the "), "{text}");
    });
}
