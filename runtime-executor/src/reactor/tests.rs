//! The parts of the reactor that decide, tried out: tables by hand, readiness against a reference.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::kernel::{Direction, Kernel, Listen, Opened, Readiness};
use super::registration::{Registration, gone};
use super::seats::Seats;
use super::side::{Gone, Seat, Side, Tick};
use super::table::{ALARM, Table};
use crate::{Config, Executor, sleep};

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
    let (next, waker) = seats.call(0).unwrap();
    assert!(waker.will_wake(&first.1) && seats.get(one).is_none());
    let (next, waker) = seats.call(next).unwrap();
    assert!(waker.will_wake(&second.1));
    assert!(seats.call(next).is_none() && seats.call(0).is_none());
    assert!(seats.replace(two, second.1.clone()).is_none());
    assert!(seats.get(two).is_some());
}

/// Random numbers from a seed: xorshift, as good as is needed here.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Somebody who waits, or has seen something.
struct Party {
    seat: Seat,
    bell: (Arc<Bell>, Waker),
    /// What it saw last, and how many events there had been.
    seen: Option<(Tick, usize)>,
    /// It was told to wait, and how often it had been woken by then.
    waits: Option<usize>,
}

impl Party {
    fn new(seat: Seat) -> Party {
        Party { seat, bell: bell(), seen: None, waits: None }
    }

    fn wakes(&self) -> usize {
        self.bell.0.0.load(Ordering::Relaxed)
    }
}

/// What a side should be: ready, and how many events there have been.
struct Reference {
    ready: bool,
    events: usize,
    gone: bool,
}

/// P66, P68: random orders of polls, clearings, events and leavings, against a reference. No event
/// is cleared by who had not seen it, and who waits is woken by the next one.
#[test]
fn a_side_does_what_its_reference_does() {
    for seed in 1..=2_000 {
        let mut random = Random(seed);
        let side = Side::new();
        let mut reference = Reference { ready: true, events: 0, gone: false };
        let mut parties: Vec<Party> =
            [Seat::Common, Seat::Own(None), Seat::Own(None)].map(Party::new).into();
        for _ in 0..60 {
            let party = &mut parties[random.below(3) as usize];
            match random.below(100) {
                0..40 => poll(&side, &reference, party, seed),
                40..60 => clear(&side, &mut reference, party),
                60..65 => side.leave(&mut party.seat),
                65..99 => event(&side, &mut reference, &mut parties, seed),
                _ => end(&side, &mut reference, &mut parties, seed),
            }
        }
    }
}

fn poll(side: &Side, reference: &Reference, party: &mut Party, seed: u64) {
    let waker = party.bell.1.clone();
    let polled = side.poll(&mut party.seat, &mut Context::from_waker(&waker));
    party.waits = None;
    match polled {
        Poll::Ready(Err(Gone)) => assert!(reference.gone, "seed {seed}"),
        Poll::Ready(Ok(tick)) => {
            assert!(reference.ready && !reference.gone, "seed {seed}");
            party.seen = Some((tick, reference.events));
        }
        Poll::Pending => {
            assert!(!reference.ready && !reference.gone, "seed {seed}");
            party.waits = Some(party.wakes());
        }
    }
}

fn clear(side: &Side, reference: &mut Reference, party: &mut Party) {
    if let Some((tick, events)) = party.seen.take() {
        side.clear(tick);
        reference.ready &= reference.events != events;
    }
}

fn event(side: &Side, reference: &mut Reference, parties: &mut [Party], seed: u64) {
    side.tell();
    reference.ready = true;
    reference.events += 1;
    assert_woken(parties, seed);
}

fn end(side: &Side, reference: &mut Reference, parties: &mut [Party], seed: u64) {
    side.end();
    reference.gone = true;
    assert_woken(parties, seed);
}

/// Everybody who waited has been woken: those who have left their seat in the meantime need not be.
fn assert_woken(parties: &mut [Party], seed: u64) {
    for party in parties {
        let Some(wakes) = party.waits.take() else { continue };
        let has_left = matches!(party.seat, Seat::Own(None));
        assert!(has_left || party.wakes() == wakes + 1, "seed {seed}");
    }
}

#[test]
fn of_two_tasks_in_the_common_seat_the_former_is_woken_and_may_come_again() {
    let side = Side::new();
    let (first, second) = (bell(), bell());
    let mut seat = Seat::Common;
    let Poll::Ready(Ok(tick)) = side.look() else { panic!("it begins ready") };
    side.clear(tick);
    let mut poll = |waker: &Waker| side.poll(&mut seat, &mut Context::from_waker(waker));
    assert!(poll(&first.1).is_pending() && poll(&first.1).is_pending());
    assert_eq!(first.0.0.load(Ordering::Relaxed), 0, "it was there already");
    assert!(poll(&second.1).is_pending());
    assert_eq!(first.0.0.load(Ordering::Relaxed), 1);
    side.tell();
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

    fn descriptor(&self) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }
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
        let error = Registration::new(&handle, io::stdin().as_fd()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(handle.remote().reactor.len(), 0);
    });
}

#[test]
fn a_kernel_that_fails_is_the_end_of_its_sockets_and_not_of_the_loop() {
    let executor = executor_on(Failing::Listens);
    let handle = executor.handle();
    executor.block_on(async {
        let socket = Registration::new(&handle, io::stdin().as_fd()).unwrap();
        let would_block = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let error = socket.io(Direction::Read, would_block).await.unwrap_err();
        assert_eq!(error.to_string(), gone().to_string());
        sleep(Duration::from_millis(1)).await;
        assert!(Registration::new(&handle, io::stdin().as_fd()).is_err());
    });
}
