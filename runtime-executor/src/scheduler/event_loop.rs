//! The event loop as its owner holds it.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use runtime_core::catch_panic::drop_catching;
use runtime_core::clock::Clock;
use runtime_core::context;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::park::{Parker, WakeHook};
use runtime_core::sync::channel::unbounded;

use crate::reactor::{OpenSelector, Reactor};
use crate::scheduler::core::Local;
use crate::scheduler::current::{self, Current, CurrentGuard};
use crate::scheduler::handle::Handle;
use crate::scheduler::observer::Observer;
use crate::scheduler::shared::Remote;
use crate::scheduler::shuffle::Shuffle;
use crate::scheduler::turn::{Counts, NextTurn, NoMain, Turn, Wait, Wheel};
use crate::task::key::TaskKey;
use crate::task::waker::Identity;

/// How a loop is to be. Every field may be left as it is.
#[derive(Default)]
pub struct Config {
    /// Where the time comes from.
    pub clock: Clock,
    /// The most polls in one turn, and the most letters taken in; `None` for 1,024. Between two
    /// turns the loop looks at timers and at what came from elsewhere.
    pub turn_bound: Option<usize>,
    /// Polls the tasks of each turn in an order that depends on this seed alone, not in the order
    /// of their wakes: for tests that look for what depends on the order.
    pub seed: Option<u64>,
    /// Is told what the loop does.
    pub observer: Option<Box<dyn Observer>>,
    /// Is called, on the thread that brings the news, when a loop that somebody else
    /// [turns](Executor::turn) needs a turn; once per turn at most.
    pub wake_hook: Option<WakeHook>,
    /// Opens the selector that reports the readiness of sockets, in place of the operating
    /// system's: for models.
    pub selector: Option<OpenSelector>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("clock", &self.clock)
            .field("turn_bound", &self.turn_bound)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

const TURN_BOUND: usize = 1024;

/// An event loop: polls tasks on the thread that made it.
///
/// Neither `Send` nor `Sync`, because its tasks need not be. Other threads reach it by its
/// [`Handle`].
///
/// # Drop
/// Drops all tasks, on this thread. Never panics, and waits for nobody.
pub struct Executor {
    local: Rc<Local>,
    wheel: RefCell<Wheel>,
}

impl Executor {
    /// A loop for the current thread. Makes no system call but to ask for the process's number.
    pub fn new(config: Config) -> Executor {
        let reactor = Reactor::new(config.selector);
        let parker = config.wake_hook.map_or_else(Parker::new, Parker::with_hook);
        let (sender, inbox) = unbounded();
        let remote = Arc::new(Remote::new(sender, parker, config.clock, reactor));
        let main = Identity::new(TaskKey::MAIN, Arc::clone(&remote));
        let local = Rc::new(Local::new(remote, config.observer));
        let wheel = Wheel {
            local: Rc::clone(&local),
            inbox: Some(inbox),
            noticed: false,
            has_slept: false,
            unlooked: 0,
            batch: Vec::new(),
            cursor: 0,
            bound: config.turn_bound.unwrap_or(TURN_BOUND).max(1),
            shuffle: config.seed.map(Shuffle::new),
            main,
            counts: Counts::default(),
        };
        Executor { local, wheel: RefCell::new(wheel) }
    }

    /// The way to this loop from other threads.
    pub fn handle(&self) -> Handle {
        self.local.handle()
    }

    /// Spawns a task, which runs when the loop is turned.
    pub fn spawn<F>(&self, metadata: Metadata, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let handle = self.local.spawn(metadata, future);
        // Whoever turns this loop may be asleep in another one.
        self.local.remote.parker.unpark();
        handle
    }

    /// How many tasks are alive.
    pub fn tasks(&self) -> usize {
        self.local.tasks.borrow().len()
    }

    /// Drives `future` and the tasks until the future is ready. Tasks that are left stay, and go
    /// on when the loop is turned again.
    ///
    /// # Blocking
    /// Blocks the thread.
    ///
    /// # Panics
    /// If the future panics; the loop may be used again. If this loop is being turned already,
    /// further up on this thread's stack. If it would have to sleep in a forked child of the
    /// process that made it.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let metadata = Metadata::here();
        let mut wheel = self.begin();
        let _entered = self.enter();
        let _on_loop = context::enter_loop();
        wheel.block_on(metadata, future)
    }

    /// Turns the loop until no task is left.
    ///
    /// # Blocking
    /// Blocks the thread.
    ///
    /// # Panics
    /// If this loop is being turned already.
    #[track_caller]
    pub fn drain(&self) {
        let mut wheel = self.begin();
        let _entered = self.enter();
        let _on_loop = context::enter_loop();
        while self.tasks() > 0 {
            let _ = wheel.turn(&mut NoMain, Wait::WhileTasksAreLeft);
        }
    }

    /// Turns the loop once, for a program that has a loop of its own.
    ///
    /// If there was nothing to do it sleeps, for `wait` at most; with a `wait` of nought it never
    /// does. It says what happened and when the next turn is due. Until then the loop counts as
    /// away: news for it makes it call [`Config::wake_hook`].
    ///
    /// # Panics
    /// If this loop is being turned already.
    #[track_caller]
    pub fn turn(&self, wait: Duration) -> Turn {
        let mut wheel = self.begin();
        let _entered = self.enter();
        let _on_loop = context::enter_loop();
        wheel.counts = Counts::default();
        let mut next = wheel.turn(&mut NoMain, Wait::AtMost(wait));
        if next != NextTurn::Now && !self.local.remote.parker.detach() {
            wheel.noticed = true;
            next = NextTurn::Now;
        }
        let Counts { received, fired, polled } = wheel.counts;
        Turn { received, fired, polled, tasks: self.tasks(), next }
    }

    /// Drops all tasks and timers, and says which tasks that were. What is spawned from now on,
    /// here or from other threads, is cancelled at once, and who waits for a socket gets an error.
    pub fn close(&self) -> Vec<Metadata> {
        if self.is_over() {
            return Vec::new();
        }
        let _entered = self.enter();
        let _on_loop = context::enter_loop();
        let cancelled = self.local.close();
        if let Ok(mut wheel) = self.wheel.try_borrow_mut() {
            // Who waits for a letter to be opened, or writes another, is told at once, although
            // this executor may live on for a while.
            let unread = wheel.inbox.take();
            drop(wheel);
            drop_catching(unread);
        }
        cancelled
    }

    /// Whether it was closed, its inbox too.
    fn is_over(&self) -> bool {
        self.local.is_over() && self.wheel.try_borrow().is_ok_and(|wheel| wheel.inbox.is_none())
    }

    fn enter(&self) -> CurrentGuard {
        current::enter(Current::Turning(Rc::clone(&self.local)))
    }

    /// Takes hold of the wheel, and of a loop that was [away](Parker::detach).
    #[track_caller]
    fn begin(&self) -> RefMut<'_, Wheel> {
        let Ok(mut wheel) = self.wheel.try_borrow_mut() else {
            panic!(
                "a runtime was entered again (`block_on`, `turn` or `drain`) from inside one of \
                 its own tasks: await the future instead, or block on it from a job \
                 (`spawn_blocking`) by `Handle::block_on`"
            )
        };
        wheel.has_slept = false;
        wheel.noticed |= self.local.remote.parker.attach();
        wheel
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("tasks", &self.tasks())
            .field("clock", &self.local.remote.clock)
            .finish_non_exhaustive()
    }
}
