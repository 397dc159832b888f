//! Observers are called for each step, in order, and do not change what the program does.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aside::observe::{Both, Counters, Observer, SlowPolls};
use aside::time::Clock;
use aside::{Metadata, Runtime, sleep, spawn, yield_now};

use crate::support::watchdog::watched;

/// An observer that records its calls.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn note(&self, what: &str, task: &Metadata) {
        let name = task.name().unwrap_or("main");
        self.0.borrow_mut().push(format!("{what} {name}"));
    }
}

impl Observer for Log {
    fn task_spawned(&self, task: &Metadata) {
        self.note("spawned", task);
    }

    fn poll_started(&self, task: &Metadata) {
        self.note("poll", task);
    }

    fn poll_ended(&self, task: &Metadata) {
        self.note("polled", task);
    }

    fn task_ended(&self, task: &Metadata) {
        self.note("ended", task);
    }

    fn parked(&self, deadline: Option<Instant>) {
        self.0.borrow_mut().push(format!("parked {}", deadline.is_some()));
    }

    fn unparked(&self) {
        self.0.borrow_mut().push("unparked".to_owned());
    }
}

#[test]
fn an_observer_is_called_for_every_step_of_a_tasks_life_in_order() {
    watched(|| {
        let log = Log::default();
        let runtime = Runtime::builder().clock(Clock::virtual_time()).observer(log.clone()).build();
        runtime.block_on(async {
            let nap = aside::named("nap").spawn(sleep(Duration::from_secs(1)));
            nap.await.unwrap();
        });
        runtime.block_on(async { aside::named("left").spawn(pending::<()>()).detach() });
        drop(runtime);
        let told = [
            "poll main",
            "spawned nap",
            "polled main",
            "poll nap",
            "polled nap",
            "parked true",
            "unparked",
            "poll nap",
            "polled nap",
            "ended nap",
            "poll main",
            "polled main",
            "poll main",
            "spawned left",
            "polled main",
            "ended left",
        ];
        assert_eq!(*log.0.borrow(), told);
    });
}

// P90: observing, and querying a handle, does not change what happens.
#[test]
fn an_observer_does_not_change_the_order_of_a_program() {
    let trace = |observed: Option<Log>| {
        let builder = Runtime::builder().clock(Clock::virtual_time()).seed(3);
        let runtime = match observed {
            Some(log) => builder.observer(log).build(),
            None => builder.build(),
        };
        let order = Rc::new(RefCell::new(Vec::new()));
        runtime.block_on(async {
            let tasks: Vec<_> = (0..10)
                .map(|number| {
                    let order = Rc::clone(&order);
                    spawn(async move {
                        for step in 0..5 {
                            order.borrow_mut().push((number, step));
                            yield_now().await;
                            sleep(Duration::from_millis(number % 3)).await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                let _ = (format!("{task:?}"), task.is_finished(), task.id());
                task.await.unwrap();
            }
        });
        order.take()
    };
    watched(move || {
        let without = trace(None);
        assert_eq!(without.len(), 50);
        assert_eq!(trace(Some(Log::default())), without);
    });
}

#[test]
fn a_slow_poll_is_reported_with_its_task_and_a_fast_one_is_not() {
    watched(|| {
        let reports = Rc::new(RefCell::new(Vec::new()));
        let told = Rc::clone(&reports);
        let report = move |task: &Metadata, _held| {
            told.borrow_mut().push(task.name().map(str::to_owned));
        };
        let threshold = Duration::from_millis(2);
        let slow = SlowPolls::with_report(threshold, report);
        let runtime = Runtime::builder().observer(slow).build();
        runtime.block_on(async {
            let culprit = aside::named("culprit").spawn(async move {
                let start = Instant::now();
                while start.elapsed() <= threshold {
                    std::hint::spin_loop();
                }
            });
            culprit.await.unwrap();
        });
        assert!(reports.borrow().contains(&Some("culprit".to_owned())));

        let never = SlowPolls::with_report(Duration::MAX, |task, _| panic!("{task} is not slow"));
        let runtime = Runtime::builder().observer(never).build();
        runtime.block_on(async { spawn(async {}).await.unwrap() });
    });
}

#[test]
fn all_observers_are_called_in_the_order_in_which_they_were_added() {
    struct Record(Rc<RefCell<Vec<u32>>>, u32);
    impl Observer for Record {
        fn task_spawned(&self, _task: &Metadata) {
            self.0.borrow_mut().push(self.1);
        }
    }
    watched(|| {
        let told = Rc::default();
        let both = Both(Record(Rc::clone(&told), 1), Record(Rc::clone(&told), 2));
        let third = Record(Rc::clone(&told), 3);
        let runtime = Runtime::builder().observer(both).observer(third).build();
        runtime.spawn(async {}).detach();
        assert_eq!(*told.borrow(), [1, 2, 3]);
    });
}

#[test]
fn the_counters_count() {
    watched(|| {
        let counters = Counters::default();
        let clock = Clock::virtual_time();
        let runtime = Runtime::builder().clock(clock).observer(counters.clone()).build();
        let polls = Rc::new(Cell::new(0));
        runtime.block_on(async {
            let task = spawn(yield_now());
            polls.set(counters.polls());
            task.await.unwrap();
            sleep(Duration::from_secs(1)).await;
        });
        assert_eq!((polls.get(), counters.polls()), (1, 1 + 2 + 2));
        assert_eq!((counters.spawned(), counters.ended(), counters.parks()), (1, 1, 1));
    });
}
