//! A question changes no result: random programs have the same outputs at the same virtual times
//! with questions and without.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aside::task::JoinSet;
use aside::time::{Clock, now};
use aside::{Handle, Runtime, gather, race, sleep, spawn, timeout, yield_now};
use fastrand::Rng;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::watchdog::watched;

/// A random program. All durations of a program differ, so that no two timers fire at the same
/// time: their order is not specified.
#[derive(Clone, Debug)]
enum Plan {
    Sleep(Duration),
    Yields(usize),
    Sequence(Vec<Plan>),
    Gather(Vec<Plan>),
    Race(Vec<(Duration, Plan)>),
    Unordered(Vec<(Duration, Plan)>),
    Set(Vec<(Duration, Plan)>),
    Timeout(Duration, Box<Plan>),
    Spawn(Box<Plan>),
}

struct Planner {
    rng: Rng,
    durations: u64,
}

impl Planner {
    fn duration(&mut self) -> Duration {
        self.durations += 1;
        Duration::from_micros(self.rng.u64(1..50) * 1_000_000 + self.durations * self.durations)
    }

    fn plan(&mut self, depth: usize) -> Plan {
        let kinds = if depth == 0 { 2 } else { 9 };
        match self.rng.usize(0..kinds) {
            0 => Plan::Sleep(self.duration()),
            1 => Plan::Yields(self.rng.usize(0..4)),
            2 => Plan::Sequence(self.plans(depth)),
            3 => Plan::Gather(self.plans(depth)),
            4 => Plan::Race(self.delayed(depth)),
            5 => Plan::Unordered(self.delayed(depth)),
            6 => Plan::Set(self.delayed(depth)),
            7 => Plan::Timeout(self.duration(), Box::new(self.plan(depth - 1))),
            _ => Plan::Spawn(Box::new(self.plan(depth - 1))),
        }
    }

    fn plans(&mut self, depth: usize) -> Vec<Plan> {
        (0..self.rng.usize(1..4)).map(|_| self.plan(depth - 1)).collect()
    }

    fn delayed(&mut self, depth: usize) -> Vec<(Duration, Plan)> {
        (0..self.rng.usize(1..4)).map(|_| (self.duration(), self.plan(depth - 1))).collect()
    }
}

type Digest = Pin<Box<dyn Future<Output = u64>>>;

/// Mixes the outputs of the parts, in their order, with the virtual time at the end.
fn digest(start: std::time::Instant, kind: u64, parts: &[u64]) -> u64 {
    let elapsed = (now() - start).as_micros() as u64;
    parts.iter().chain([&elapsed]).fold(kind, |digest, part| {
        (digest ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
    })
}

fn run(plan: Plan, start: std::time::Instant) -> Digest {
    let after = move |(delay, plan): (Duration, Plan)| async move {
        sleep(delay).await;
        run(plan, start).await
    };
    Box::pin(async move {
        match plan {
            Plan::Sleep(duration) => {
                sleep(duration).await;
                digest(start, 1, &[])
            }
            Plan::Yields(count) => {
                for _ in 0..count {
                    yield_now().await;
                }
                digest(start, 2, &[])
            }
            Plan::Sequence(plans) => {
                let mut outputs = Vec::new();
                for plan in plans {
                    outputs.push(run(plan, start).await);
                }
                digest(start, 3, &outputs)
            }
            Plan::Gather(plans) => {
                let outputs = gather(plans.into_iter().map(|plan| run(plan, start))).await;
                digest(start, 4, &outputs)
            }
            Plan::Race(plans) => {
                let children: Vec<_> = plans.into_iter().map(after).collect();
                digest(start, 5, &[race(children).await])
            }
            Plan::Unordered(plans) => {
                let children: FuturesUnordered<_> = plans.into_iter().map(after).collect();
                digest(start, 6, &children.collect::<Vec<u64>>().await)
            }
            Plan::Set(plans) => {
                let set: JoinSet<u64> = plans.into_iter().map(after).collect();
                digest(start, 7, &set.join_all().await)
            }
            Plan::Timeout(limit, plan) => {
                let output = timeout(limit, run(*plan, start)).await;
                digest(start, 8, &[output.unwrap_or(0)])
            }
            Plan::Spawn(plan) => digest(start, 9, &[spawn(run(*plan, start)).await.unwrap()]),
        }
    })
}

/// Runs a program. With an interval, a task asks for the list in this interval.
fn output(plan: Plan, interval: Option<Duration>) -> (u64, usize) {
    let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
    runtime.block_on(async move {
        let asked = std::rc::Rc::new(std::cell::Cell::new(0));
        let count = std::rc::Rc::clone(&asked);
        let asks = interval.map(|interval| {
            spawn(async move {
                loop {
                    let list = Handle::current().tasks().await.unwrap();
                    assert!(list.main().is_some());
                    count.set(count.get() + 1);
                    sleep(interval).await;
                }
            })
            .abort_on_drop()
        });
        let output = run(plan, now()).await;
        drop(asks);
        (output, asked.get())
    })
}

// P90
#[test]
fn a_program_has_the_same_output_with_questions_and_without() {
    watched(|| {
        let mut asked = 0;
        for seed in 0..100 {
            let mut planner = Planner { rng: Rng::with_seed(seed), durations: 0 };
            let plan = planner.plan(4);
            let (expected, _) = output(plan.clone(), None);
            for milliseconds in [2_000, 7_300, 41_000] {
                let interval = Duration::from_nanos(milliseconds * 1_000_000 + 333);
                let (found, questions) = output(plan.clone(), Some(interval));
                assert_eq!(found, expected, "seed {seed}, interval {interval:?}: {plan:?}");
                asked += questions;
            }
        }
        assert!(asked > 500, "only {asked} questions were asked");
    });
}
