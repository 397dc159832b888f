//! Models of sockets: setting and clearing readiness, deregistration, and the loop's sleep in the
//! selector. The operating system is simulated (`device`); all code above it is the code that
//! ships.

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

use crate::device::{Addressing, Device, EventContent};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::{publish_and_wake, word};

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
        name: "reactor::an_event_during_a_failing_operation_is_not_cleared",
        bound: None,
        executions: 107,
        witnesses: &["one try", "more tries"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("a tick is cleared that was not seen", |witness| {
                an_event_is_not_cleared(clears_what_it_has_not_seen, witness);
            }),
        ],
        body: |witness| an_event_is_not_cleared(reads, witness),
    },
    Model {
        name: "reactor::a_short_read_loses_neither_data_nor_the_end",
        bound: None,
        executions: 21_753,
        witnesses: &["at once", "one by one"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("an event reports the data alone", |witness| {
                a_short_read_loses_nothing(EventContent::DataAlone, reads_to_the_end, witness);
            }),
            Mutant::body("a short read clears what it has not seen", |witness| {
                let read = clears_what_its_short_read_has_not_seen;
                a_short_read_loses_nothing(EventContent::Complete, read, witness);
            }),
        ],
        body: |witness| {
            a_short_read_loses_nothing(EventContent::Complete, reads_to_the_end, witness);
        },
    },
    Model {
        name: "reactor::a_try_without_readiness_loses_no_event",
        bound: Some(3),
        executions: 1_004,
        witnesses: &["read before its event", "read after its event"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("a try clears what it has not seen", |witness| {
                a_try_loses_no_event(tries_and_clears, witness);
            }),
        ],
        body: |witness| a_try_loses_no_event(tries_and_waits, witness),
    },
    Model {
        name: "reactor::a_late_event_reaches_no_other_socket",
        bound: None,
        executions: 166,
        witnesses: &["received before the new registration", "received after it"],
        mutants: &[Mutant::body("an event means the source in its slot", |witness| {
            a_late_event_reaches_no_other_socket(Addressing::Slot, witness);
        })],
        body: |witness| a_late_event_reaches_no_other_socket(Addressing::Token, witness),
    },
    Model {
        name: "reactor::a_wake_ends_the_sleep_in_the_selector",
        bound: None,
        executions: 41,
        witnesses: &["no wake", "a wake"],
        mutants: &[
            Mutant::lose(DEVICE, "self.loop_thread.unpark(); // the wake"),
            Mutant::lose(PARK, UNPARK),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
            Mutant::lose(REMOTE, SEND),
        ],
        body: a_wake_ends_the_sleep,
    },
    Model {
        name: "reactor::neither_an_event_nor_a_wake_hides_the_other",
        bound: Some(3),
        executions: 1_559,
        witnesses: &["both"],
        mutants: &[
            Mutant::lose(DEVICE, "self.loop_thread.unpark(); // the wake"),
            Mutant::lose(READINESS, SET),
            Mutant::split(PARK, UNPARK),
        ],
        body: neither_an_event_nor_a_wake_hides_the_other,
    },
    Model {
        name: "reactor::a_registration_on_another_thread_reaches_a_sleeping_loop",
        bound: Some(4),
        executions: 4_742,
        witnesses: &["read"],
        mutants: &[Mutant::lose(REMOTE, SEND), Mutant::lose(PARK, UNPARK)],
        body: a_registration_on_another_thread,
    },
    Model {
        name: "reactor::a_waiting_task_gets_an_error_when_the_loop_is_dropped",
        bound: None,
        executions: 25,
        witnesses: &["the wait failed"],
        mutants: &[
            Mutant::lose(READINESS, SHUT_DOWN),
            Mutant::body("the loop is forgotten", |witness| {
                who_waits_is_woken(std::mem::forget, witness);
            }),
        ],
        body: |witness| who_waits_is_woken(drop, witness),
    },
    Model {
        name: "reactor::a_first_registration_during_the_drop_of_the_loop_ends",
        bound: Some(4),
        executions: 355,
        witnesses: &["the registration failed", "the wait failed"],
        mutants: &[Mutant::lose(CHANNEL, CLOSE)],
        body: a_first_registration_during_the_drop_of_the_loop,
    },
];

/// Registers a descriptor on the loop's thread.
fn register_on_loop(device: &Device, executor: &EventLoop) -> Registration {
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
    read.expect("a byte arrives");
    witness.saw(if tries == 1 { "one try" } else { "more tries" });
}

/// Reads with a mistake: loads the tick after the operation instead of before it.
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
            let unseen = socket.ready(Direction::Read).await.expect("the loop lives");
            socket.clear(Direction::Read, unseen);
        }
    });
}

/// A byte arrives, and the loop receives its event, while another thread reads. A spurious event
/// comes first, so the first operation of the reader may fail. The event may come between that
/// operation's steps R1 and R2 (see `readiness.rs`), before the reader waits, or while it waits. If
/// R2 cleared the event, the reader would wait for ever. (P68)
fn an_event_is_not_cleared(read: Read, witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let socket = Arc::new(register_on_loop(&device, &executor));
    device.report_spuriously();
    let _ = executor.turn(Duration::ZERO);
    let reader = spawn({
        let (device, handle, socket) = (device.clone(), executor.handle(), Arc::clone(&socket));
        move || read(&device, &handle, &socket, witness)
    });
    device.arrive();
    let _ = executor.turn(Duration::ZERO);
    join(reader);
}

/// The size of a read's buffer. It is larger than the number of bytes that arrive.
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
        assert_eq!(total, 2, "all bytes were read");
        witness.saw(if first == 2 { "at once" } else { "one by one" });
    };
    handle.block_on(reading);
}

/// Reads with a mistake: loads the tick after the read instead of before it.
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

/// While another thread reads, one byte arrives, and then a second byte together with the end of
/// the stream. The loop receives the events. All reads of the other thread are short. (P68)
fn a_short_read_loses_nothing(content: EventContent, read: Read, witness: &'static Witness) {
    two_arrivals(Device::with_content(content), Device::arrive_and_end, read, witness);
}

/// Another thread reads, while two bytes arrive and the loop receives their events. `second` lets
/// the second byte arrive.
fn two_arrivals(device: Device, second: fn(&Device), read: Read, witness: &'static Witness) {
    let executor = device.executor();
    let socket = Arc::new(register_on_loop(&device, &executor));
    let reader = spawn({
        let (device, handle, socket) = (device.clone(), executor.handle(), Arc::clone(&socket));
        move || read(&device, &handle, &socket, witness)
    });
    device.arrive();
    let _ = executor.turn(Duration::ZERO);
    second(&device);
    let _ = executor.turn(Duration::ZERO);
    join(reader);
}

/// Reads two bytes by operations that never wait. After `WouldBlock` it waits for readiness.
fn tries_and_waits(
    device: &Device,
    handle: &Handle,
    socket: &Registration,
    witness: &'static Witness,
) {
    let mut waits = 0;
    let read_one = async |waits: &mut usize| {
        while socket.try_io(Direction::Read, || device.read()).is_err() {
            *waits += 1;
            socket.ready(Direction::Read).await.expect("the loop lives");
        }
    };
    handle.block_on(async {
        read_one(&mut waits).await;
        read_one(&mut waits).await;
    });
    witness.saw(if waits == 0 { "read before its event" } else { "read after its event" });
}

/// Reads with a mistake: a try that returned `WouldBlock` clears a tick that was loaded after it.
fn tries_and_clears(device: &Device, handle: &Handle, socket: &Registration, _: &'static Witness) {
    let mut cx = Context::from_waker(Waker::noop());
    handle.block_on(async {
        for _byte in 0..2 {
            while device.read().is_err() {
                if let Poll::Ready(Ok(later)) = socket.poll_ready(Direction::Read, &mut cx) {
                    socket.clear(Direction::Read, later);
                }
                socket.ready(Direction::Read).await.expect("the loop lives");
            }
        }
    });
}

/// Another thread reads by operations that are tried although the direction is not ready, while two
/// bytes arrive and the loop receives their events. (P103, P118)
fn a_try_loses_no_event(read: Read, witness: &'static Witness) {
    two_arrivals(Device::new(Addressing::Token), Device::arrive, read, witness);
}

/// An event is pending when its socket is dropped and another socket gets the same slot. (P66, P67)
fn a_late_event_reaches_no_other_socket(addressing: Addressing, witness: &'static Witness) {
    let device = Device::new(addressing);
    let executor = device.executor();
    let old = register_on_loop(&device, &executor);
    device.report_spuriously();
    let registered = Record::new();
    let owner = spawn({
        let (device, handle, registered) = (device.clone(), executor.handle(), registered.clone());
        move || {
            drop(old);
            registered.note(device.register(&handle, io::stdout()).expect("the loop lives"));
        }
    });
    let _ = executor.turn(Duration::ZERO);
    witness.saw(if registered.is_empty() {
        "received before the new registration"
    } else {
        "received after it"
    });
    join(owner);
    let new = registered.take().pop().expect("it is registered");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(
        new.poll_ready(Direction::Read, &mut cx).is_pending(),
        "the event of the other socket reached it"
    );
}

/// Starts a thread that sets a word and wakes the task, and waits until the word is set.
fn woken_remotely() -> impl Future<Output = ()> {
    let (news, mut teller) = (word(), None);
    poll_fn(move |cx| {
        teller.get_or_insert_with(|| publish_and_wake(cx.waker().clone(), Arc::clone(&news)));
        if news.load(Ordering::Relaxed) == 0 {
            return Poll::Pending;
        }
        teller.take().into_iter().for_each(join);
        Poll::Ready(())
    })
}

/// A wake from another thread ends the loop's sleep in the selector. The selector is woken at most
/// once for each wait of the loop. (P1)
fn a_wake_ends_the_sleep(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let _socket = register_on_loop(&device, &executor);
    executor.block_on(woken_remotely());
    assert!(device.wakes() <= device.waits(), "the selector was woken for a loop that was awake");
    witness.saw(if device.wakes() == 0 { "no wake" } else { "a wake" });
}

/// One thread wakes the task, and another thread lets a byte arrive. The loop handles both,
/// whichever of them ends its sleep. (P12)
fn neither_an_event_nor_a_wake_hides_the_other(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let socket = register_on_loop(&device, &executor);
    let peer = spawn({
        let device = device.clone();
        move || device.arrive()
    });
    executor.block_on(async {
        let mut reading = pin!(socket.io(Direction::Read, || device.read()));
        let mut waking = pin!(woken_remotely());
        let (mut has_read, mut is_woken) = (false, false);
        poll_fn(|cx| {
            has_read = has_read || reading.as_mut().poll(cx).is_ready();
            is_woken = is_woken || waking.as_mut().poll(cx).is_ready();
            if has_read && is_woken { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
    witness.saw("both");
    join(peer);
}

/// Another thread registers the first socket while the loop is parked. The loop nevertheless
/// receives the events of that socket.
fn a_registration_on_another_thread(witness: &'static Witness) {
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
                read.expect("a byte arrived");
                news.store(1, Ordering::Relaxed);
                waker.wake();
            })
        });
        if news.load(Ordering::Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }));
    witness.saw("read");
    reader.into_iter().for_each(join);
}

/// A task on another thread waits for a socket when the loop is dropped. (P19)
fn who_waits_is_woken(end: fn(EventLoop), witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let socket = register_on_loop(&device, &executor);
    let reader = spawn({
        let (device, handle) = (device.clone(), executor.handle());
        move || {
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::Other));
            witness.saw("the wait failed");
        }
    });
    end(executor);
    join(reader);
}

/// The first socket is registered while the loop is dropped. Either the registration fails, or the
/// first wait for the socket fails.
fn a_first_registration_during_the_drop_of_the_loop(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let executor = device.executor();
    let reader = spawn({
        let (device, handle) = (device.clone(), executor.handle());
        move || {
            let Ok(socket) = device.register(&handle, io::stdin()) else {
                return witness.saw("the registration failed");
            };
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::Other));
            witness.saw("the wait failed");
        }
    });
    drop(executor);
    join(reader);
}
