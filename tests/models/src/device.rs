//! A simulated device in place of the operating system: descriptors that become readable, and a
//! selector that reports each such change once.
//!
//! The device adds no happens-before edges. Its state is invisible to loom. A system call is a
//! relaxed read-modify-write of one word: a point at which loom may switch threads.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::Record;
use runtime_core::sync::thread::{self, Thread};
use runtime_executor::reactor::{
    Direction, Interest, ReadinessEvent, Registration, Selector, SelectorParts, ShortTransfer,
    Token, WaitForEvents, WaitUntilReadable,
};
use runtime_executor::{Config, EventLoop, Handle};

/// The simulated system that the threads of a model share.
#[derive(Clone)]
pub(crate) struct Device {
    /// The number of bytes that can be read. Each simulated system call accesses this word.
    bytes: Arc<AtomicUsize>,
    /// The registered descriptors with their tokens; the last entry is the newest.
    tokens: Record<(RawFd, Token)>,
    /// The events that the loop has not received yet. `None` is a wake of the selector.
    pending: Record<Option<Token>>,
    /// Has an entry once the stream has ended.
    ended: Record<()>,
    wakes: Record<()>,
    waits: Record<()>,
    /// The helper threads that watch the descriptor.
    watchers: Record<Thread>,
    loop_thread: Thread,
    addressing: Addressing,
    content: EventContent,
    registering: Registering,
}

/// The answer of the system to a registration.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registering {
    /// It reports a descriptor that is readable already, and refuses a descriptor that is
    /// registered already.
    AsEpoll,
    /// It reports nothing and refuses nothing.
    Silently,
}

/// The content of an event that is received after the stream has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventContent {
    /// The data and the end of the stream.
    Complete,
    /// The data alone: the mistake of a mutant.
    DataAlone,
}

/// The source that an event reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressing {
    /// The source that was registered with the event's token.
    Token,
    /// The source in the token's slot when the event is received: the mistake of a mutant.
    Slot,
}

impl Device {
    /// Returns a system for the loop of the current thread.
    pub(crate) fn new(addressing: Addressing) -> Device {
        Device {
            bytes: Arc::new(AtomicUsize::new(0)),
            tokens: Record::new(),
            pending: Record::new(),
            ended: Record::new(),
            wakes: Record::new(),
            waits: Record::new(),
            watchers: Record::new(),
            loop_thread: thread::current(),
            addressing,
            content: EventContent::Complete,
            registering: Registering::Silently,
        }
    }

    /// Returns a system that registers descriptors in this way.
    pub(crate) fn that_registers(registering: Registering) -> Device {
        Device { registering, ..Device::new(Addressing::Token) }
    }

    /// Returns a system whose events have this content.
    pub(crate) fn with_content(content: EventContent) -> Device {
        Device { content, ..Device::new(Addressing::Token) }
    }

    /// Returns a loop on this system.
    pub(crate) fn executor(&self) -> EventLoop {
        let device = self.clone();
        let open = move || {
            let opened: SelectorParts = (Arc::new(device.clone()), Box::new(device.clone()));
            Ok(opened)
        };
        EventLoop::new(Config { selector: Some(Box::new(open)), ..Config::default() })
    }

    fn system_call(&self) -> usize {
        self.bytes.fetch_add(0, Ordering::Relaxed)
    }

    /// Lets a byte arrive, and reports it once for every registered descriptor.
    pub(crate) fn arrive(&self) {
        self.bytes.fetch_add(1, Ordering::Relaxed);
        self.report_spuriously();
    }

    /// Lets the last byte arrive, together with the end of the stream.
    pub(crate) fn arrive_and_end(&self) {
        self.ended.note(());
        self.arrive();
    }

    /// Reports every registered descriptor as readable, with or without bytes.
    pub(crate) fn report_spuriously(&self) {
        let tokens = self.tokens.take();
        for &(descriptor, token) in &tokens {
            self.pending.note(Some(token));
            self.tokens.note((descriptor, token));
        }
        self.loop_thread.unpark();
        self.unpark_watchers();
    }

    fn unpark_watchers(&self) {
        let watchers = self.watchers.take();
        watchers.iter().for_each(|watcher| self.watchers.note(watcher.clone()));
        watchers.iter().for_each(Thread::unpark);
    }

    /// Sleeps as a host does that watches the descriptor: until there is an event or a wake, which
    /// this call does not consume. Only the loop's thread calls it.
    pub(crate) fn watch_descriptor(&self) {
        self.system_call();
        while self.pending.is_empty() {
            thread::park();
        }
    }

    /// Reads a byte.
    pub(crate) fn read(&self) -> io::Result<()> {
        if self.system_call() == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// Reads all bytes and returns their number. Zero means that the stream has ended.
    pub(crate) fn read_all(&self) -> io::Result<usize> {
        let count = self.system_call();
        if count == 0 && self.ended.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes.fetch_sub(count, Ordering::Relaxed);
        Ok(count)
    }

    /// Registers a descriptor, and uses up its initial readiness.
    pub(crate) fn register(
        &self,
        handle: &Handle,
        descriptor: impl AsFd,
    ) -> io::Result<Registration> {
        let (interest, short) = (Interest::BOTH, ShortTransfer::ClearsReadiness);
        let registration = handle.register(descriptor.as_fd(), interest, short)?;
        let tried = registration.try_io(Direction::Read, || self.read());
        assert!(tried.is_err(), "nothing has arrived, or the loop is gone");
        Ok(registration)
    }

    /// Returns whether a descriptor is registered.
    pub(crate) fn is_registered(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Returns the number of wakes of the selector.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.len()
    }

    /// Returns the number of waits of the loop.
    pub(crate) fn waits(&self) -> usize {
        self.waits.len()
    }

    /// Returns the token of the source that an event reaches when it is received.
    fn address(&self, token: Token) -> Token {
        let half = usize::BITS / 2;
        let index = |Token(token): Token| token << half;
        let tokens = self.tokens.take();
        tokens.iter().for_each(|&known| self.tokens.note(known));
        let in_the_slot = tokens.iter().rev().find(|&&(_, new)| index(new) == index(token));
        match (self.addressing, in_the_slot) {
            (Addressing::Slot, Some(&(_, new))) => new,
            (Addressing::Slot, None) | (Addressing::Token, _) => token,
        }
    }
}

impl Selector for Device {
    fn register(&self, descriptor: RawFd, token: Token, _: Interest) -> io::Result<()> {
        let is_readable = self.system_call() > 0;
        if self.registering == Registering::Silently {
            self.tokens.note((descriptor, token));
            return Ok(());
        }
        if self.is_registered() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.tokens.note((descriptor, token));
        if is_readable {
            self.pending.note(Some(token));
            self.loop_thread.unpark(); // the initial event
        }
        Ok(())
    }

    fn reregister(&self, _: RawFd, _: Token, _: Interest) -> io::Result<()> {
        panic!("no task waits for writes");
    }

    fn deregister(&self, descriptor: RawFd) -> io::Result<()> {
        self.system_call();
        let known = self.tokens.take();
        known.into_iter().filter(|&(of, _)| of != descriptor).for_each(|one| self.tokens.note(one));
        Ok(())
    }

    fn wake(&self) {
        self.wakes.note(());
        self.pending.note(None);
        self.loop_thread.unpark(); // the wake
        self.unpark_watchers();
    }

    /// Any descriptor: nothing reads or polls it.
    fn descriptor(&self) -> io::Result<OwnedFd> {
        io::stdin().as_fd().try_clone_to_owned()
    }

    fn watch(&self) -> io::Result<Box<dyn WaitUntilReadable>> {
        Ok(Box::new(self.clone()))
    }
}

impl WaitUntilReadable for Device {
    fn wait_until_readable(&mut self) -> io::Result<()> {
        self.watchers.note(thread::current());
        self.system_call();
        while self.pending.is_empty() {
            thread::park();
        }
        Ok(())
    }
}

impl WaitForEvents for Device {
    fn wait(
        &mut self,
        timeout: Option<Duration>,
        events: &mut Vec<ReadinessEvent>,
    ) -> io::Result<()> {
        self.waits.note(());
        self.system_call();
        let mut pending = self.pending.take();
        while pending.is_empty() && timeout.is_none() {
            thread::park();
            pending = self.pending.take();
        }
        let beyond_data = self.content == EventContent::Complete && !self.ended.is_empty();
        events.extend(pending.into_iter().flatten().map(|token| ReadinessEvent {
            token: self.address(token),
            readable: true,
            writable: false,
            beyond_data,
        }));
        Ok(())
    }
}
