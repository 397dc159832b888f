//! Who watches what this thread waits for.
//!
//! A worker of a pool that blocks on a job of the same pool may wait for ever, when no thread is
//! left to run that job. The pool could see it, but it is the executor that blocks; here the two
//! meet. The worker [installs](install) a [`Watch`] for its thread. Whoever is about to put that
//! thread to sleep, and knows that the end of one job is all that can wake it, [says
//! so](falls_asleep).
//!
//! How it is known: the sleeper has two wakers. One goes with the poll, as ever; but a job's cell
//! that is polled with it, on this thread, keeps the other one, the *bell*, and its number is
//! noted ([`noting`]). So if nobody has a clone of the first, and of the bell there is one clone,
//! that clone is in the cell of the job that was noted, if only one was; and nothing else can wake
//! the thread. Clones that are elsewhere (in a timer, a channel, another thread) show in the count.
//!
//! A thread that nobody watches pays a look at a thread-local for each waker it leaves in a cell.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::ptr;
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::metadata::Id;
use crate::sync::thread_local_const;

/// Is told when the thread for which it was [installed](install) waits for a job.
pub trait Watch {
    /// The thread is about to sleep, and the end of this job is all that can wake it.
    fn falls_asleep(&self, job: Awaited);

    /// The thread is awake again, or has not slept after all.
    fn wakes_up(&self);
}

/// A pool's number, to tell whose a job is. Two pools may have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolNumber(NonZeroU32);

impl PoolNumber {
    /// The number that this count of pools comes to.
    pub fn new(number: u64) -> PoolNumber {
        // Four thousand million pools later the numbers come again.
        let number = u32::try_from(number % u64::from(u32::MAX)).unwrap_or(0);
        PoolNumber(NonZeroU32::MIN.saturating_add(number))
    }
}

/// A job that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Its number.
    pub id: Id,
    /// Its pool.
    pub pool: PoolNumber,
}

/// The jobs whose cells have been given a bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// None.
    Nothing,
    /// This one alone, as often as it may be.
    One(Awaited),
    /// More than one.
    Several,
}

thread_local_const! {
    /// The data of the waker in whose place a job's cell is given the bell; null if there is none.
    static EXPECTED: Cell<*const ()> = Cell::new(ptr::null())
}
thread_local_const! {
    static HERE: RefCell<Here> = RefCell::new(Here { watch: None, poll: None })
}

struct Here {
    watch: Option<Rc<dyn Watch>>,
    /// The poll that is being noted, the innermost.
    poll: Option<Poll>,
}

struct Poll {
    bell: Waker,
    noted: Noted,
}

// ---- who watches ----

/// Has this thread watched until the guard is dropped, which has to be before the thread ends.
pub fn install(watch: Rc<dyn Watch>) -> Installed {
    HERE.with(|here| here.borrow_mut().watch = Some(watch));
    Installed(())
}

/// Keeps a [`Watch`] in place.
#[derive(Debug)]
#[must_use = "the thread is watched until it is dropped"]
pub struct Installed(());

impl Drop for Installed {
    fn drop(&mut self) {
        let watch = HERE.with(|here| here.borrow_mut().watch.take());
        drop(watch);
    }
}

// ---- who sleeps ----

/// Whether somebody watches this thread.
pub fn is_watched() -> bool {
    HERE.with(|here| here.borrow().watch.is_some())
}

/// Calls `poll`. A job's cell that is polled with `waker` meanwhile, on this thread, is given a
/// clone of `bell` instead, which must do what `waker` does; the job is added to `noted`.
pub fn noting<R>(waker: &Waker, bell: &Waker, noted: &mut Noted, poll: impl FnOnce() -> R) -> R {
    let inner = Poll { bell: bell.clone(), noted: *noted };
    let outer = HERE.with(|here| here.borrow_mut().poll.replace(inner));
    let expected = EXPECTED.with(|expected| expected.replace(waker.data()));
    let _noting = Noting { outer, expected, noted };
    poll()
}

/// Ends the noting, also by a panic.
struct Noting<'a> {
    outer: Option<Poll>,
    expected: *const (),
    noted: &'a mut Noted,
}

impl Drop for Noting<'_> {
    fn drop(&mut self) {
        EXPECTED.with(|expected| expected.set(self.expected));
        let outer = self.outer.take();
        let inner = HERE.with(|here| std::mem::replace(&mut here.borrow_mut().poll, outer));
        if let Some(inner) = inner {
            *self.noted = inner.noted;
        }
    }
}

/// Says that this thread is about to sleep, and that only the end of this job can wake it.
pub fn falls_asleep(job: Awaited) {
    if let Some(watch) = HERE.with(|here| here.borrow().watch.clone()) {
        watch.falls_asleep(job);
    }
}

/// Says that it is awake again.
pub fn wakes_up() {
    if let Some(watch) = HERE.with(|here| here.borrow().watch.clone()) {
        watch.wakes_up();
    }
}

// ---- who is awaited ----

/// The waker that a job's cell is to keep.
#[inline]
pub(crate) fn waker_for(cx: &Context<'_>, id: Id, pool: Option<PoolNumber>) -> Waker {
    if let Some(pool) = pool {
        let expected = EXPECTED.with(|expected| expected.get());
        if !expected.is_null()
            && expected == cx.waker().data()
            && let Some(bell) = bell_for(Awaited { id, pool })
        {
            return bell;
        }
    }
    cx.waker().clone()
}

#[cold]
fn bell_for(job: Awaited) -> Option<Waker> {
    HERE.with(|here| {
        let mut here = here.borrow_mut();
        let poll = here.poll.as_mut()?;
        poll.noted = match poll.noted {
            Noted::Nothing => Noted::One(job),
            Noted::One(other) if other == job => Noted::One(job),
            Noted::One(_) | Noted::Several => Noted::Several,
        };
        Some(poll.bell.clone())
    })
}
