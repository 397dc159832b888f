//! The faults of a round. The faults raise panics without calling the panic hook, which would print
//! every panic.

use std::cell::RefCell;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::thread;

use runtime_blocking::PoolBuilder;
use runtime_core::sync::Mutex;

use super::ledger::Ledger;
use crate::Dice;

/// Reports its drop, and may then panic.
pub(super) struct Parcel {
    explodes: bool,
    tell: Box<dyn Fn() + Send + Sync>,
}

impl Parcel {
    pub(super) fn new(explodes: bool, tell: impl Fn() + Send + Sync + 'static) -> Parcel {
        Parcel { explodes, tell: Box::new(tell) }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        (self.tell)();
        if self.explodes && !thread::panicking() {
            resume_unwind(Box::new("a destructor"));
        }
    }
}

/// Panics when it is dropped, with a payload of the same type, whose number is lower by one. The
/// last payload, with the number 0, does not panic.
pub(super) struct Matryoshka(pub(super) u64);

impl Drop for Matryoshka {
    fn drop(&mut self) {
        if self.0 > 0 && !thread::panicking() {
            resume_unwind(Box::new(Matryoshka(self.0 - 1)));
        }
    }
}

/// Panics when it is woken, and when it is dropped.
pub(super) struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        resume_unwind(Box::new(Matryoshka(1)));
    }
}

impl Drop for PanickingWaker {
    fn drop(&mut self) {
        if !thread::panicking() {
            resume_unwind(Box::new("a waker's destructor"));
        }
    }
}

/// The thread starts that are refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusals {
    None,
    /// This number of starts is refused, beginning with the first start.
    First(usize),
    /// On average, this number out of eight starts is refused.
    OfEight(u64),
}

thread_local! {
    static THREAD_ENDS: RefCell<Option<ThreadEnds>> = const { RefCell::new(None) };
}

/// Counts the threads whose thread-locals are destroyed, which is their last step.
struct ThreadEnds(Arc<Ledger>);

impl Drop for ThreadEnds {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// Lets the builder count the thread starts, and refuse them as `refusals` says.
pub(super) fn starting(
    builder: PoolBuilder,
    ledger: &Arc<Ledger>,
    refusals: Refusals,
    seed: u64,
) -> PoolBuilder {
    let ledger = Arc::clone(ledger);
    let (asked, dice) = (AtomicUsize::new(0), Mutex::new(Dice::new(seed)));
    builder.spawner(move |name, _stack_size, body| {
        let asked = asked.fetch_add(1, Ordering::SeqCst);
        let is_refused = match refusals {
            Refusals::None => false,
            Refusals::First(starts) => asked < starts,
            Refusals::OfEight(share) => dice.lock().below(8) < share,
        };
        if is_refused {
            // During this yield, other threads submit jobs and rely on the thread that will not
            // start.
            thread::yield_now();
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        let ends = ThreadEnds(Arc::clone(&ledger));
        ledger.started.fetch_add(1, Ordering::SeqCst);
        thread::Builder::new().name(name).spawn(move || {
            THREAD_ENDS.set(Some(ends));
            body();
        })
    })
}
