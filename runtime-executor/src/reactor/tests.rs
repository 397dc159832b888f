//! The parts of the reactor that decide, tried out: tables by hand, readiness against a reference.

mod properties;

use std::io;
use std::os::fd::{AsFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::registration::{Registration, Short, gone};
use super::registry::{ALARM, Table};
use super::selector::{Direction, Kernel, Listen, Opened, Readiness};
use super::source::{Seat, Source};
use super::waiters::Seats;
use crate::{Config, Executor, sleep};

/// P66
#[test]
fn a_token_means_its_own_source_and_no_later_one_in_its_slot() {
    let mut table = Table::new();
    let first = table.insert("first");
    let other = table.insert("other");
    assert_eq!(
        (table.get(first), table.get(other), table.len()),
        (Some(&"first"), Some(&"other"), 2)
    );
    assert_eq!(table.remove(first), Some("first"));
    assert_eq!(table.remove(first), None, "it is gone");
    let second = table.insert("second");
    assert_eq!(table.get(first), None, "an old token means nobody");
    assert_eq!(table.get(second), Some(&"second"));
    assert_eq!(table.get(other), Some(&"other"));
    assert_eq!(table.get(ALARM), None);
    assert_eq!(table.remove(first), None, "nor does it remove the new one");
    assert_eq!(table.into_sources().collect::<Vec<_>>(), ["second", "other"]);
}

#[test]
fn a_slot_that_was_vacated_very_often_still_has_another_token_each_time() {
    let mut table = Table::new();
    let mut former = table.insert(0);
    for number in 1..10_000 {
        table.remove(former).unwrap();
        let token = table.insert(number);
        assert_ne!(token, former);
        assert_eq!((table.get(former), table.get(token)), (None, Some(&number)));
        former = token;
    }
    assert_eq!(table.len(), 1);
}

/// Counts its wakes.
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn bell() -> (Arc<Bell>, Waker) {
    let bell = Arc::new(Bell(AtomicUsize::new(0)));
    (Arc::clone(&bell), Waker::from(bell))
}

#[test]
fn seats_are_called_in_order_and_stay_taken() {
    let mut seats = Seats::default();
    let (first, second) = (bell(), bell());
    let one = seats.add(first.1.clone());
    let two = seats.add(second.1.clone());
    assert!(seats.remove(one).is_some());
    assert_eq!(seats.add(first.1.clone()), one, "a vacant seat is taken again");
    let mut called = Vec::new();
    seats.call(&mut called);
    assert!(called[0].will_wake(&first.1) && called[1].will_wake(&second.1));
    seats.call(&mut called);
    assert_eq!(called.len(), 2, "nobody waits there now");
    assert!(seats.replace(two, second.1.clone()).is_none());
    assert!(seats.remove(two).is_some());
}

const DATA: Readiness = Readiness { readable: true, writable: false, beside_data: false };

fn tell(source: &Source, heard: Readiness) {
    let mut called = Vec::new();
    source.tell(heard, &mut called);
    called.into_iter().for_each(Waker::wake);
}

#[test]
fn of_two_tasks_in_the_common_seat_the_former_is_woken_and_may_come_again() {
    let source = Source::new();
    let (first, second) = (bell(), bell());
    let mut seat = Seat::Common;
    let Poll::Ready(Ok(tick)) = source.look(Direction::Read) else { panic!("it begins ready") };
    source.clear(Direction::Read, tick);
    let mut poll =
        |waker: &Waker| source.poll(Direction::Read, &mut seat, &mut Context::from_waker(waker));
    assert!(poll(&first.1).is_pending() && poll(&first.1).is_pending());
    assert_eq!(first.0.0.load(Ordering::Relaxed), 0, "it was there already");
    assert!(poll(&second.1).is_pending());
    assert_eq!(first.0.0.load(Ordering::Relaxed), 1);
    tell(&source, DATA);
    assert_eq!(second.0.0.load(Ordering::Relaxed), 1);
    assert_eq!(first.0.0.load(Ordering::Relaxed), 1);
}

/// A system that fails.
#[derive(Clone, Copy)]
enum Failing {
    /// It takes no descriptor.
    Registers,
    /// It hears nothing any more.
    Listens,
}

impl Kernel for Failing {
    fn register(&self, _: RawFd, _: usize) -> io::Result<()> {
        match self {
            Failing::Registers => Err(io::ErrorKind::OutOfMemory.into()),
            Failing::Listens => Ok(()),
        }
    }

    fn deregister(&self, _: RawFd) -> io::Result<()> {
        Ok(())
    }

    fn ring(&self) {}
}

impl Listen for Failing {
    fn listen(&mut self, _: Option<Duration>, _: &mut Vec<(usize, Readiness)>) -> io::Result<()> {
        Err(io::ErrorKind::Other.into())
    }
}

fn executor_on(system: Failing) -> Executor {
    let open = move || -> io::Result<Opened> { Ok((Arc::new(system), Box::new(system))) };
    Executor::new(Config { kernel: Some(Box::new(open)), ..Config::default() })
}

/// P67
#[test]
fn a_registration_that_fails_leaves_nothing() {
    let executor = executor_on(Failing::Registers);
    let handle = executor.handle();
    executor.block_on(async {
        let error =
            Registration::new(&handle, io::stdin().as_fd(), Short::SaysNothing).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(handle.remote().reactor.len(), 0);
    });
}

#[test]
fn a_kernel_that_fails_is_the_end_of_its_sockets_and_not_of_the_loop() {
    let executor = executor_on(Failing::Listens);
    let handle = executor.handle();
    executor.block_on(async {
        let socket = Registration::new(&handle, io::stdin().as_fd(), Short::SaysNothing).unwrap();
        let would_block = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let error = socket.io(Direction::Read, would_block).await.unwrap_err();
        assert_eq!(error.to_string(), gone().to_string());
        sleep(Duration::from_millis(1)).await;
        assert!(Registration::new(&handle, io::stdin().as_fd(), Short::SaysNothing).is_err());
    });
}
