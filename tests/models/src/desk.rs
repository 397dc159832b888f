//! The desk of a blocking stream: the source of `aside`, `src/io/unblock/command_queue.rs`, as it ships.
//!
//! All of it is one mutex, which no mutant can break; its mutants are toy desks with the bug that
//! the real one must not have, and the toy without it, which passes.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use runtime_core::park::Parker;
use runtime_core::sync::Mutex;
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread::JoinHandle;

use crate::facade::{join, spawn};
use crate::model::{Model, Mutant};
use crate::mortal::{Mortal, mortal};

#[path = "../../../src/io/unblock/command_queue.rs"]
#[expect(dead_code, reason = "the models need a part of it")]
mod shipped;

use shipped::{Clerk, Desk, Heard, Keeping, Order, Summons, Then, Unheard, Urgency};

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "desk::no_order_is_stranded_and_replies_keep_their_order",
        bound: None,
        executions: 1_967,
        witnesses: &["one job did all", "a job for each"],
        mutants: &[
            Mutant::body("the job looks, and then leaves the object", |_| {
                toy(Bug::LooksThenLeaves)
            }),
            Mutant::body("the task looks, and then registers", |_| toy(Bug::LooksThenRegisters)),
        ],
        body: no_order_is_stranded_and_replies_keep_their_order,
    },
    Model {
        name: "desk::the_toy_without_a_mistake_passes",
        bound: None,
        executions: 950,
        witnesses: &[],
        mutants: &[],
        body: |_| toy(Bug::None),
    },
    Model {
        name: "desk::the_toy_that_recalls_passes",
        bound: None,
        executions: 48,
        witnesses: &[],
        mutants: &[],
        body: |_| toy_recall(Silence::Never),
    },
    Model {
        name: "desk::nothing_slips_in_behind_a_reply_that_halts",
        bound: None,
        executions: 150,
        witnesses: &["sent back", "dropped with the first"],
        mutants: &[Mutant::body("orders are not sent back", the_task_does_not_care)],
        body: |witness| nothing_slips_in_behind_a_reply_that_halts(Care::Hears, Some(witness)),
    },
    Model {
        name: "desk::an_object_whose_task_leaves_is_dropped_once",
        bound: None,
        executions: 23,
        witnesses: &["by the job", "by the task"],
        mutants: &[Mutant::body("what is due is given as if it were ahead", all_is_given_ahead)],
        body: |witness| {
            an_object_whose_task_leaves_is_dropped_once(Urgency::Due, Some(witness));
        },
    },
    Model {
        name: "desk::a_job_that_never_began_leaves_object_and_orders",
        bound: None,
        executions: 30,
        witnesses: &["the task was asleep", "the task had not looked"],
        mutants: &[Mutant::body("it is dropped without a word", dropped_without_a_word)],
        body: |witness| a_job_that_never_began_leaves_object_and_orders(Some(witness)),
    },
    Model {
        name: "desk::what_a_desk_keeps_is_carried_out_once_though_no_job_begins",
        bound: None,
        executions: 9,
        witnesses: &["by who dropped the job", "by the task"],
        mutants: &[Mutant::body("the desk drops it", |_| {
            carried_out_without_a_job(Keeping::Drops, None)
        })],
        body: |witness| carried_out_without_a_job(Keeping::Keeps, Some(witness)),
    },
    Model {
        name: "desk::a_recall_frees_who_waits_for_the_object",
        bound: None,
        executions: 108,
        witnesses: &["before it began", "too late"],
        mutants: &[Mutant::body("a job that did nothing ends without a word", |_| {
            toy_recall(Silence::AfterNothing);
        })],
        body: a_recall_frees_who_waits_for_the_object,
    },
];

type Count = Desk<u32, u32>;

fn add() -> Order<u32, u32> {
    Box::new(|count| {
        *count += 1;
        (*count, Then::GoOn)
    })
}

/// A thread that works as a clerk: what the pool does.
fn work<T: Send + 'static, R: Send + 'static>(desk: &Arc<Desk<T, R>>) -> JoinHandle<()> {
    let clerk = Clerk::new(desk);
    spawn(move || clerk.work())
}

/// Hears until there is news, sleeping meanwhile.
fn hear<T, R>(desk: &Desk<T, R>, parker: &Arc<Parker>, inbox: &mut VecDeque<R>) -> Heard {
    let waker = Waker::from(Arc::clone(parker));
    loop {
        if let Poll::Ready(heard) = desk.listen(&mut Context::from_waker(&waker), inbox) {
            return heard;
        }
        let _ = parker.park(None);
    }
}

/// order‖next: the second order comes at any moment of the first one's job. It finds a job that
/// will see it, or the object at home, and then a second job is called. Were it between the two,
/// its reply would never come.
fn no_order_is_stranded_and_replies_keep_their_order(witness: &'static Witness) {
    let desk = Arc::new(Count::new(0, Keeping::Drops));
    let parker = Arc::new(Parker::new());
    let mut jobs = Vec::new();
    for _ in 0..2 {
        match desk.order(Urgency::Due, add()).expect("nothing halts") {
            Summons::Submit => jobs.push(work(&desk)),
            Summons::None => {}
        }
    }
    witness.saw(if jobs.len() == 1 { "one job did all" } else { "a job for each" });
    let mut inbox = VecDeque::new();
    while inbox.len() < 2 {
        assert_eq!(hear(&desk, &parker, &mut inbox), Heard::Replies);
    }
    assert_eq!(inbox, [1, 2]);
    assert_eq!(hear(&desk, &parker, &mut inbox), Heard::Idle);
    jobs.into_iter().for_each(join);
}

/// What the task does with an order that is sent back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    Hears,
    GivesAgain,
}

/// A write that fails, and one that is accepted at any moment round it: the second is either
/// dropped with the first, or sent back until the first was heard. It is never carried out unheard.
fn nothing_slips_in_behind_a_reply_that_halts(care: Care, witness: Option<&'static Witness>) {
    let desk = Arc::new(Desk::<(), bool>::new((), Keeping::Drops));
    let parker = Arc::new(Parker::new());
    let done = Record::new();
    let notes = done.clone();
    let Ok(Summons::Submit) = desk.order(Urgency::Due, Box::new(|()| (false, Then::DropAll)))
    else {
        panic!("the object is at home")
    };
    let mut jobs = vec![work(&desk)];
    let mut inbox = VecDeque::new();
    let second: Order<(), bool> = Box::new(move |()| {
        notes.note(());
        (true, Then::GoOn)
    });
    match desk.order(Urgency::Due, second) {
        Err(Unheard) if care == Care::Hears => saw(witness, "sent back"),
        Err(Unheard) => {
            // Takes the replies for nothing that concerns it.
            let _ = hear(&desk, &parker, &mut inbox);
            let notes = done.clone();
            let again = Box::new(move |(): &mut ()| {
                notes.note(());
                (true, Then::GoOn)
            });
            if let Ok(Summons::Submit) = desk.order(Urgency::Due, again) {
                jobs.push(work(&desk));
            }
        }
        Ok(Summons::None) => saw(witness, "dropped with the first"),
        Ok(Summons::Submit) => panic!("the failure was slipped past"),
    }
    while hear(&desk, &parker, &mut inbox) == Heard::Replies {}
    assert_eq!(inbox, [false]);
    assert!(done.is_empty());
    jobs.into_iter().for_each(join);
}

fn the_task_does_not_care(_: &'static Witness) {
    nothing_slips_in_behind_a_reply_that_halts(Care::GivesAgain, None);
}

fn saw(witness: Option<&'static Witness>, what: &'static str) {
    if let Some(witness) = witness {
        witness.saw(what);
    }
}

/// The stream is dropped while its job works: what was due is carried out all the same, and who has
/// the object then, drops it.
fn an_object_whose_task_leaves_is_dropped_once(
    urgency: Urgency,
    witness: Option<&'static Witness>,
) {
    let (object, deaths) = mortal();
    let desk = Arc::new(Desk::<Mortal, ()>::new(object, Keeping::Drops));
    let written = Record::new();
    let notes = written.clone();
    let write: Order<Mortal, ()> = Box::new(move |_| {
        notes.note(());
        ((), Then::GoOn)
    });
    let read: Order<Mortal, ()> = Box::new(|_| ((), Then::GoOn));
    let _ = desk.order(urgency, write).expect("nothing halts");
    let _ = desk.order(Urgency::Ahead, read).expect("nothing halts");
    let job = work(&desk);
    desk.recall();
    let object = desk.take_object();
    let was_home = object.is_some();
    drop((object, desk));
    join(job);
    deaths.assert_one();
    assert_eq!(deaths.were_here(), was_home);
    assert_eq!(written.len(), 1, "what is due is carried out");
    saw(witness, if was_home { "by the task" } else { "by the job" });
}

fn all_is_given_ahead(_: &'static Witness) {
    an_object_whose_task_leaves_is_dropped_once(Urgency::Ahead, None);
}

/// strand‖listen: a job that was submitted is dropped unrun. The task hears of it, whether it
/// sleeps or not, and the next job does what was ordered.
fn a_job_that_never_began_leaves_object_and_orders(witness: Option<&'static Witness>) {
    let desk = Arc::new(Count::new(0, Keeping::Drops));
    let parker = Arc::new(Parker::new());
    assert_eq!(desk.order(Urgency::Due, add()).expect("nothing halts"), Summons::Submit);
    let clerk = Clerk::new(&desk);
    let dropper = spawn(move || match witness {
        Some(_) => drop(clerk),
        None => mem::forget(clerk),
    });
    let waker = Waker::from(Arc::clone(&parker));
    let mut inbox = VecDeque::new();
    match desk.listen(&mut Context::from_waker(&waker), &mut inbox) {
        Poll::Ready(heard) => {
            assert_eq!(heard, Heard::Stranded);
            saw(witness, "the task had not looked");
        }
        Poll::Pending => {
            let _ = parker.park(None);
            assert_eq!(hear(&desk, &parker, &mut inbox), Heard::Stranded);
            saw(witness, "the task was asleep");
        }
    }
    join(dropper);
    assert_eq!(desk.rouse(), Summons::Submit, "the order is still there");
    Clerk::new(&desk).work();
    assert_eq!(hear(&desk, &parker, &mut inbox), Heard::Replies);
    assert_eq!(inbox, [1]);
}

fn dropped_without_a_word(_: &'static Witness) {
    a_job_that_never_began_leaves_object_and_orders(None);
}

/// strand‖leave: the job is dropped unrun while the stream is dropped, and so is the job that the
/// leaving task calls. Whoever lets go of the desk last carries out what is due.
fn carried_out_without_a_job(keeping: Keeping, witness: Option<&'static Witness>) {
    let (object, deaths) = mortal();
    let desk = Arc::new(Desk::<Mortal, ()>::new(object, keeping));
    let written = Record::new();
    let notes = written.clone();
    let write: Order<Mortal, ()> = Box::new(move |_| {
        notes.note(());
        ((), Then::GoOn)
    });
    assert_eq!(desk.order(Urgency::Due, write).expect("nothing halts"), Summons::Submit);
    let clerk = Clerk::new(&desk);
    let dropper = spawn(move || drop(clerk));
    desk.recall();
    if desk.rouse_at_last() == Summons::Submit {
        drop(Clerk::new(&desk));
    }
    drop(desk);
    join(dropper);
    deaths.assert_one();
    assert_eq!(written.len(), 1, "what is due is carried out");
    saw(witness, if deaths.were_here() { "by the task" } else { "by who dropped the job" });
}

/// recall‖begin: who takes its orders back and waits for the object is woken also by a job that
/// finds nothing to do, and so has no reply.
fn a_recall_frees_who_waits_for_the_object(witness: &'static Witness) {
    let desk = Arc::new(Count::new(0, Keeping::Drops));
    let parker = Arc::new(Parker::new());
    assert_eq!(desk.order(Urgency::Ahead, add()).expect("nothing halts"), Summons::Submit);
    let job = work(&desk);
    desk.recall();
    let mut inbox = VecDeque::new();
    while hear(&desk, &parker, &mut inbox) == Heard::Replies {}
    witness.saw(if inbox.is_empty() { "before it began" } else { "too late" });
    assert_eq!(desk.take_object(), Some(inbox.len() as u32));
    join(job);
}

/// The mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// A job that finds no order puts the object down in a second step.
    LooksThenLeaves,
    /// A task that finds no reply has itself woken in a second step.
    LooksThenRegisters,
}

/// A desk as one might first write it: whether the object is home, the orders, the replies.
#[derive(Default)]
struct Toy {
    state: Mutex<Toys>,
}

#[derive(Default)]
struct Toys {
    is_away: bool,
    orders: usize,
    replies: usize,
    awaiter: Option<Waker>,
}

fn toy(bug: Bug) {
    let desk = Arc::new(Toy::default());
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let mut state = desk.state.lock();
        state.orders += 1;
        let is_home = !state.is_away;
        state.is_away = true;
        drop(state);
        if is_home {
            let desk = Arc::clone(&desk);
            jobs.push(spawn(move || toy_job(&desk, bug)));
        }
    }
    let parker = Arc::new(Parker::new());
    loop {
        let waker = Waker::from(Arc::clone(&parker));
        let mut state = desk.state.lock();
        if state.replies == 2 {
            break;
        }
        if bug == Bug::LooksThenRegisters {
            drop(state);
            state = desk.state.lock();
        }
        state.awaiter = Some(waker);
        drop(state);
        let _ = parker.park(None);
    }
    jobs.into_iter().for_each(join);
}

fn toy_job(desk: &Toy, bug: Bug) {
    let mut done = 0;
    loop {
        let mut state = desk.state.lock();
        state.replies += done;
        let awaiter = if done == 0 { None } else { state.awaiter.take() };
        let has_order = state.orders > 0;
        if has_order {
            state.orders -= 1;
        } else if bug != Bug::LooksThenLeaves {
            state.is_away = false;
        }
        drop(state);
        if let Some(awaiter) = awaiter {
            awaiter.wake();
        }
        if !has_order {
            break;
        }
        done = 1;
    }
    if bug == Bug::LooksThenLeaves {
        desk.state.lock().is_away = false;
    }
}

/// Whether a job that has found no order says that it has been there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Silence {
    Never,
    AfterNothing,
}

/// The toy's task takes its order back, and waits for the object.
fn toy_recall(silence: Silence) {
    let desk = Arc::new(Toy::default());
    {
        let mut state = desk.state.lock();
        state.is_away = true;
        state.orders = 1;
    }
    let theirs = Arc::clone(&desk);
    let job = spawn(move || {
        let mut state = theirs.state.lock();
        let found = mem::take(&mut state.orders);
        state.is_away = false;
        let is_silent = found == 0 && silence == Silence::AfterNothing;
        let awaiter = if is_silent { None } else { state.awaiter.take() };
        drop(state);
        if let Some(awaiter) = awaiter {
            awaiter.wake();
        }
    });
    desk.state.lock().orders = 0;
    let parker = Arc::new(Parker::new());
    loop {
        let waker = Waker::from(Arc::clone(&parker));
        let mut state = desk.state.lock();
        if !state.is_away {
            break;
        }
        state.awaiter = Some(waker);
        drop(state);
        let _ = parker.park(None);
    }
    join(job);
}
