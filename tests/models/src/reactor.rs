//! Sockets: what is heard and what is cleared, who is deregistered, and how the loop sleeps where
//! it listens. The system is a stand-in (`device`); all above it is what ships.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use runtime_core::sync::atomic::Ordering;
use runtime_core::sync::explore::{Record, Witness};
use runtime_executor::reactor::{Direction, Registration};
use runtime_executor::{EventLoop, Handle};

use crate::device::{Addressing, Device, Telling};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::{tell, word};

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const REMOTE: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";
const READINESS: &str = "runtime-executor/src/reactor/readiness.rs";
const SET: &str = "self.reported.store(reported.wrapping_add(TICK)";
const SHUT_DOWN: &str = "self.reported.store(reported | SHUT_DOWN";
const DEVICE: &str = "tests/models/src/device.rs";
const CHANNEL: &str = "runtime-core/src/sync/loom/channel.rs";
const CLOSE: &str = "tail.fetch_or(CLOSED, Relaxed)";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "reactor::what_comes_while_a_try_fails_is_not_cleared",
        bound: None,
        executions: 107,
        witnesses: &["one try", "more tries"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("a readiness is cleared that was not seen", |witness| {
                what_comes_is_not_cleared(clears_what_it_has_not_seen, witness);
            }),
        ],
        body: |witness| what_comes_is_not_cleared(reads, witness),
    },
    Model {
        name: "reactor::a_short_read_forgets_neither_data_nor_the_end",
        bound: None,
        executions: 21_753,
        witnesses: &["at once", "one by one"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("an event tells of the data alone", |witness| {
                a_short_read_forgets_nothing(Telling::DataAlone, reads_to_the_end, witness);
            }),
            Mutant::body("a short read clears what it has not seen", |witness| {
                let read = clears_what_its_short_read_has_not_seen;
                a_short_read_forgets_nothing(Telling::Everything, read, witness);
            }),
        ],
        body: |witness| {
            a_short_read_forgets_nothing(Telling::Everything, reads_to_the_end, witness);
        },
    },
    Model {
        name: "reactor::an_event_in_flight_finds_nobody_else",
        bound: None,
        executions: 85,
        witnesses: &["heard before the new one", "heard after it"],
        mutants: &[Mutant::body("an event means who has the slot", |witness| {
            an_event_in_flight_finds_nobody_else(Addressing::Slot, witness);
        })],
        body: |witness| an_event_in_flight_finds_nobody_else(Addressing::Token, witness),
    },
    Model {
        name: "reactor::a_wake_ends_the_sleep_where_the_loop_listens",
        bound: None,
        executions: 41,
        witnesses: &["no ring", "a ring"],
        mutants: &[
            Mutant::lose(DEVICE, "self.sleeper.unpark(); // the ring"),
            Mutant::lose(PARK, UNPARK),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
            Mutant::lose(REMOTE, SEND),
        ],
        body: a_wake_ends_the_sleep,
    },
    Model {
        name: "reactor::neither_an_event_nor_a_wake_swallows_the_other",
        bound: Some(3),
        executions: 1_559,
        witnesses: &["both"],
        mutants: &[
            Mutant::lose(DEVICE, "self.sleeper.unpark(); // the ring"),
            Mutant::lose(READINESS, SET),
            Mutant::split(PARK, UNPARK),
        ],
        body: neither_an_event_nor_a_wake_swallows_the_other,
    },
    Model {
        name: "reactor::a_registration_from_elsewhere_has_a_sleeping_loop_listen",
        bound: Some(4),
        executions: 4_742,
        witnesses: &["read"],
        mutants: &[Mutant::lose(REMOTE, SEND), Mutant::lose(PARK, UNPARK)],
        body: a_registration_from_elsewhere,
    },
    Model {
        name: "reactor::who_waits_is_told_that_the_loop_is_gone",
        bound: None,
        executions: 25,
        witnesses: &["told"],
        mutants: &[
            Mutant::lose(READINESS, SHUT_DOWN),
            Mutant::body("the loop is forgotten", |witness| {
                who_waits_is_told(std::mem::forget, witness);
            }),
        ],
        body: |witness| who_waits_is_told(drop, witness),
    },
    Model {
        name: "reactor::a_first_registration_with_a_loop_that_goes_ends",
        bound: Some(4),
        executions: 273,
        witnesses: &["refused", "told"],
        mutants: &[Mutant::lose(CHANNEL, CLOSE)],
        body: a_first_registration_with_a_loop_that_goes,
    },
];

/// A registration made on the loop's own thread.
fn register_at_home(device: &Device, executor: &EventLoop) -> Registration {
    let handle = executor.handle();
    executor.block_on(async { device.register(&handle, io::stdin()).expect("the loop lives") })
}

type Read = fn(&Device, &Handle, &Registration, &'static Witness);

fn reads(device: &Device, handle: &Handle, socket: &Registration, witness: &'static Witness) {
    let mut tries = 0;
    let read = handle.block_on(socket.io(Direction::Read, || {
        tries += 1;
        device.read()
    }));
    read.expect("a byte comes");
    witness.saw(if tries == 1 { "one try" } else { "more tries" });
}

/// The tick is looked at after the try, not before it.
fn clears_what_it_has_not_seen(
    device: &Device,
    handle: &Handle,
    socket: &Registration,
    _: &'static Witness,
) {
    handle.block_on(async {
        loop {
            let _seen_before_the_try = socket.ready(Direction::Read).await;
            if device.read().is_ok() {
                return;
            }
            let seen = socket.ready(Direction::Read).await.expect("the loop lives");
            socket.clear(Direction::Read, seen);
        }
    });
}

/// The byte comes, and the loop hears of it, while another thread tries to read and fails: between
/// its try and its clearing, or before it waits, or after it. Were the news cleared, it would wait
/// for ever. An idle event comes first, so that there is a try that fails. (P68)
fn what_comes_is_not_cleared(read: Read, witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let socket = Arc::new(register_at_home(&device, &executor));
    device.stir();
    let _ = executor.turn(Duration::ZERO);
    let reader = spawn({
        let (device, handle, socket) = (device.clone(), executor.handle(), Arc::clone(&socket));
        move || read(&device, &handle, &socket, witness)
    });
    device.arrive();
    let _ = executor.turn(Duration::ZERO);
    join(reader);
}

/// What a read asks for: more than ever comes.
const ASKED: usize = 4;

fn reads_to_the_end(
    device: &Device,
    handle: &Handle,
    socket: &Registration,
    witness: &'static Witness,
) {
    let reading = async {
        let read = async || {
            let read = socket.transfer(Direction::Read, ASKED, || device.read_all()).await;
            read.expect("the loop lives")
        };
        let first = read().await;
        let mut total = first;
        loop {
            match read().await {
                0 => break,
                count => total += count,
            }
        }
        assert_eq!(total, 2, "as many as came");
        witness.saw(if first == 2 { "at once" } else { "one by one" });
    };
    handle.block_on(reading);
}

/// The tick is looked at after the read, not before it.
fn clears_what_its_short_read_has_not_seen(
    device: &Device,
    handle: &Handle,
    socket: &Registration,
    _: &'static Witness,
) {
    handle.block_on(async {
        loop {
            let _seen_before_the_read = socket.ready(Direction::Read).await;
            if device.read_all().is_ok_and(|count| count == 0) {
                return;
            }
            let seen = socket.ready(Direction::Read).await.expect("the loop lives");
            socket.clear(Direction::Read, seen);
        }
    });
}

/// One byte comes, then another one together with the end, and the loop hears of it, while another
/// thread reads: each of its reads brings less than it asks for. (P68)
fn a_short_read_forgets_nothing(telling: Telling, read: Read, witness: &'static Witness) {
    let device = Device::telling(telling);
    let executor = device.executor();
    let socket = Arc::new(register_at_home(&device, &executor));
    let reader = spawn({
        let (device, handle, socket) = (device.clone(), executor.handle(), Arc::clone(&socket));
        move || read(&device, &handle, &socket, witness)
    });
    device.arrive();
    let _ = executor.turn(Duration::ZERO);
    device.arrive_and_end();
    let _ = executor.turn(Duration::ZERO);
    join(reader);
}

/// An event is in flight when its socket is dropped and another one gets its slot. (P66, P67)
fn an_event_in_flight_finds_nobody_else(addressing: Addressing, witness: &'static Witness) {
    let device = Device::new(addressing);
    let executor = device.executor();
    let old = register_at_home(&device, &executor);
    device.stir();
    let registered = Record::new();
    let owner = spawn({
        let (device, handle, registered) = (device.clone(), executor.handle(), registered.clone());
        move || {
            drop(old);
            registered.note(device.register(&handle, io::stdout()).expect("the loop lives"));
        }
    });
    let _ = executor.turn(Duration::ZERO);
    witness.saw(if registered.is_empty() { "heard before the new one" } else { "heard after it" });
    join(owner);
    let new = registered.take().pop().expect("it is registered");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(new.poll_ready(Direction::Read, &mut cx).is_pending(), "another one's event");
}

/// Waits for a word to be told.
fn told() -> impl Future<Output = ()> {
    let (news, mut teller) = (word(), None);
    poll_fn(move |cx| {
        teller.get_or_insert_with(|| tell(cx.waker().clone(), Arc::clone(&news)));
        if news.load(Ordering::Relaxed) == 0 {
            return Poll::Pending;
        }
        teller.take().into_iter().for_each(join);
        Poll::Ready(())
    })
}

/// The alarm is rung once for each time that the loop listened, at most, and nobody calls the
/// thread in another way. (P1)
fn a_wake_ends_the_sleep(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let _socket = register_at_home(&device, &executor);
    executor.block_on(told());
    assert!(device.rings() <= device.listens(), "rung for a loop that was awake");
    witness.saw(if device.rings() == 0 { "no ring" } else { "a ring" });
}

/// One thread tells, and a byte comes on another one: the loop meets both, whatever ends its sleep
/// first. (P12)
fn neither_an_event_nor_a_wake_swallows_the_other(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let socket = register_at_home(&device, &executor);
    let wire = spawn({
        let device = device.clone();
        move || device.arrive()
    });
    executor.block_on(async {
        let mut reading = pin!(socket.io(Direction::Read, || device.read()));
        let mut telling = pin!(told());
        let (mut has_read, mut is_told) = (false, false);
        poll_fn(|cx| {
            has_read = has_read || reading.as_mut().poll(cx).is_ready();
            is_told = is_told || telling.as_mut().poll(cx).is_ready();
            if has_read && is_told { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
    witness.saw("both");
    join(wire);
}

/// The first registration comes from another thread while the loop sleeps on its parker. What comes
/// on that socket is heard nevertheless.
fn a_registration_from_elsewhere(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let handle = executor.handle();
    let news = word();
    let mut reader = None;
    executor.block_on(poll_fn(|cx| {
        reader.get_or_insert_with(|| {
            let (device, handle) = (device.clone(), handle.clone());
            let (waker, news) = (cx.waker().clone(), Arc::clone(&news));
            spawn(move || {
                let socket = device.register(&handle, io::stdin()).expect("the loop lives");
                device.arrive();
                let read = handle.block_on(socket.io(Direction::Read, || device.read()));
                read.expect("a byte came");
                news.store(1, Ordering::Relaxed);
                waker.wake();
            })
        });
        if news.load(Ordering::Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }));
    witness.saw("read");
    reader.into_iter().for_each(join);
}

/// Somebody waits for a socket on another thread when the loop goes. (P19)
fn who_waits_is_told(end: fn(EventLoop), witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let socket = register_at_home(&device, &executor);
    let reader = spawn({
        let (device, handle) = (device.clone(), executor.handle());
        move || {
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::Other));
            witness.saw("told");
        }
    });
    end(executor);
    join(reader);
}

/// The first registration is under way when the loop goes: it is refused, or told when it waits.
fn a_first_registration_with_a_loop_that_goes(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let reader = spawn({
        let (device, handle) = (device.clone(), executor.handle());
        move || {
            let Ok(socket) = device.register(&handle, io::stdin()) else {
                return witness.saw("refused");
            };
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::Other));
            witness.saw("told");
        }
    });
    drop(executor);
    join(reader);
}
