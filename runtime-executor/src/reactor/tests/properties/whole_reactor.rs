//! A whole reactor on a simulated selector: sockets are registered, read and dropped, and events
//! arrive late, twice, or after their socket has been dropped.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;

use runtime_core::sync::Mutex;

use super::{WakeCount, cases, counting_waker, readable, steps};
use crate::reactor::registration::Registration;
use crate::reactor::selector::{
    Direction, Interest, ReadinessEvent, Selector, SelectorParts, Token, WaitForEvents,
};
use crate::reactor::short_transfer::ShortTransfer;
use crate::{Config, EventLoop, Handle};

const DESCRIPTORS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum SocketStep {
    /// Registers a descriptor at once, or deregisters it if it is registered.
    Register(usize),
    /// Registers a descriptor at its first wait, or deregisters it.
    RegisterAtFirstWait(usize),
    /// Bytes arrive for a descriptor.
    Arrive(usize, usize),
    /// The selector reports a descriptor for no reason.
    ReportSpuriously(usize),
    /// Reads a byte, or waits.
    Read(usize),
    /// The loop receives at most this number of events.
    Turn(usize),
}

fn step() -> impl Strategy<Value = SocketStep> {
    let which = 0..DESCRIPTORS;
    prop_oneof![
        2 => which.clone().prop_map(SocketStep::Register),
        2 => which.clone().prop_map(SocketStep::RegisterAtFirstWait),
        3 => (which.clone(), 1..3_usize)
            .prop_map(|(which, bytes)| SocketStep::Arrive(which, bytes)),
        1 => which.clone().prop_map(SocketStep::ReportSpuriously),
        6 => which.prop_map(SocketStep::Read),
        3 => (1..4_usize).prop_map(SocketStep::Turn),
    ]
}

/// A registration: its token, and a number that no other registration has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KnownSocket {
    token: Token,
    number: usize,
}

#[derive(Default)]
struct SimulatedSystem {
    /// The registered descriptors.
    known: Vec<(RawFd, KnownSocket)>,
    /// The number of registrations so far.
    registrations: usize,
    /// For each descriptor, the number of bytes that can be read.
    bytes: Vec<(RawFd, usize)>,
    /// Events that the loop has not received.
    pending: Vec<KnownSocket>,
    /// The maximum number of events that one wait returns.
    events_max: usize,
}

#[derive(Clone, Default)]
struct SimulatedSelector(Arc<Mutex<SimulatedSystem>>);

impl SimulatedSelector {
    fn bytes(&self, descriptor: RawFd) -> usize {
        let system = self.0.lock();
        system.bytes.iter().find(|(of, _)| *of == descriptor).map_or(0, |(_, bytes)| *bytes)
    }

    fn set_bytes(&self, descriptor: RawFd, bytes: usize) {
        let mut system = self.0.lock();
        system.bytes.retain(|(of, _)| *of != descriptor);
        system.bytes.push((descriptor, bytes));
    }

    fn known(&self, descriptor: RawFd) -> Option<KnownSocket> {
        let system = self.0.lock();
        system.known.iter().find(|(of, _)| *of == descriptor).map(|(_, known)| *known)
    }

    /// Adds an event for a descriptor that is registered.
    fn report(&self, descriptor: RawFd) {
        if let Some(known) = self.known(descriptor) {
            self.0.lock().pending.push(known);
        }
    }

    fn has_pending_event(&self, descriptor: RawFd) -> bool {
        let known = self.known(descriptor);
        self.0.lock().pending.iter().any(|pending| Some(*pending) == known)
    }
}

impl Selector for SimulatedSelector {
    fn register(&self, descriptor: RawFd, token: Token, _: Interest) -> io::Result<()> {
        let mut system = self.0.lock();
        let known = KnownSocket { token, number: system.registrations };
        system.registrations += 1;
        system.known.push((descriptor, known));
        drop(system);
        // The interface requires an event if the descriptor is ready already.
        if self.bytes(descriptor) > 0 {
            self.report(descriptor);
        }
        Ok(())
    }

    fn reregister(&self, descriptor: RawFd, _: Token, _: Interest) -> io::Result<()> {
        panic!("{descriptor}: no task waits for writes");
    }

    fn deregister(&self, descriptor: RawFd) -> io::Result<()> {
        // Events that are pending may still arrive.
        self.0.lock().known.retain(|(of, _)| *of != descriptor);
        Ok(())
    }

    fn wake(&self) {}
}

impl WaitForEvents for SimulatedSelector {
    fn wait(&mut self, _: Option<Duration>, events: &mut Vec<ReadinessEvent>) -> io::Result<()> {
        let mut system = self.0.lock();
        let now = system.pending.len().min(system.events_max);
        events.extend(system.pending.drain(..now).map(|pending| readable(pending.token)));
        Ok(())
    }
}

/// A descriptor and the task that uses it.
struct SocketUser {
    file: File,
    socket: Option<Registration>,
    waker: (Arc<WakeCount>, Waker),
    /// The number of the task's wakes when the task last began to wait.
    waits: Option<usize>,
    /// The number of operations that returned `WouldBlock` since the loop received the last event
    /// of the descriptor.
    vain_tries: usize,
}

struct WholeReactor {
    system: SimulatedSelector,
    executor: EventLoop,
    users: Vec<SocketUser>,
}

impl WholeReactor {
    fn new() -> WholeReactor {
        let system = SimulatedSelector::default();
        let own = system.clone();
        let open = move || -> io::Result<SelectorParts> {
            Ok((Arc::new(own.clone()), Box::new(own.clone())))
        };
        let executor =
            EventLoop::new(Config { selector: Some(Box::new(open)), ..Config::default() });
        let user = |_| SocketUser {
            file: File::open("/dev/null").expect("a descriptor"),
            socket: None,
            waker: counting_waker(),
            waits: None,
            vain_tries: 0,
        };
        WholeReactor { system, executor, users: (0..DESCRIPTORS).map(user).collect() }
    }

    fn run(&mut self, step: SocketStep) -> Result<(), TestCaseError> {
        match step {
            SocketStep::Register(which) => self.register(which, |handle, descriptor| {
                handle.register(descriptor, Interest::BOTH, ShortTransfer::HasNoEffect)
            }),
            SocketStep::RegisterAtFirstWait(which) => self.register(which, |handle, descriptor| {
                handle.register_at_first_wait(descriptor, ShortTransfer::HasNoEffect)
            }),
            SocketStep::Arrive(which, more) => {
                let descriptor = self.users[which].file.as_raw_fd();
                self.system.set_bytes(descriptor, self.system.bytes(descriptor) + more);
                self.system.report(descriptor);
            }
            SocketStep::ReportSpuriously(which) => {
                self.system.report(self.users[which].file.as_raw_fd());
            }
            SocketStep::Read(which) => self.read(which)?,
            SocketStep::Turn(events_max) => self.turn(events_max)?,
        }
        let registered = self.users.iter().filter(|user| user.socket.is_some()).count();
        prop_assert_eq!(self.executor.handle().shared().reactor.len(), registered);
        Ok(())
    }

    fn register(
        &mut self,
        which: usize,
        register: impl FnOnce(&Handle, BorrowedFd<'_>) -> io::Result<Registration>,
    ) {
        let user = &mut self.users[which];
        user.waits = None;
        user.vain_tries = 0;
        user.socket = match user.socket.take() {
            Some(_deregistered) => None,
            None => {
                let handle = self.executor.handle();
                let new = async { register(&handle, user.file.as_fd()) };
                Some(self.executor.block_on(new).expect("the loop lives"))
            }
        };
    }

    fn read(&mut self, which: usize) -> Result<(), TestCaseError> {
        let (system, user) = (&self.system, &mut self.users[which]);
        let Some(socket) = &user.socket else { return Ok(()) };
        let descriptor = user.file.as_raw_fd();
        let mut cx = Context::from_waker(&user.waker.1);
        let before = system.bytes(descriptor);
        let vain_tries = &mut user.vain_tries;
        let polled = socket.poll_io(Direction::Read, &mut cx, || match system.bytes(descriptor) {
            0 => {
                *vain_tries += 1;
                Err(io::ErrorKind::WouldBlock.into())
            }
            bytes => {
                system.set_bytes(descriptor, bytes - 1);
                Ok(())
            }
        });
        match polled {
            Poll::Ready(read) => {
                prop_assert!(read.is_ok() && before > 0);
                user.waits = None;
            }
            Poll::Pending => {
                // If bytes are available, the task may wait only while the event of these bytes is
                // pending.
                let is_reported = system.has_pending_event(descriptor);
                prop_assert!(before == 0 || is_reported, "it waits although there are bytes");
                // Another socket's events must not make this socket ready, so each of its own
                // events causes at most one vain try.
                prop_assert!(user.vain_tries <= 1, "it tried in vain again");
                user.waits = Some(user.waker.0.get());
            }
        }
        Ok(())
    }

    fn turn(&mut self, events_max: usize) -> Result<(), TestCaseError> {
        let mut received = {
            let mut system = self.system.0.lock();
            system.events_max = events_max;
            system.pending.clone()
        };
        let _ = self.executor.turn(Duration::ZERO);
        // One turn may poll the selector twice.
        received.truncate(received.len() - self.system.0.lock().pending.len());
        for user in &mut self.users {
            let known = self.system.known(user.file.as_raw_fd());
            let is_ready =
                user.socket.is_some() && received.iter().any(|event| Some(*event) == known);
            if is_ready {
                user.vain_tries = 0;
            }
            if let Some(before) = user.waits {
                let wakes = user.waker.0.get() - before;
                prop_assert_eq!(wakes, usize::from(is_ready), "woken by its own events alone");
                if is_ready {
                    user.waits = None;
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(512))]

    /// P66, P67, P68: no task keeps waiting after the loop has received the event of its data, no
    /// event wakes the task of another socket, and a dropped socket leaves nothing behind.
    #[test]
    fn sockets_do_what_their_reference_does(steps in steps(step(), 80)) {
        let mut reactor = WholeReactor::new();
        for step in steps {
            reactor.run(step)?;
        }
    }
}
