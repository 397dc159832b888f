//! The seeded mode: a program replays exactly from its seed.

use std::cell::RefCell;
use std::collections::HashSet;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use aside::time::{Clock, now};
use aside::{Runtime, sleep, spawn, timeout, yield_now};

use crate::support::watchdog::watched;

/// The recorded events: the task, its step, and the time.
type Trace = Vec<(usize, usize, Duration)>;

/// Twenty tasks that yield, sleep, spawn and time out, each in a pattern of its own.
fn program(seed: Option<u64>) -> Trace {
    let builder = Runtime::builder().clock(Clock::virtual_time());
    let runtime = match seed {
        Some(seed) => builder.seed(seed).build(),
        None => builder.build(),
    };
    let trace = Rc::new(RefCell::new(Trace::new()));
    runtime.block_on(async {
        let start = now();
        let tasks: Vec<_> = (0..20)
            .map(|task| {
                let trace = Rc::clone(&trace);
                spawn(async move {
                    for step in 0..10 {
                        trace.borrow_mut().push((task, step, now() - start));
                        match (task + step) % 4 {
                            0 => yield_now().await,
                            1 => sleep(Duration::from_millis((task % 3) as u64)).await,
                            2 => spawn(yield_now()).await.unwrap(),
                            _ => {
                                let late = timeout(Duration::from_millis(2), pending::<()>());
                                assert!(late.await.is_err());
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    trace.take()
}

// Promise 9
#[test]
fn the_same_seed_replays_exactly() {
    watched(|| {
        for seed in [0, 1, 42, u64::MAX] {
            let first = program(Some(seed));
            assert_eq!(first.len(), 200);
            for _ in 0..3 {
                assert_eq!(program(Some(seed)), first, "seed {seed}");
            }
        }
    });
}

// Promise 9
#[test]
fn different_seeds_give_different_orders() {
    watched(|| {
        let traces: HashSet<Trace> = (0..50).map(|seed| program(Some(seed))).collect();
        assert_eq!(traces.len(), 50);
    });
}

// Promise 9: without a seed the order is deterministic, too.
#[test]
fn without_a_seed_tasks_run_in_the_order_of_their_wakes() {
    watched(|| {
        let trace = program(None);
        assert_eq!(program(None), trace);
        let begun = trace.iter().filter(|&&(_, step, _)| step == 0);
        let first: Vec<usize> = begun.map(|&(task, ..)| task).collect();
        assert_eq!(first, (0..20).collect::<Vec<_>>());
    });
}

// Promise 9: a seed changes the order and nothing else.
#[test]
fn every_seed_does_the_same_work_at_the_same_times_per_task() {
    watched(|| {
        let sorted = |seed| {
            let mut steps: Vec<_> =
                program(Some(seed)).iter().map(|&(task, step, _)| (task, step)).collect();
            steps.sort_unstable();
            steps
        };
        let steps = sorted(0);
        assert!((1..20).all(|seed| sorted(seed) == steps));
    });
}
