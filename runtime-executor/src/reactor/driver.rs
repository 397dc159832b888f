//! The reactor as all threads see it: the table, and the kernel once it is open.

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::catch_panic;
use runtime_core::sync::Mutex;

use super::mio_selector;
use super::poller::Ear;
use super::registration::gone;
use super::registry::Table;
use super::selector::{Kernel, Listen, Open, Readiness};
use super::source::Source;
use crate::scheduler::event_loop::Config;

/// *Shared by* the loop, its ear, and every socket. *Guarded by* its mutex, under which the kernel
/// may be opened and sources are told, but nothing of the user's runs. *Woken by* nobody.
pub(crate) struct Reactor {
    open: Option<Open>,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    table: Table<Arc<Source>>,
    /// Somebody else's loop watches the kernel, so what is heard must be fetched from there.
    is_watched: bool,
}

enum Stage {
    /// Nothing was ever registered.
    Unopened,
    Open(Arc<dyn Kernel>),
    /// The ear is gone.
    Ended,
}

/// The kernel, and, if it was not open before, the end that listens.
type Ends = (Arc<dyn Kernel>, Option<Box<dyn Listen>>);

/// What a registration came to.
pub(super) struct Registered {
    pub(super) source: Arc<Source>,
    pub(super) token: usize,
    /// To be told of the descriptor.
    pub(super) kernel: Arc<dyn Kernel>,
    /// If it was the first: to be brought to the loop.
    pub(super) ear: Option<Ear>,
}

impl Reactor {
    /// The reactor of a loop that is to be so.
    pub(crate) fn of(config: &mut Config) -> Arc<Reactor> {
        let state = State { stage: Stage::Unopened, table: Table::new(), is_watched: false };
        Arc::new(Reactor { open: config.kernel.take(), state: Mutex::new(state) })
    }

    /// Step 1, but for telling the kernel.
    pub(super) fn insert(self: &Arc<Self>) -> io::Result<Registered> {
        let source = Arc::new(Source::new());
        let mut state = self.state.lock();
        let (kernel, listener) = self.open(&mut state)?;
        let token = state.table.insert(Arc::clone(&source));
        drop(state);
        let ear = listener.map(|listener| Ear::new(Arc::clone(self), listener));
        Ok(Registered { source, token, kernel, ear })
    }

    /// Notes that the kernel is watched. Gives it, and the ear if it is new.
    pub(super) fn watch(self: &Arc<Self>) -> io::Result<(Arc<dyn Kernel>, Option<Ear>)> {
        let mut state = self.state.lock();
        let (kernel, listener) = self.open(&mut state)?;
        state.is_watched = true;
        drop(state);
        let ear = listener.map(|listener| Ear::new(Arc::clone(self), listener));
        Ok((kernel, ear))
    }

    fn open(&self, state: &mut State) -> io::Result<Ends> {
        match &state.stage {
            Stage::Open(kernel) => Ok((Arc::clone(kernel), None)),
            Stage::Ended => Err(gone()),
            Stage::Unopened => {
                let (kernel, listener) = match &self.open {
                    Some(open) => open()?,
                    None => mio_selector::open()?,
                };
                state.stage = Stage::Open(Arc::clone(&kernel));
                Ok((kernel, Some(listener)))
            }
        }
    }

    /// Step 5: the kernel first, so that no token is free that the kernel still knows.
    pub(super) fn remove(&self, token: usize, descriptor: RawFd) {
        let kernel = match &self.state.lock().stage {
            Stage::Open(kernel) => Some(Arc::clone(kernel)),
            Stage::Unopened | Stage::Ended => None,
        };
        if let Some(kernel) = kernel {
            // It fails if the descriptor was closed by others, and then the system forgot it too.
            let _forgotten = kernel.deregister(descriptor);
        }
        self.forget(token);
    }

    /// Step 5 for what the kernel does not know.
    pub(super) fn forget(&self, token: usize) {
        let source = self.state.lock().table.remove(token);
        drop(source);
    }

    /// How many descriptors are registered.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().table.len()
    }

    /// Whether a look may hear anything that somebody waits for.
    pub(super) fn is_of_use(&self) -> bool {
        let state = self.state.lock();
        state.is_watched || state.table.len() > 0
    }

    /// Step 4: tells the sources that the events mean. Whom that concerns is added to `called`.
    pub(super) fn tell(&self, events: &mut Vec<(usize, Readiness)>, called: &mut Vec<Waker>) {
        if events.is_empty() {
            return;
        }
        let state = self.state.lock();
        for &(token, readiness) in &*events {
            if let Some(source) = state.table.get(token) {
                source.tell(readiness, called);
            }
        }
        events.clear();
    }

    /// Step 6.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.stage = Stage::Ended;
        let table = mem::replace(&mut state.table, Table::new());
        drop(state);
        let mut called = Vec::new();
        table.into_sources().for_each(|source| source.end(&mut called));
        called.into_iter().for_each(|waker| catch_panic(|| waker.wake()));
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("registered", &self.len()).finish_non_exhaustive()
    }
}
