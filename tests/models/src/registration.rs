//! Sockets that come and go while something else happens: data comes, an event is told, another one
//! waits, the loop goes. The system is a stand-in (`device`); all above it is what ships.

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
use runtime_executor::reactor::{Direction, Registration, ShortTransfer};

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
        name: "registration::what_comes_while_a_socket_is_registered_is_read",
        bound: None,
        executions: 36,
        witnesses: &["one try", "more tries"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("a new socket counts as not ready", |witness| {
                what_comes_while_it_is_registered(takes_it_for_unready, witness);
            }),
        ],
        body: |witness| what_comes_while_it_is_registered(takes_it_for_ready, witness),
    },
    Model {
        name: "registration::two_first_ones_at_a_time_are_both_heard",
        bound: Some(1),
        executions: 833,
        witnesses: &["both"],
        mutants: &[
            Mutant::lose(REMOTE, SEND),
            Mutant::lose(PARK, UNPARK),
            Mutant::lose(READINESS, SET),
        ],
        body: two_first_ones_at_a_time,
    },
    Model {
        name: "registration::one_with_a_loop_that_goes_is_refused_or_told",
        bound: None,
        executions: 232,
        witnesses: &["refused", "told"],
        mutants: &[
            Mutant::lose(READINESS, SHUT_DOWN),
            Mutant::body("the loop is forgotten", |witness| {
                one_with_a_loop_that_goes(std::mem::forget, witness);
            }),
        ],
        body: |witness| one_with_a_loop_that_goes(drop, witness),
    },
    Model {
        name: "registration::of_two_who_wait_one_leaves_and_the_other_is_told",
        bound: Some(4),
        executions: 8_023,
        witnesses: &["left in vain", "left when it was ready"],
        mutants: &[Mutant::lose(READINESS, SET), Mutant::lose(PARK, UNPARK)],
        body: of_two_who_wait_one_leaves,
    },
    Model {
        name: "registration::a_socket_that_goes_while_it_is_told_keeps_no_waker",
        bound: None,
        executions: 267,
        witnesses: &["told", "not told"],
        mutants: &[Mutant::body("it is forgotten", |witness| {
            one_that_goes_while_it_is_told(std::mem::forget, witness);
        })],
        body: |witness| one_that_goes_while_it_is_told(drop, witness),
    },
];

type Begin = fn(&Registration, Direction);

/// As it is: the first try is made without waiting for an event.
fn takes_it_for_ready(_: &Registration, _: Direction) {}

/// Waits for an event that may have been told to nobody.
fn takes_it_for_unready(socket: &Registration, direction: Direction) {
    let mut cx = Context::from_waker(Waker::noop());
    if let Poll::Ready(Ok(seen)) = socket.poll_ready(direction, &mut cx) {
        socket.clear(direction, seen);
    }
}

/// A byte comes before the system knows of the socket, and is told to nobody, or after it. (P68)
fn what_comes_while_it_is_registered(begin: Begin, witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let wire = spawn({
        let device = device.clone();
        move || device.arrive()
    });
    let handle = executor.handle();
    let mut tries = 0;
    executor.block_on(async {
        let descriptor = io::stdin();
        let socket = handle.register(descriptor.as_fd(), ShortTransfer::HasNoEffect);
        let socket = socket.expect("the loop lives");
        begin(&socket, Direction::Read);
        let read = socket.io(Direction::Read, || {
            tries += 1;
            device.read()
        });
        read.await.expect("a byte comes");
    });
    witness.saw(if tries == 1 { "one try" } else { "more tries" });
    join(wire);
}

/// Two threads register the first sockets of a loop that sleeps. Whichever of them opens the
/// kernel, the loop hears of both.
fn two_first_ones_at_a_time(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let news = word();
    let (mut readers, mut has_come) = (Vec::new(), false);
    executor.block_on(poll_fn(|cx| {
        while readers.len() < 2 {
            let (device, handle) = (device.clone(), handle.clone());
            let (waker, news) = (cx.waker().clone(), Arc::clone(&news));
            readers.push(spawn(move || {
                let socket = device.register(&handle, io::stdin()).expect("the loop lives");
                news.fetch_add(1, Ordering::Relaxed);
                waker.wake_by_ref();
                let read = handle.block_on(socket.io(Direction::Read, || device.read()));
                read.expect("a byte came");
                news.fetch_add(1, Ordering::Relaxed);
                waker.wake();
            }));
        }
        let told = news.load(Ordering::Relaxed);
        if told >= 2 && !has_come {
            has_come = true;
            device.arrive();
            device.arrive();
        }
        if told == 4 { Poll::Ready(()) } else { Poll::Pending }
    }));
    witness.saw("both");
    readers.into_iter().for_each(join);
}

/// Not the first one: the kernel is open, and the ear with the loop. (P19)
fn one_with_a_loop_that_goes(end: fn(EventLoop), witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let first =
        executor.block_on(async { device.register(&handle, io::stdin()).expect("it lives") });
    let reader = spawn({
        let device = device.clone();
        move || {
            let Ok(socket) = device.register(&handle, io::stdout()) else {
                return witness.saw("refused");
            };
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::Other));
            witness.saw("told");
        }
    });
    end(executor);
    join(reader);
    drop(first);
}

/// Both wait for one direction, each in a seat of its own, and one gives up while both are called.
fn of_two_who_wait_one_leaves(witness: &'static Witness) {
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
            read.expect("a byte comes");
        }
    });
    let other = spawn({
        let socket = Arc::clone(&socket);
        move || {
            let mut waits = pin!(socket.ready(Direction::Read));
            let polled = waits.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            witness.saw(if polled.is_ready() { "left when it was ready" } else { "left in vain" });
        }
    });
    device.arrive();
    let _ = executor.turn(Duration::ZERO);
    join(other);
    join(reader);
}

/// Counts its wakes, beside loom's sight.
struct Bell(Count);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, CountOrdering::Relaxed);
    }
}

/// Somebody who waits by polls, which leave its waker, drops the socket while the loop tells it.
/// (P67)
fn one_that_goes_while_it_is_told(end: fn(Registration), witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let socket =
        executor.block_on(async { device.register(&handle, io::stdin()).expect("it lives") });
    let bell = Arc::new(Bell(Count::new(0)));
    let owner = spawn({
        let waker = Waker::from(Arc::clone(&bell));
        move || {
            let mut cx = Context::from_waker(&waker);
            let _may_be_ready = socket.poll_ready(Direction::Read, &mut cx);
            // Nobody tells of that one.
            takes_it_for_unready(&socket, Direction::Write);
            assert!(socket.poll_ready(Direction::Write, &mut cx).is_pending());
            end(socket);
        }
    });
    device.stir();
    let _ = executor.turn(Duration::ZERO);
    join(owner);
    let rings = bell.0.load(CountOrdering::Relaxed);
    assert!(rings <= 1, "told more than once");
    witness.saw(if rings == 1 { "told" } else { "not told" });
    assert_eq!(Arc::strong_count(&bell), 1, "somebody keeps its waker");
}
