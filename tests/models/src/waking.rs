//! Models of waking a task: the wakers, the inbox and the turns of `runtime_executor`, used through
//! an `EventLoop`.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness, unparks};
use runtime_core::sync::thread::JoinHandle;
use runtime_executor::{Config, EventLoop, Observer};

use crate::drop_probe::{Drops, drop_probe};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const WAKER: &str = "runtime-executor/src/task/waker.rs";
const POST: &str = "self.posted.swap(true";
const CLEAR: &str = "self.posted.swap(false";
const SHARED: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";
const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const CHANNEL: &str = "runtime-core/src/sync/loom/channel.rs";
const CLOSE: &str = "tail.fetch_or(CLOSED, Relaxed)";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "waking::a_wake_is_one_more_poll_and_shows_its_data",
        bound: None,
        executions: 41,
        witnesses: &["one poll", "two polls"],
        mutants: &[
            Mutant::lose(SHARED, SEND),
            Mutant::lose(PARK, UNPARK),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::body("the wake precedes the data", the_wake_precedes_the_data),
        ],
        body: |witness| a_wake_is_one_more_poll(1, witness),
    },
    Model {
        name: "waking::of_two_wakes_none_is_lost_and_both_show_their_data",
        bound: None,
        executions: 164_228,
        witnesses: &["one poll", "two polls", "three polls"],
        mutants: &[
            Mutant::relaxed(WAKER, POST),
            Mutant::relaxed(WAKER, CLEAR),
            Mutant::lose(WAKER, CLEAR),
            Mutant::split(WAKER, CLEAR),
        ],
        body: |witness| a_wake_is_one_more_poll(2, witness),
    },
    Model {
        name: "waking::many_wakes_are_one_message",
        bound: None,
        executions: 30,
        witnesses: &[],
        mutants: &[Mutant::split(WAKER, POST)],
        body: many_wakes_are_one_message,
    },
    Model {
        name: "waking::messages_keep_the_order_of_their_sender_and_arrive_once",
        bound: Some(3),
        executions: 26_261,
        witnesses: &["the first sender first", "the second sender first", "mixed"],
        mutants: &[
            Mutant::lose(SHARED, SEND),
            Mutant::body("senders are ordered too", |_| {
                assert_ne!(order_of_polls(), ["third", "first", "second"]);
            }),
        ],
        body: messages_keep_the_order_of_their_sender,
    },
    Model {
        name: "waking::wakes_of_a_sleeping_loop_are_one_system_call",
        bound: Some(4),
        executions: 10_119,
        witnesses: &["no sleep", "one sleep", "two sleeps"],
        mutants: &[Mutant::split(PARK, UNPARK)],
        body: wakes_of_a_sleeping_loop_are_one_system_call,
    },
    Model {
        name: "waking::a_late_wake_does_nothing",
        bound: None,
        executions: 30,
        witnesses: &["while the task ended", "after it"],
        mutants: &[Mutant::body("the new task is woken", |witness| {
            late_wake(witness, |_ended, new| new.clone());
        })],
        body: |witness| late_wake(witness, |ended, _new| ended.clone()),
    },
    Model {
        name: "waking::a_future_is_dropped_once_on_its_own_thread_while_wakers_remain",
        bound: None,
        executions: 4_661,
        witnesses: &["ended"],
        mutants: &[Mutant::lose(SHARED, SEND)],
        body: a_future_is_dropped_once_on_its_own_thread,
    },
    Model {
        name: "waking::a_waker_outlives_its_loop_and_leaks_nothing",
        bound: None,
        executions: 12,
        witnesses: &["the message was returned or dropped"],
        mutants: &[
            Mutant::lose(CHANNEL, CLOSE),
            Mutant::body("the loop is forgotten", |witness| {
                a_waker_outlives_its_loop(witness, mem::forget);
            }),
        ],
        body: |witness| a_waker_outlives_its_loop(witness, drop),
    },
];

pub(crate) fn word() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

/// Makes an event loop, and a record of when the state that its wakers and handles share is
/// dropped.
pub(crate) fn probed_executor() -> (EventLoop, Drops) {
    let (shared, drops) = drop_probe();
    // The shared state keeps this function to its end. No socket calls it.
    let open = move || {
        let _shared = &shared;
        Err(std::io::Error::other("these models have no sockets"))
    };
    let config = Config { selector: Some(Box::new(open)), ..Config::default() };
    (EventLoop::new(config), drops)
}

/// Starts a thread that publishes data in a word, and then wakes a task.
pub(crate) fn publish_and_wake(waker: Waker, data: Arc<AtomicUsize>) -> JoinHandle<()> {
    spawn(move || {
        data.store(1, Ordering::Relaxed);
        waker.wake();
    })
}

/// wake‖poll. Each waking thread writes its own data. After a poll that has not seen the data of
/// all threads, the loop sleeps. A wake that finds the flag set by another wake sends no message,
/// and publishes its data by the swap of the flag. If a wake were lost, or its data not seen, the
/// loop would sleep for ever. (P1, P3)
fn a_wake_is_one_more_poll(wakes: usize, witness: &'static Witness) {
    let event_loop = EventLoop::new(Config::default());
    let data: Vec<_> = (0..wakes).map(|_| word()).collect();
    let mut threads = Vec::new();
    let mut polls = 0;
    event_loop.block_on(poll_fn(|cx| {
        if polls == 0 {
            threads.extend(
                data.iter().map(|data| publish_and_wake(cx.waker().clone(), Arc::clone(data))),
            );
        }
        polls += 1;
        let all_published = data.iter().all(|data| data.load(Ordering::Relaxed) == 1);
        if all_published { Poll::Ready(()) } else { Poll::Pending }
    }));
    match polls {
        1 => witness.saw("one poll"),
        2 => witness.saw("two polls"),
        3 => witness.saw("three polls"),
        _ => panic!("{polls} polls for {wakes} wakes"),
    }
    threads.into_iter().for_each(join);
}

fn the_wake_precedes_the_data(_: &'static Witness) {
    let event_loop = EventLoop::new(Config::default());
    let data = word();
    let mut teller = None;
    event_loop.block_on(poll_fn(|cx| {
        let (waker, late) = (cx.waker().clone(), Arc::clone(&data));
        teller.get_or_insert_with(|| {
            spawn(move || {
                waker.wake();
                late.store(1, Ordering::Relaxed);
            })
        });
        if data.load(Ordering::Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }));
    teller.into_iter().for_each(join);
}

/// Returns a future that records its waker at its first poll and ends at its second.
fn second_time(wakers: &Record<Waker>, end: impl FnOnce() + 'static) -> impl Future + 'static {
    let wakers = wakers.clone();
    let mut end = Some(end);
    let mut polled = false;
    poll_fn(move |cx| {
        if polled {
            end.take().expect("it is polled twice")();
            return Poll::Ready(());
        }
        polled = true;
        wakers.note(cx.waker().clone());
        Poll::Pending
    })
}

/// Four wakes between two turns make one message and one poll.
fn many_wakes_are_one_message(_: &'static Witness) {
    let event_loop = EventLoop::new(Config::default());
    let wakers = Record::new();
    event_loop.spawn(Metadata::here(), second_time(&wakers, || ())).detach();
    assert_eq!(event_loop.turn(Duration::ZERO).polled, 1);
    let [waker] = &wakers.take()[..] else { panic!("one task, one waker") };
    let threads = [0; 2].map(|_| {
        let waker = waker.clone();
        spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        })
    });
    threads.into_iter().for_each(join);
    let turn = event_loop.turn(Duration::ZERO);
    assert_eq!((turn.received, turn.polled, turn.tasks), (1, 1, 0));
}

/// Wakes three tasks from two threads, and returns the order of their polls. The first thread wakes
/// the first task and then the second task. The other thread wakes the third task.
fn order_of_polls() -> Vec<&'static str> {
    let event_loop = EventLoop::new(Config::default());
    let (wakers, order, mut tasks) = (Record::new(), Record::new(), Vec::new());
    for name in ["first", "second", "third"] {
        let order = order.clone();
        let task = second_time(&wakers, move || order.note(name));
        tasks.push(event_loop.spawn(Metadata::here(), task));
    }
    assert_eq!(event_loop.turn(Duration::ZERO).polled, 3);
    let mut wakers = wakers.take();
    let other = wakers.pop().expect("three wakers");
    let senders =
        [spawn(move || wakers.into_iter().for_each(Waker::wake)), spawn(move || other.wake())];
    for task in tasks {
        event_loop.block_on(task).expect("the task ended");
    }
    senders.into_iter().for_each(join);
    order.take()
}

fn messages_keep_the_order_of_their_sender(witness: &'static Witness) {
    match order_of_polls()[..] {
        ["first", "second", "third"] => witness.saw("the first sender first"),
        ["third", "first", "second"] => witness.saw("the second sender first"),
        ["first", "third", "second"] => witness.saw("mixed"),
        ref other => panic!("polled: {other:?}"),
    }
}

/// An observer that counts the sleeps of the loop.
struct Sleeps(Rc<Cell<usize>>);

impl Observer for Sleeps {
    fn parked(&self, _until: Option<std::time::Instant>) {
        self.0.set(self.0.get() + 1);
    }
}

/// All wakes together make at most one system call for each sleep of the loop.
fn wakes_of_a_sleeping_loop_are_one_system_call(witness: &'static Witness) {
    let sleeps = Rc::new(Cell::new(0));
    let observer = Box::new(Sleeps(Rc::clone(&sleeps)));
    let event_loop = EventLoop::new(Config { observer: Some(observer), ..Config::default() });
    let data = [word(), word()];
    let mut threads = Vec::new();
    event_loop.block_on(poll_fn(|cx| {
        if threads.is_empty() {
            threads.extend(
                data.iter().map(|data| publish_and_wake(cx.waker().clone(), Arc::clone(data))),
            );
        }
        let all_published = data.iter().all(|data| data.load(Ordering::Relaxed) == 1);
        if all_published { Poll::Ready(()) } else { Poll::Pending }
    }));
    threads.into_iter().for_each(join);
    assert!(unparks() <= sleeps.get(), "{} calls for {} sleeps", unparks(), sleeps.get());
    witness.saw(match sleeps.get() {
        0 => "no sleep",
        1 => "one sleep",
        _ => "two sleeps",
    });
}

/// wake‖complete. A task has ended, and a new task is in its slot, when another thread wakes the
/// old task. The new task is polled only once. (P22, P32)
fn late_wake(witness: &'static Witness, choose: fn(&Waker, &Waker) -> Waker) {
    let event_loop = EventLoop::new(Config::default());
    let wakers = Record::new();
    let ended = wakers.clone();
    let task = event_loop.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            ended.note(cx.waker().clone());
            Poll::Ready(())
        }),
    );
    let _ = event_loop.turn(Duration::ZERO);
    assert!(task.is_finished());
    let polls = Rc::new(Cell::new(0));
    let new = {
        let (polls, wakers) = (Rc::clone(&polls), wakers.clone());
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            wakers.note(cx.waker().clone());
            Poll::<()>::Pending
        })
    };
    event_loop.spawn(Metadata::here(), new).detach();
    let _ = event_loop.turn(Duration::ZERO);
    let [ended, new] = &wakers.take()[..] else { panic!("two tasks") };
    let waker = choose(ended, new);
    let late = spawn(move || waker.wake());
    let early = event_loop.turn(Duration::ZERO);
    join(late);
    let after = event_loop.turn(Duration::ZERO);
    assert_eq!(early.received + after.received, 1);
    assert_eq!(polls.get(), 1, "no wake reached the new task");
    witness.saw(if early.received == 1 { "while the task ended" } else { "after it" });
}

/// Two threads clone, wake and drop wakers while the task ends. (P20, P22, P23)
fn a_future_is_dropped_once_on_its_own_thread(witness: &'static Witness) {
    let (event_loop, shared) = probed_executor();
    let (value, drops) = drop_probe();
    let threads = Record::new();
    let started = threads.clone();
    let mut is_first = true;
    let task = event_loop.spawn(
        Metadata::here(),
        poll_fn(move |cx| {
            let _alive = &value;
            if !mem::replace(&mut is_first, false) {
                return Poll::Ready(());
            }
            let (first, second) = (cx.waker().clone(), cx.waker().clone());
            started.note(spawn(move || {
                let clone = first.clone();
                drop(first);
                clone.wake();
            }));
            started.note(spawn(move || second.wake_by_ref()));
            Poll::Pending
        }),
    );
    event_loop.block_on(task).expect("the task ended");
    drops.assert_one_here();
    witness.saw("ended");
    threads.take().into_iter().for_each(join);
    drop(event_loop);
    shared.assert_one();
}

/// loop dropped‖wake. A wake returns at every stage of the drop. Once the loop and all wakers are
/// dropped, the state that they shared is dropped, too. (P19, P20, P24)
fn a_waker_outlives_its_loop(witness: &'static Witness, end: fn(EventLoop)) {
    let (event_loop, shared) = probed_executor();
    let (value, drops) = drop_probe();
    let wakers = Record::new();
    let waker_out = wakers.clone();
    let task = async move {
        let _alive = value;
        poll_fn(|cx| {
            waker_out.note(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
        pending::<()>().await;
    };
    event_loop.spawn(Metadata::here(), task).detach();
    let _ = event_loop.turn(Duration::ZERO);
    let waker = wakers.take().pop().expect("one task");
    let late = spawn({
        let waker = waker.clone();
        move || {
            waker.wake_by_ref();
            waker.wake();
        }
    });
    end(event_loop);
    drops.assert_one_here();
    join(late);
    waker.wake();
    drop(wakers);
    shared.assert_one();
    witness.saw("the message was returned or dropped");
}
