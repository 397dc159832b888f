//! [`EventLoop`]: the value by which a thread owns its loop and turns it.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use runtime_core::catch_panic::drop_catching;
use runtime_core::clock::Clock;
use runtime_core::context::{self, LoopGuard};
use runtime_core::fork::ForkCheck;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::park::{Parker, WakeHook};
use runtime_core::record::Recorder;
use runtime_core::record::event::{Event, MAIN_KEY};
use runtime_core::sync::channel::unbounded;

use crate::reactor::{OpenSelector, Reactor};
use crate::scheduler::close;
use crate::scheduler::core::Core;
use crate::scheduler::current::Current;
use crate::scheduler::enter::{self, EnteredLoop};
use crate::scheduler::events::RecordedTurning;
use crate::scheduler::handle::Handle;
use crate::scheduler::host_state::Host;
use crate::scheduler::idle::{IdleSleep, SleepLimit};
use crate::scheduler::loop_spin::LoopSpin;
use crate::scheduler::observer::Observer;
use crate::scheduler::report::{AlreadyTurning, NextTurn, Turn, TurnCounts};
use crate::scheduler::shared::Shared;
use crate::scheduler::shuffle::Shuffle;
use crate::scheduler::turn::{MainFuture, Scheduler};
use crate::survey::main_future;
use crate::task::own_wakers::OwnWakers;
use crate::task::waker::MAIN;

/// The settings of an [`EventLoop`]. Every field has a default.
#[derive(Default)]
pub struct Config {
    /// The source of the time.
    pub clock: Clock,
    /// The maximum number of polls in one turn, and the maximum number of messages that a turn
    /// receives. `None` means 1,024. Between two turns the loop checks its timers and its inbox.
    pub turn_bound: Option<usize>,
    /// The time for which the loop looks for a message before it sleeps, while a blocking call of
    /// the loop is queued or runs. Zero, the default, turns the spin off. A loop with a virtual
    /// clock does not spin, and neither does a [turn](EventLoop::turn).
    pub spin_before_park: Duration,
    /// The seed of the order in which each turn polls its tasks. `None` means the order of the
    /// tasks' wakes. Tests set a seed to find code that depends on the order.
    pub seed: Option<u64>,
    /// The receiver of callbacks about the loop's work.
    pub observer: Option<Box<dyn Observer>>,
    /// The first hook of the loop: see [`set_wake_hook`](EventLoop::set_wake_hook).
    pub wake_hook: Option<WakeHook>,
    /// A function that opens the selector, which reports the readiness of sockets, in place of the
    /// operating system's selector. For models.
    pub selector: Option<OpenSelector>,
    /// The recorder of the loop's events.
    pub recorder: Recorder,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("clock", &self.clock)
            .field("turn_bound", &self.turn_bound)
            .field("spin_before_park", &self.spin_before_park)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

const TURN_BOUND: usize = 1024;

/// An event loop: polls tasks on the thread that made the loop.
///
/// The loop is neither `Send` nor `Sync`, because its tasks need not be. Other threads reach the
/// loop through its [`Handle`].
///
/// # Drop
/// Drops all tasks, on this thread. Never panics and never blocks.
pub struct EventLoop {
    pub(crate) core: Rc<Core>,
    pub(crate) scheduler: RefCell<Scheduler>,
    pub(crate) host: Host,
}

/// Takes the place of the main future in turns that drive none.
struct NoMainFuture(Recorder);

impl MainFuture for NoMainFuture {
    fn poll(&mut self) -> Poll<()> {
        self.0.record(|| Event::KeySkipped { key: MAIN_KEY });
        Poll::Pending
    }
}

impl EventLoop {
    /// Makes a loop for the current thread. The only system call asks for the process ID.
    pub fn new(config: Config) -> EventLoop {
        let recorder = config.recorder;
        let reactor = Reactor::new(config.selector, recorder.clone());
        let (sender, inbox) = unbounded();
        // Virtual time passes only when the loop would sleep, so such a loop does not spin.
        let limit =
            if config.clock.is_virtual() { Duration::ZERO } else { config.spin_before_park };
        let shared = Arc::new(Shared {
            inbox: sender,
            parker: Parker::new(),
            spin: LoopSpin::new(limit),
            clock: config.clock,
            reactor,
            recorder,
            process: ForkCheck::here(),
        });
        let main = OwnWakers::new(MAIN, &shared);
        let core = Rc::new(Core::new(shared, config.observer));
        let scheduler = Scheduler {
            core: Rc::clone(&core),
            inbox: Some(inbox),
            notified: false,
            batch: Vec::new(),
            cursor: 0,
            turn_bound: config.turn_bound.unwrap_or(TURN_BOUND).max(1),
            shuffle: config.seed.map(Shuffle::new),
            main,
            idle: IdleSleep::default(),
            counts: TurnCounts::default(),
        };
        let host = Host::default();
        let event_loop = EventLoop { core, scheduler: RefCell::new(scheduler), host };
        if let Some(hook) = config.wake_hook {
            event_loop.set_wake_hook(hook);
        }
        event_loop
    }

    /// Returns the handle by which other threads reach this loop.
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.core.shared))
    }

    /// Spawns a task, which runs when the loop is turned.
    pub fn spawn<F>(&self, metadata: Metadata, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let handle = self.core.spawn(metadata, future);
        // The thread that turns this loop may be asleep in another loop.
        self.core.shared.parker.unpark();
        handle
    }

    /// The number of tasks that are alive.
    pub fn tasks(&self) -> usize {
        self.core.task_count()
    }

    /// Drives `future` and the tasks until the future is ready. The other tasks stay, and continue
    /// when the loop is turned again.
    ///
    /// # Blocking
    /// Blocks the thread.
    ///
    /// # Panics
    /// If the future panics. The loop stays usable after this panic. If this loop is being turned
    /// already, by a call further up on this thread's stack. If the loop would have to sleep in a
    /// forked child of the process that made the loop.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let metadata = Metadata::here();
        let _announced = AnnounceOnDrop(self);
        let mut scheduler = self.begin();
        let _main = main_future::enter(metadata.clone(), Arc::clone(&scheduler.main.task));
        let _entered = self.enter_to_turn();
        let _recorded = self.core.main_began(&metadata);
        let _observed = ObservedCall::begin(&self.core, Some(&metadata));
        scheduler.block_on(metadata, future)
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
        let _announced = AnnounceOnDrop(self);
        let mut scheduler = self.begin();
        let _entered = self.enter_to_turn();
        let _observed = ObservedCall::begin(&self.core, None);
        while self.tasks() > 0 {
            let _ = scheduler.turn(&mut self.no_main(), SleepLimit::WhileTasksAreLeft);
        }
    }

    /// Turns the loop once, for a program that has an event loop of its own.
    ///
    /// If there is nothing to do, the turn sleeps for `wait` at most, and not at all if `wait` is
    /// zero. The turn reports what it did and when the next turn is due. Until the next turn the
    /// loop is *detached*: a wake signals the host (`host.rs` shows how).
    ///
    /// # Panics
    /// If this loop is being turned already.
    #[track_caller]
    pub fn turn(&self, wait: Duration) -> Turn {
        self.turn_once(self.begin(), wait)
    }

    /// Turns the loop once, like [`turn`](EventLoop::turn).
    ///
    /// # Errors
    /// If this loop is being turned already. Nothing has happened then.
    pub fn try_turn(&self, wait: Duration) -> Result<Turn, AlreadyTurning> {
        Ok(self.turn_once(self.try_begin()?, wait))
    }

    /// Returns whether this loop is being turned, by a call further up on this thread's stack.
    pub fn is_turning(&self) -> bool {
        self.scheduler.try_borrow_mut().is_err()
    }

    fn no_main(&self) -> NoMainFuture {
        NoMainFuture(self.core.shared.recorder.clone())
    }

    fn turn_once(&self, mut scheduler: RefMut<'_, Scheduler>, wait: Duration) -> Turn {
        let _entered = self.enter_to_turn();
        let _observed = ObservedCall::begin(&self.core, None);
        scheduler.counts = TurnCounts::default();
        let mut next = scheduler.turn(&mut self.no_main(), SleepLimit::AtMost(wait));
        if next != NextTurn::Now && !self.detach() {
            scheduler.notified = true;
            next = NextTurn::Now;
        }
        let TurnCounts { received, fired, polled, .. } = scheduler.counts;
        Turn { received, fired, polled, tasks: self.tasks(), next }
    }

    /// Drops all tasks and timers, and returns the tasks' metadata. From now on every spawn, on any
    /// thread, is cancelled at once, and every operation of a socket returns an error.
    /// The hook of the host is removed: when this method returns, no thread runs it.
    pub fn close(&self) -> Vec<Metadata> {
        if self.is_over() {
            self.release_host();
            return Vec::new();
        }
        let _entered = self.enter_to_turn();
        let cancelled = close::close(&self.core);
        if let Ok(mut scheduler) = self.scheduler.try_borrow_mut() {
            // Dropping the inbox cancels the spawns in it, although this loop may exist for some
            // more time.
            let inbox = scheduler.inbox.take();
            drop(scheduler);
            drop_catching(inbox);
        }
        self.release_host();
        cancelled
    }

    /// Returns whether the loop and its inbox are closed.
    fn is_over(&self) -> bool {
        let scheduler = self.scheduler.try_borrow();
        close::is_over(&self.core) && scheduler.is_ok_and(|scheduler| scheduler.inbox.is_none())
    }

    /// Makes this loop current on this thread, which owns it, until the guard is dropped. Tasks can
    /// be [spawned](crate::try_spawn) meanwhile, and run when the loop is turned.
    pub fn enter(&self) -> EnteredLoop {
        enter::enter_owned(&self.core)
    }

    /// Makes this loop the current loop of the thread that turns it.
    fn enter_to_turn(&self) -> (LoopGuard, EnteredLoop, RecordedTurning) {
        let recorded = self.core.loop_entered();
        let entered = enter::enter(Current::Turning(Rc::clone(&self.core)));
        (context::enter_loop(), entered, recorded)
    }

    /// Borrows the scheduler for one call, and attaches a loop that was detached.
    #[track_caller]
    fn begin(&self) -> RefMut<'_, Scheduler> {
        let Ok(scheduler) = self.try_begin() else {
            panic!(
                "a runtime was entered again (`block_on`, `turn` or `drain`) from inside one of \
                 its own tasks: await the future instead, or block on it from a job \
                 (`spawn_blocking`) by `Handle::block_on`; a nested loop of the host asks \
                 `try_turn`"
            )
        };
        scheduler
    }

    fn try_begin(&self) -> Result<RefMut<'_, Scheduler>, AlreadyTurning> {
        let mut scheduler = self.scheduler.try_borrow_mut().map_err(|_borrowed| AlreadyTurning)?;
        scheduler.idle = IdleSleep::default();
        scheduler.notified |= self.core.shared.parker.attach();
        Ok(scheduler)
    }
}

/// A call that turns the loop, as the observer sees it.
struct ObservedCall<'a>(&'a Core);

impl<'a> ObservedCall<'a> {
    fn begin(core: &'a Core, main: Option<&Metadata>) -> ObservedCall<'a> {
        core.observe(|observer| observer.entered(main));
        ObservedCall(core)
    }
}

impl Drop for ObservedCall<'_> {
    fn drop(&mut self) {
        self.0.observe(|observer| observer.left());
    }
}

/// Gives a loop back to its host, at the end of a call that has turned the loop without a report.
struct AnnounceOnDrop<'a>(&'a EventLoop);

impl Drop for AnnounceOnDrop<'_> {
    fn drop(&mut self) {
        self.0.announce();
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("tasks", &self.tasks())
            .field("clock", &self.core.shared.clock)
            .finish_non_exhaustive()
    }
}
