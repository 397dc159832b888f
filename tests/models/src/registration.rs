//! Models of sockets that are registered or dropped while data arrives, an event is dispatched,
//! another task waits, or the loop is dropped. The operating system is simulated (`device`); all
//! code above it is the code that ships.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Count, Ordering as CountOrdering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use runtime_core::sync::atomic::Ordering;
use runtime_core::sync::explore::Witness;
use runtime_executor::EventLoop;
use runtime_executor::reactor::{Direction, Interest, Registration, ShortTransfer};

use crate::device::{Addressing, Device};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::word;

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const REMOTE: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";
const READINESS: &str = "runtime-executor/src/reactor/readiness.rs";
const SET: &str = "self.reported.store(reported.wrapping_add(TICK)";
const SHUT_DOWN: &str = "self.reported.store(reported | SHUT_DOWN";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "registration::data_that_arrives_during_registration_is_read",
        bound: None,
        executions: 36,
        witnesses: &["one try", "more tries"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("a new socket counts as not ready", |witness| {
                data_that_arrives_during_registration(treats_it_as_not_ready, witness);
            }),
        ],
        body: |witness| data_that_arrives_during_registration(treats_it_as_ready, witness),
    },
    Model {
        name: "registration::two_concurrent_first_registrations_both_receive_events",
        bound: Some(1),
        executions: 839,
        witnesses: &["both"],
        mutants: &[
            Mutant::lose(REMOTE, SEND),
            Mutant::lose(PARK, UNPARK),
            Mutant::lose(READINESS, SET),
        ],
        body: two_concurrent_first_registrations,
    },
    Model {
        name: "registration::a_registration_during_the_drop_of_the_loop_fails_at_once_or_later",
        bound: None,
        executions: 197,
        witnesses: &["the registration failed", "the wait failed"],
        mutants: &[
            Mutant::lose(READINESS, SHUT_DOWN),
            Mutant::body("the loop is forgotten", |witness| {
                a_registration_during_the_drop_of_the_loop(std::mem::forget, witness);
            }),
        ],
        body: |witness| a_registration_during_the_drop_of_the_loop(drop, witness),
    },
    Model {
        name: "registration::a_waiter_that_gives_up_does_not_take_the_wake_of_another",
        bound: Some(4),
        executions: 8_023,
        witnesses: &["gave up early", "gave up when it was ready"],
        mutants: &[Mutant::lose(READINESS, SET), Mutant::lose(PARK, UNPARK)],
        body: a_waiter_gives_up,
    },
    Model {
        name: "registration::a_socket_dropped_during_dispatch_keeps_no_waker",
        bound: None,
        executions: 381,
        witnesses: &["woken", "not woken"],
        mutants: &[Mutant::body("it is forgotten", |witness| {
            a_socket_dropped_during_dispatch(std::mem::forget, witness);
        })],
        body: |witness| a_socket_dropped_during_dispatch(drop, witness),
    },
];

type Begin = fn(&Registration, Direction);

/// The code that ships: it tries the first operation without waiting for an event.
fn treats_it_as_ready(_: &Registration, _: Direction) {}

/// The mutant: it waits for an event, which may have come before the registration.
fn treats_it_as_not_ready(socket: &Registration, direction: Direction) {
    let tried = socket.try_io(direction, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    assert!(tried.is_err());
}

/// A byte arrives before or after the registration. A byte that arrives before is not reported.
/// (P68)
fn data_that_arrives_during_registration(begin: Begin, witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let peer = spawn({
        let device = device.clone();
        move || device.arrive()
    });
    let handle = executor.handle();
    let mut tries = 0;
    executor.block_on(async {
        let descriptor = io::stdin();
        let socket =
            handle.register(descriptor.as_fd(), Interest::BOTH, ShortTransfer::HasNoEffect);
        let socket = socket.expect("the loop lives");
        begin(&socket, Direction::Read);
        let read = socket.io(Direction::Read, || {
            tries += 1;
            device.read()
        });
        read.await.expect("a byte arrives");
    });
    witness.saw(if tries == 1 { "one try" } else { "more tries" });
    join(peer);
}

/// Two threads register the first sockets of a sleeping loop. Whichever of them opens the selector,
/// the loop receives the events of both.
fn two_concurrent_first_registrations(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let news = word();
    let (mut readers, mut has_arrived) = (Vec::new(), false);
    executor.block_on(poll_fn(|cx| {
        while readers.len() < 2 {
            let (device, handle) = (device.clone(), handle.clone());
            let (waker, news) = (cx.waker().clone(), Arc::clone(&news));
            readers.push(spawn(move || {
                let socket = device.register(&handle, io::stdin()).expect("the loop lives");
                news.fetch_add(1, Ordering::Relaxed);
                waker.wake_by_ref();
                let read = handle.block_on(socket.io(Direction::Read, || device.read()));
                read.expect("a byte arrived");
                news.fetch_add(1, Ordering::Relaxed);
                waker.wake();
            }));
        }
        let reached = news.load(Ordering::Relaxed);
        if reached >= 2 && !has_arrived {
            has_arrived = true;
            device.arrive();
            device.arrive();
        }
        if reached == 4 { Poll::Ready(()) } else { Poll::Pending }
    }));
    witness.saw("both");
    readers.into_iter().for_each(join);
}

/// A second socket is registered while the loop is dropped. The selector is already open, and the
/// loop has the poller. (P19)
fn a_registration_during_the_drop_of_the_loop(end: fn(EventLoop), witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let first =
        executor.block_on(async { device.register(&handle, io::stdin()).expect("it lives") });
    let reader = spawn({
        let device = device.clone();
        move || {
            let Ok(socket) = device.register(&handle, io::stdout()) else {
                return witness.saw("the registration failed");
            };
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::Other));
            witness.saw("the wait failed");
        }
    });
    end(executor);
    join(reader);
    drop(first);
}

/// Two tasks wait for the same direction, each in its own slot. One of them gives up while both are
/// woken.
fn a_waiter_gives_up(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let socket = Arc::new(
        executor.block_on(async { device.register(&handle, io::stdin()).expect("it lives") }),
    );
    let reader = spawn({
        let (device, socket) = (device.clone(), Arc::clone(&socket));
        move || {
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            read.expect("a byte arrives");
        }
    });
    let other = spawn({
        let socket = Arc::clone(&socket);
        move || {
            let mut waits = pin!(socket.ready(Direction::Read));
            let polled = waits.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            witness.saw(if polled.is_ready() {
                "gave up when it was ready"
            } else {
                "gave up early"
            });
        }
    });
    device.arrive();
    let _ = executor.turn(Duration::ZERO);
    join(other);
    join(reader);
}

/// Counts its wakes in a word that loom does not see.
struct CountingWake(Count);

impl Wake for CountingWake {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, CountOrdering::Relaxed);
    }
}

/// A task has polled a socket, which has stored the task's waker. The task drops the socket while
/// the loop dispatches an event of it. (P67)
fn a_socket_dropped_during_dispatch(end: fn(Registration), witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let socket =
        executor.block_on(async { device.register(&handle, io::stdin()).expect("it lives") });
    let count = Arc::new(CountingWake(Count::new(0)));
    let owner = spawn({
        let waker = Waker::from(Arc::clone(&count));
        move || {
            let mut cx = Context::from_waker(&waker);
            let _may_be_ready = socket.poll_ready(Direction::Read, &mut cx);
            // The device reports no event for the direction `Write`.
            treats_it_as_not_ready(&socket, Direction::Write);
            assert!(socket.poll_ready(Direction::Write, &mut cx).is_pending());
            end(socket);
        }
    });
    device.report_spuriously();
    let _ = executor.turn(Duration::ZERO);
    join(owner);
    let wakes = count.0.load(CountOrdering::Relaxed);
    assert!(wakes <= 1, "woken more than once");
    witness.saw(if wakes == 1 { "woken" } else { "not woken" });
    assert_eq!(Arc::strong_count(&count), 1, "a clone of the waker is left");
}
