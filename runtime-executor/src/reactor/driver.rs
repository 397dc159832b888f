//! The part of the reactor that all threads share: the registered sources, and the selector once it
//! is open.

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::catch_panic;
use runtime_core::fork::ForkCheck;
use runtime_core::record::Recorder;
use runtime_core::record::event::Event;
use runtime_core::runtime_gone::RuntimeGoneError;
use runtime_core::slab::{Key, Slab};
use runtime_core::sync::Mutex;
use runtime_core::task_list::Wait;

use super::mio_selector;
use super::selector::{Interest, OpenSelector, ReadinessEvent, Selector, Token, WaitForEvents};
use super::source::{IoSource, SelectorError};

/// *Shared by* the loop, its poller and all registrations. *Guarded by* its mutex: the selector is
/// opened and readiness is set under the mutex, which is never held while foreign code runs. *Woken
/// by* nothing: no thread waits for the reactor.
pub(crate) struct Reactor {
    /// Opens a selector in place of mio's, for tests and models.
    open: Option<OpenSelector>,
    /// The process that opened the selector. A forked child shares the selector with that process.
    process: ForkCheck,
    pub(super) recorder: Recorder,
    state: Mutex<ReactorState>,
}

struct ReactorState {
    selector: SelectorState,
    sources: Slab<Arc<IoSource>>,
    /// The error of a selector that has been failing for some time: no descriptor is registered.
    failure: Option<SelectorError>,
    /// True if another event loop watches the selector's descriptor. In that case the loop must
    /// receive every event, because the descriptor would otherwise stay readable.
    is_watched: bool,
}

enum SelectorState {
    /// There has been no registration.
    Unopened,
    Open(Arc<dyn Selector>),
    /// The poller has been dropped.
    ShutDown,
}

/// The selector of a reactor. If the selector has just been opened, `wait` is the part for the
/// loop.
pub(super) struct OpenedSelector {
    pub(super) selector: Arc<dyn Selector>,
    pub(super) wait: Option<Box<dyn WaitForEvents>>,
}

/// A source that is in the slab and not yet registered with the selector.
pub(super) struct InsertedSource {
    pub(super) source: Arc<IoSource>,
    pub(super) key: Key,
    pub(super) opened: OpenedSelector,
}

impl Reactor {
    /// Returns a reactor without a selector. `open`, if given, opens the selector in place of mio.
    pub(crate) fn new(open: Option<OpenSelector>, recorder: Recorder) -> Arc<Reactor> {
        let selector = SelectorState::Unopened;
        let sources = Slab::new();
        let state = ReactorState { selector, sources, failure: None, is_watched: false };
        let (process, state) = (ForkCheck::unused(), Mutex::new(state));
        Arc::new(Reactor { open, process, recorder, state })
    }

    /// S1. The selector is opened, and does not know the descriptor yet.
    pub(super) fn insert(&self, descriptor: RawFd) -> io::Result<InsertedSource> {
        let source = Arc::new(IoSource::new(descriptor));
        let mut state = self.state.lock();
        if let Some(error) = state.failure {
            return Err(error.to_io());
        }
        let opened = self.open(&mut state)?;
        let key = state.sources.insert(Arc::clone(&source));
        drop(state);
        self.recorder.record(|| Event::SourceRegistered { source: source_number(key) });
        Ok(InsertedSource { source, key, opened })
    }

    /// Records that another event loop watches the selector, and returns the selector.
    pub(super) fn watch(&self) -> io::Result<OpenedSelector> {
        let mut state = self.state.lock();
        let opened = self.open(&mut state)?;
        state.is_watched = true;
        Ok(opened)
    }

    fn open(&self, state: &mut ReactorState) -> io::Result<OpenedSelector> {
        match &state.selector {
            SelectorState::Open(selector) => {
                Ok(OpenedSelector { selector: Arc::clone(selector), wait: None })
            }
            SelectorState::ShutDown => Err(gone()),
            SelectorState::Unopened => {
                // The first check records this process.
                self.process.check_cheaply().map_err(io::Error::other)?;
                let (selector, wait) = match &self.open {
                    Some(open) => open()?,
                    None => mio_selector::open()?,
                };
                state.selector = SelectorState::Open(Arc::clone(&selector));
                Ok(OpenedSelector { selector, wait: Some(wait) })
            }
        }
    }

    /// L2. A forked child does not touch the selector. Its descriptor would be reported to the
    /// parent, under a token that the parent may have given to another source.
    pub(super) fn register(
        &self,
        source: &IoSource,
        key: Key,
        interest: Interest,
    ) -> io::Result<()> {
        self.process.check().map_err(io::Error::other)?;
        let token = key.to_token().map(Token).expect("there are fewer descriptors than tokens");
        source.register(&*self.selector().ok_or_else(gone)?, token, interest)
    }

    /// S5. A forked child does not touch the selector: removing a descriptor there would remove it
    /// for the parent, too.
    pub(super) fn deregister(&self, descriptor: RawFd) {
        if self.process.check().is_ok()
            && let Some(selector) = self.selector()
        {
            // The call fails if the descriptor has been closed. In that case the kernel has removed
            // the descriptor already.
            let _forgotten = selector.deregister(descriptor);
        }
    }

    fn selector(&self) -> Option<Arc<dyn Selector>> {
        match &self.state.lock().selector {
            SelectorState::Open(selector) => Some(Arc::clone(selector)),
            SelectorState::Unopened | SelectorState::ShutDown => None,
        }
    }

    /// S5. Vacates the slot, after the selector has forgotten the descriptor, so the selector never
    /// holds the token of a vacant slot.
    pub(super) fn forget(&self, key: Key) {
        self.recorder.record(|| Event::SourceClosed { source: source_number(key) });
        let source = self.state.lock().sources.remove(key);
        drop(source);
    }

    /// The number of registered descriptors.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().sources.len()
    }

    /// Returns whether there may be an event that must be received.
    pub(super) fn expects_events(&self) -> bool {
        let state = self.state.lock();
        state.is_watched || !state.sources.is_empty()
    }

    /// S4. Sets the readiness of the sources, and appends the wakers of their tasks to `woken`.
    pub(super) fn dispatch(&self, events: &mut Vec<ReadinessEvent>, woken: &mut Vec<Waker>) {
        if events.is_empty() {
            return;
        }
        let state = self.state.lock();
        for event in &*events {
            let Token(token) = event.token;
            if let Some(source) = state.sources.get_by_token(token) {
                self.recorder.record(|| Event::SourceReady {
                    source: token as u64,
                    readable: event.readable,
                    writable: event.writable,
                });
                source.set_ready(event, woken);
            }
        }
        drop(state);
        events.clear();
    }

    /// Visits the wakers of the tasks that wait for a source.
    pub(crate) fn visit_waiters(&self, visit: &mut dyn FnMut(Wait, &mut Waker)) {
        self.state.lock().sources.iter().for_each(|(_, source)| source.visit_waiters(visit));
    }

    /// Makes every wait for a socket and every registration fail with the selector's error, until
    /// `recover`. Appends the wakers of all waiting tasks to `woken`.
    pub(super) fn fail(&self, error: SelectorError, woken: &mut Vec<Waker>) {
        let mut state = self.state.lock();
        state.failure = Some(error);
        state.sources.iter().for_each(|(_, source)| source.fail(error, woken));
    }

    /// Sockets can wait and be registered again.
    pub(super) fn recover(&self) {
        let mut state = self.state.lock();
        state.failure = None;
        state.sources.iter().for_each(|(_, source)| source.recover());
    }

    /// S6.
    pub(super) fn shut_down(&self) {
        let mut state = self.state.lock();
        state.selector = SelectorState::ShutDown;
        let sources = mem::take(&mut state.sources);
        drop(state);
        let mut woken = Vec::new();
        sources.into_values().for_each(|source| source.shut_down(&mut woken));
        woken.into_iter().for_each(|waker| catch_panic(|| waker.wake()));
    }
}

/// The number of a source in traces: the token of its key.
pub(super) fn source_number(key: Key) -> u64 {
    key.to_token().unwrap_or(usize::MAX) as u64
}

/// Returns the error of an operation on a socket whose reactor has shut down.
pub(super) fn gone() -> io::Error {
    io::Error::other(RuntimeGoneError::of("this socket"))
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("registered", &self.len()).finish_non_exhaustive()
    }
}
