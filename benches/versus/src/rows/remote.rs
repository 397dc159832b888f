//! Wakes from another thread.

use std::collections::VecDeque;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

use runtime_core::sync::Mutex;

use crate::peers::{Runtime, in_task};
use crate::row::{Of, Row};
use crate::run::Run;
use crate::work::{Helper, Latch, Slot};

/// The rows of wakes from another thread.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("wake-one", "wake from a thread, round trip, one core", runtimes!(round_trip))
            .on_one_core()
            .floor(1.0, Of::Best)
            .limit(round_trip_limit)
            .python(),
        Row::new("wake-two", "wake from a thread, round trip, two cores", runtimes!(round_trip))
            .wall()
            .floor(1.0, Of::Best)
            .limit(round_trip_limit)
            .python(),
        Row::new("wake-storm", "a thread wakes 10,000 tasks", runtimes!(storm))
            .wall()
            .floor(0.9, Of::Best)
            .limit(storm_limit),
    ]
}

const LAP: usize = 100;
const TASKS: usize = 10_000;

/// A task requests a value from another thread, which sleeps until the request arrives. The task
/// sleeps until the value arrives.
pub(super) fn round_trip<R: Runtime>(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    let helper = Helper::start();
    in_task::<R, _>(async move {
        let slot = Slot::new();
        while laps.more() {
            for n in 0..LAP {
                let answer = Arc::clone(&slot);
                helper.send(move || answer.put(n));
                black_box(slot.take().await);
            }
        }
        laps.figure()
    })
}

/// The program of the column `limit`: two threads that park and unpark each other.
pub(super) fn round_trip_limit(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    let helper = Helper::start();
    let answer = Arc::new(Mutex::new(None));
    while laps.more() {
        for n in 0..LAP {
            let (cell, caller) = (Arc::clone(&answer), thread::current());
            helper.send(move || {
                *cell.lock() = Some(n);
                caller.unpark();
            });
            while answer.lock().take().is_none() {
                thread::park();
            }
        }
    }
    laps.figure()
}

/// Another thread wakes ten thousand tasks, one after the other, as fast as it can. This thread
/// polls the woken tasks at the same time. When all tasks have been polled, the other thread begins
/// again.
pub(super) fn storm<R: Runtime>(run: &Run) -> f64 {
    let mut laps = run.laps(TASKS);
    let helper = Helper::start();
    in_task::<R, _>(async move {
        let latch = Latch::new(TASKS);
        let slots: Arc<Vec<_>> = Arc::new((0..TASKS).map(|_| Slot::new()).collect());
        let tasks: Vec<_> = slots
            .iter()
            .map(|slot| R::spawn(count_down_for_ever(Arc::clone(slot), Arc::clone(&latch))))
            .collect();
        while laps.more() {
            let slots = Arc::clone(&slots);
            helper.send(move || slots.iter().for_each(|slot| slot.put(Some(()))));
            latch.opened().await;
            latch.reset(TASKS);
        }
        slots.iter().for_each(|slot| slot.put(None));
        for task in tasks {
            R::output::<()>(task.await);
        }
        laps.figure()
    })
}

async fn count_down_for_ever(slot: Arc<Slot<Option<()>>>, latch: Arc<Latch>) {
    while slot.take().await.is_some() {
        latch.count_down();
    }
}

/// The program of the column `limit`: another thread appends numbers to a list. This thread takes
/// all numbers at once, and polls the boxed future of each number.
pub(super) fn storm_limit(run: &Run) -> f64 {
    let mut laps = run.laps(TASKS);
    let helper = Helper::start();
    let mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>> =
        (0..TASKS).map(|_| Box::pin(std::future::pending()) as _).collect();
    let list = Arc::new(Mutex::new(VecDeque::new()));
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = VecDeque::new();
    while laps.more() {
        let (inbox, caller) = (Arc::clone(&list), thread::current());
        helper.send(move || {
            for id in 0..TASKS {
                let was_empty = {
                    let mut inbox = inbox.lock();
                    inbox.push_back(id);
                    inbox.len() == 1
                };
                if was_empty {
                    caller.unpark();
                }
            }
        });
        let mut left = TASKS;
        while left > 0 {
            std::mem::swap(&mut taken, &mut *list.lock());
            if taken.is_empty() {
                thread::park();
            }
            left -= taken.len();
            for id in taken.drain(..) {
                black_box(tasks[id].as_mut().poll(&mut cx).is_pending());
            }
        }
    }
    laps.figure()
}
