//! A stand-in for the system's side of the reactor: descriptors that become readable, and a kernel
//! that tells so once.
//!
//! It orders nothing: what it keeps is beside loom's sight, and a system call is a point where
//! another thread may take over (a relaxed read-modify-write of one word) and no more.

use std::io;
use std::os::fd::{AsFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::Record;
use runtime_core::sync::thread::{self, Thread};
use runtime_executor::reactor::{
    Direction, ReadinessEvent, Registration, Selector, SelectorParts, ShortTransfer, Token,
    WaitForEvents,
};
use runtime_executor::{Config, EventLoop, Handle};

/// What the threads of a model share of the system.
#[derive(Clone)]
pub(crate) struct Device {
    /// How many bytes there are to read, and the system calls' point of entry.
    bytes: Arc<AtomicUsize>,
    /// Which descriptor is known by which token, the last one first in force.
    tokens: Record<(RawFd, Token)>,
    /// What was told and not heard; `None` is a ring.
    told: Record<Option<Token>>,
    /// Nothing more will come.
    ended: Record<()>,
    rings: Record<()>,
    listens: Record<()>,
    sleeper: Thread,
    /// How a token is told.
    addressing: Addressing,
    /// What an event tells of.
    telling: Telling,
}

/// What an event tells of that is heard when nothing more will come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// That, too.
    Everything,
    /// Of the data: the mistake.
    DataAlone,
}

/// Whom the kernel tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressing {
    /// Who was registered with that token.
    Token,
    /// Who has that slot when the event is heard: the mistake.
    Slot,
}

impl Device {
    /// A system for the loop of the current thread.
    pub(crate) fn new(addressing: Addressing) -> Device {
        Device {
            bytes: Arc::new(AtomicUsize::new(0)),
            tokens: Record::new(),
            told: Record::new(),
            ended: Record::new(),
            rings: Record::new(),
            listens: Record::new(),
            sleeper: thread::current(),
            addressing,
            telling: Telling::Everything,
        }
    }

    /// A system whose events tell of this.
    pub(crate) fn telling(telling: Telling) -> Device {
        Device { telling, ..Device::new(Addressing::Token) }
    }

    /// A loop on this system.
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

    /// A byte comes for everybody who is registered. An edge: told once.
    pub(crate) fn arrive(&self) {
        self.bytes.fetch_add(1, Ordering::Relaxed);
        self.stir();
    }

    /// The same, and it was the last one: both are told at once.
    pub(crate) fn arrive_and_end(&self) {
        self.ended.note(());
        self.arrive();
    }

    /// The same without a byte: what is told may be nothing.
    pub(crate) fn stir(&self) {
        let tokens = self.tokens.take();
        for &(descriptor, token) in &tokens {
            self.told.note(Some(token));
            self.tokens.note((descriptor, token));
        }
        self.sleeper.unpark();
    }

    /// Reads a byte.
    pub(crate) fn read(&self) -> io::Result<()> {
        if self.system_call() == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// Reads all there are; none, if nothing more will come.
    pub(crate) fn read_all(&self) -> io::Result<usize> {
        let count = self.system_call();
        if count == 0 && self.ended.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes.fetch_sub(count, Ordering::Relaxed);
        Ok(count)
    }

    /// Registers a descriptor, and uses up that it counts as ready at first.
    pub(crate) fn register(
        &self,
        handle: &Handle,
        descriptor: impl AsFd,
    ) -> io::Result<Registration> {
        let registration = handle.register(descriptor.as_fd(), ShortTransfer::ClearsReadiness)?;
        let tried = registration.try_io(Direction::Read, || self.read());
        assert!(tried.is_err(), "nothing has come, or the loop is gone");
        Ok(registration)
    }

    /// How often the loop was rung for.
    pub(crate) fn rings(&self) -> usize {
        self.rings.len()
    }

    /// How often the loop listened.
    pub(crate) fn listens(&self) -> usize {
        self.listens.len()
    }

    /// Whom an event means by the time it is heard.
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
    fn register(&self, descriptor: RawFd, token: Token) -> io::Result<()> {
        self.system_call();
        self.tokens.note((descriptor, token));
        Ok(())
    }

    fn deregister(&self, descriptor: RawFd) -> io::Result<()> {
        self.system_call();
        let known = self.tokens.take();
        known.into_iter().filter(|&(of, _)| of != descriptor).for_each(|one| self.tokens.note(one));
        Ok(())
    }

    fn wake(&self) {
        self.rings.note(());
        self.told.note(None);
        self.sleeper.unpark(); // the ring
    }
}

impl WaitForEvents for Device {
    fn wait(
        &mut self,
        timeout: Option<Duration>,
        events: &mut Vec<ReadinessEvent>,
    ) -> io::Result<()> {
        self.listens.note(());
        self.system_call();
        let mut told = self.told.take();
        while told.is_empty() && timeout.is_none() {
            thread::park();
            told = self.told.take();
        }
        let beyond_data = self.telling == Telling::Everything && !self.ended.is_empty();
        events.extend(told.into_iter().flatten().map(|token| ReadinessEvent {
            token: self.address(token),
            readable: true,
            writable: false,
            beyond_data,
        }));
        Ok(())
    }
}
