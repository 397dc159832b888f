//! Models of the wake set of a group (`WakeSet`): with one word, with several levels of words of
//! two bits each, and in a group on a loop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use aside::gather;
use runtime_core::park::{Parker, Unparked};
use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness};
use runtime_executor::{Config, EventLoop};

use crate::drop_probe::{DropProbe, drop_probe};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::{publish_and_wake, word};

#[path = "../../../src/gather/wake_set.rs"]
mod shipped;

use shipped::{AfterVisit, Visit, WakeSet};

const WAKE_SET: &str = "src/gather/wake_set.rs";
const MARK: &str = "words[word].fetch_or(1 << bit";
const MARK_ROOT: &str = "self.root.fetch_or(1 << index";
const ATTEND: &str = "self.root.swap(ATTENDED";
const LEAVE: &str = "self.root.fetch_and(!ATTENDED";
const DESCEND: &str = "set.levels[level][word].swap(0";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "gather::a_woken_child_is_polled_and_sees_the_write_before_its_wake",
        bound: None,
        executions: 48,
        witnesses: &["one poll", "two polls"],
        mutants: &[
            Mutant::relaxed(WAKE_SET, MARK_ROOT),
            Mutant::split(WAKE_SET, MARK_ROOT),
            Mutant::relaxed(WAKE_SET, ATTEND),
            Mutant::split(WAKE_SET, ATTEND),
            Mutant::split(WAKE_SET, LEAVE),
            Mutant::lose(WAKE_SET, LEAVE),
        ],
        body: |witness| children_are_woken::<64>(&[0], witness),
    },
    Model {
        name: "gather::of_two_children_none_is_lost",
        bound: None,
        executions: 45_838,
        witnesses: &["one poll", "two polls", "three polls"],
        mutants: &[Mutant::split(WAKE_SET, MARK_ROOT), Mutant::relaxed(WAKE_SET, MARK_ROOT)],
        body: |witness| children_are_woken::<64>(&[0, 1], witness),
    },
    Model {
        name: "gather::a_redundant_wake_publishes_the_write_before_it",
        bound: Some(4),
        executions: 10_675,
        witnesses: &["one poll", "two polls", "three polls"],
        mutants: &[Mutant::relaxed(WAKE_SET, MARK_ROOT), Mutant::relaxed(WAKE_SET, ATTEND)],
        body: |witness| children_are_woken::<64>(&[0, 0], witness),
    },
    Model {
        name: "gather::through_two_levels_none_is_lost",
        bound: None,
        executions: 48,
        witnesses: &["one poll", "two polls"],
        mutants: &[
            Mutant::lose(WAKE_SET, MARK),
            Mutant::lose(WAKE_SET, MARK_ROOT),
            Mutant::split(WAKE_SET, MARK_ROOT),
            Mutant::split(WAKE_SET, ATTEND),
        ],
        body: |witness| children_are_woken::<2>(&[2], witness),
    },
    Model {
        name: "gather::of_two_in_one_word_of_two_levels_none_is_lost",
        bound: None,
        executions: 118_232,
        witnesses: &["one poll", "two polls", "three polls"],
        mutants: &[
            Mutant::split(WAKE_SET, MARK),
            Mutant::split(WAKE_SET, DESCEND),
            Mutant::relaxed(WAKE_SET, MARK),
        ],
        body: |witness| children_are_woken::<2>(&[0, 1], witness),
    },
    Model {
        name: "gather::of_two_in_two_words_none_is_lost",
        bound: None,
        executions: 45_838,
        witnesses: &["one poll", "two polls", "three polls"],
        mutants: &[Mutant::split(WAKE_SET, MARK_ROOT)],
        body: |witness| children_are_woken::<2>(&[0, 2], witness),
    },
    Model {
        name: "gather::a_child_woken_again_and_again_is_polled_after_the_last_wake",
        bound: None,
        executions: 9_846,
        witnesses: &["one poll", "two polls", "three polls", "more polls"],
        mutants: &[
            Mutant::relaxed(WAKE_SET, DESCEND),
            Mutant::relaxed(WAKE_SET, MARK),
            Mutant::split(WAKE_SET, DESCEND),
        ],
        body: a_child_is_woken_again_and_again,
    },
    Model {
        name: "gather::a_new_awaiting_task_is_the_one_woken",
        bound: None,
        executions: 69,
        witnesses: &["seen by its poll", "woken"],
        mutants: &[
            Mutant::lose(WAKE_SET, LEAVE),
            Mutant::body("the waker is left after the visit began", |witness| {
                a_new_awaiting_task(Registers::Late, witness);
            }),
        ],
        body: |witness| a_new_awaiting_task(Registers::First, witness),
    },
    Model {
        name: "gather::a_retired_set_keeps_no_task",
        bound: None,
        executions: 4,
        witnesses: &["woken in time", "not woken"],
        mutants: &[Mutant::body("it is not retired", |witness| {
            a_retired_set_keeps_no_task(|_| (), witness);
        })],
        body: |witness| a_retired_set_keeps_no_task(WakeSet::retire, witness),
    },
    Model {
        name: "gather::a_group_on_a_loop_ends_when_its_children_were_woken",
        bound: None,
        executions: 65_679,
        witnesses: &["ended"],
        mutants: &[
            Mutant::relaxed(WAKE_SET, MARK_ROOT),
            Mutant::relaxed(WAKE_SET, ATTEND),
            Mutant::split(WAKE_SET, LEAVE),
        ],
        body: a_group_on_a_loop_ends,
    },
];

/// A group: the wake set, the state of the poll, and the parker of the task that polls it.
struct Group<const BITS: usize> {
    set: Arc<WakeSet<BITS>>,
    visit: Visit<BITS>,
    parker: Arc<Parker>,
    polls: usize,
}

impl<const BITS: usize> Group<BITS> {
    /// A group of four children, with a registered task.
    fn new() -> Group<BITS> {
        let set = Arc::new(WakeSet::new(4));
        let parker = Arc::new(Parker::new());
        set.register(&Arc::new(Waker::from(Arc::clone(&parker))));
        Group { set, visit: Visit::default(), parker, polls: 0 }
    }

    fn child_waker(&self, child: usize) -> Waker {
        self.set.child_waker(child)
    }

    /// Polls the woken children until `is_over` returns true, and parks between two polls.
    fn run(&mut self, mut poll: impl FnMut(usize), mut is_over: impl FnMut() -> bool) {
        loop {
            self.polls += 1;
            self.set.attend(&mut self.visit);
            let mut last = None;
            while let Some(child) = self.visit.next(&self.set) {
                assert!(last < Some(child), "each child is visited once, the lowest first");
                last = Some(child);
                poll(child);
            }
            let after = self.set.leave();
            if is_over() {
                return;
            }
            match after {
                AfterVisit::WakeAgain => {}
                AfterVisit::Sleep => assert_eq!(self.parker.park(None), Unparked::Notified),
            }
        }
    }

    fn testify(&self, witness: &'static Witness) {
        witness.saw(match self.polls {
            1 => "one poll",
            2 => "two polls",
            3 => "three polls",
            _ => "more polls",
        });
    }
}

/// wake‖poll, with one thread for each wake. Each thread writes before it wakes its child, even if
/// the child is already marked as woken. A child that is polled sees such a write. If a wake were
/// lost, the group would sleep for ever. (P1, P3, P78)
fn children_are_woken<const BITS: usize>(children: &[usize], witness: &'static Witness) {
    let mut group = Group::<BITS>::new();
    let news: Vec<_> = children.iter().map(|&child| (child, word())).collect();
    let threads = news
        .iter()
        .map(|(child, news)| publish_and_wake(group.child_waker(*child), Arc::clone(news)));
    let threads: Vec<_> = threads.collect();
    let mut seen_writes = vec![false; children.len()];
    let seen = std::cell::RefCell::new(&mut seen_writes);
    group.run(
        |child| {
            let mut seen = seen.borrow_mut();
            let mut has_news = false;
            for (index, (woken, news)) in news.iter().enumerate() {
                if *woken == child && news.load(Ordering::Relaxed) == 1 {
                    seen[index] = true;
                    has_news = true;
                }
            }
            assert!(has_news, "child {child} is polled without news");
        },
        || seen.borrow().iter().all(|&is_seen| is_seen),
    );
    let wakes = children.len();
    assert!(group.polls <= wakes + 1, "{} polls for {wakes} wakes", group.polls);
    group.testify(witness);
    threads.into_iter().for_each(join);
}

/// A thread wakes a child of a set with two levels twice, each time after a write. The poll itself
/// wakes the child whose bit is in the same word.
fn a_child_is_woken_again_and_again(witness: &'static Witness) {
    let mut group = Group::<2>::new();
    let news = word();
    let thread = spawn({
        let (waker, news) = (group.child_waker(0), Arc::clone(&news));
        move || {
            for count in 1..=2 {
                news.store(count, Ordering::Relaxed);
                waker.wake_by_ref();
            }
        }
    });
    let own = group.child_waker(1);
    let last = AtomicUsize::new(0);
    let mut is_first = true;
    group.run(
        |child| {
            if child == 0 {
                last.store(news.load(Ordering::Relaxed), Ordering::Relaxed);
                if std::mem::take(&mut is_first) {
                    own.wake_by_ref();
                }
            }
        },
        || last.load(Ordering::Relaxed) == 2,
    );
    group.testify(witness);
    join(thread);
}

enum Registers {
    First,
    Late,
}

/// A waker that records its name when it is woken, and unparks the thread.
struct Task(&'static str, Record<&'static str>, Arc<Parker>);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.1.note(self.0);
        self.2.unpark();
    }
}

/// The group moves to another task between two polls. A wake during or after the second poll is
/// seen by that poll, or wakes the second task.
fn a_new_awaiting_task(registers: Registers, witness: &'static Witness) {
    let set = Arc::new(WakeSet::<64>::new(2));
    let woken = Record::new();
    let parker = Arc::new(Parker::new());
    let task = |name| {
        let waker = Waker::from(Arc::new(Task(name, woken.clone(), Arc::clone(&parker))));
        Arc::new(waker)
    };
    let mut visit = Visit::default();
    let first = task("first");
    set.register(&first);
    set.attend(&mut visit);
    assert_eq!((visit.next(&set), set.leave()), (None, AfterVisit::Sleep));
    let child = set.child_waker(1);
    // From now on, only the set owns the first task's waker.
    drop(first);
    let waker = spawn(move || child.wake());
    let second = task("second");
    if let Registers::First = registers {
        set.register(&second);
    }
    set.attend(&mut visit);
    let mut seen = visit.next(&set).is_some();
    let after = set.leave();
    if let Registers::Late = registers {
        set.register(&second);
    }
    seen |= after == AfterVisit::WakeAgain;
    if seen {
        witness.saw("seen by its poll");
    } else {
        while !woken.take().contains(&"second") {
            let _ = parker.park(None);
        }
        witness.saw("woken");
    }
    join(waker);
}

/// A waker that owns a value, as a task's waker owns the task.
struct Keeper {
    _task: DropProbe,
    woken: Record<()>,
}

impl Wake for Keeper {
    fn wake(self: Arc<Self>) {
        self.woken.note(());
    }
}

/// A child's waker is used after the group has ended. The retired set does not hold the task's
/// waker any more, so the task is dropped. (P32)
fn a_retired_set_keeps_no_task(retire: fn(&WakeSet), witness: &'static Witness) {
    let set = Arc::new(WakeSet::new(2));
    let (value, drops) = drop_probe();
    let woken = Record::new();
    let task = Keeper { _task: value, woken: woken.clone() };
    let task = Arc::new(Waker::from(Arc::new(task)));
    set.register(&task);
    let child = set.child_waker(0);
    drop(task);
    let late = child.clone();
    let waker = spawn(move || late.wake());
    retire(&set);
    drop(set);
    join(waker);
    drops.assert_one();
    child.wake();
    witness.saw(if woken.is_empty() { "not woken" } else { "woken in time" });
    assert!(woken.len() <= 1);
}

/// A group of two children runs on a loop, and a separate thread wakes each child.
fn a_group_on_a_loop_ends(witness: &'static Witness) {
    let executor = EventLoop::new(Config::default());
    let threads = Record::new();
    let child = || {
        let (news, started) = (word(), threads.clone());
        let mut is_first = true;
        poll_fn(move |cx| {
            if std::mem::take(&mut is_first) {
                started.note(publish_and_wake(cx.waker().clone(), Arc::clone(&news)));
            }
            if news.load(Ordering::Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
        })
    };
    executor.block_on(gather((child(), child())));
    witness.saw("ended");
    threads.take().into_iter().for_each(join);
}
