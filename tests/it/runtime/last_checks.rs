//! P126: each source of work alone keeps the loop awake. In each test nothing else would end the
//! sleep, so a check that is left out, or combined with another one, hangs.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aside::observe::Counters;
use aside::time::{Clock, Sleep};
use aside::{NextTurn, Runtime, sleep, spawn};

use crate::support::misbehaving::Foreign;
use crate::support::watchdog::{on_a_thread, watched};

/// More tasks or messages than a turn handles, and not a multiple of that number.
const MANY: usize = 3_000;

#[test]
fn messages_that_a_bounded_turn_leaves_in_the_inbox_are_received_by_the_next_turns() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let tasks: Vec<_> =
            on_a_thread(move || (0..MANY).map(|n| handle.spawn(async move { n })).collect());
        runtime.block_on(async {
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
        });
        let turns = || runtime.turn(Duration::MAX);
        let handle = runtime.handle();
        on_a_thread(move || (0..MANY).for_each(|_| handle.spawn(async {}).detach()));
        assert_eq!((turns().received, turns().received, turns().received), (1_024, 1_024, 952));
    });
}

#[test]
fn tasks_that_a_bounded_turn_leaves_in_the_batch_are_polled_by_the_next_turns() {
    watched(|| {
        let runtime = Runtime::new();
        let tasks: Vec<_> = (0..MANY).map(|_| runtime.spawn(async {})).collect();
        runtime.block_on(tasks.into_iter().next_back().unwrap()).unwrap();
        let tasks: Vec<_> = (0..MANY).map(|_| runtime.spawn(async {})).collect();
        let turn = || runtime.turn(Duration::ZERO);
        let polled = [turn(), turn(), turn()].map(|turn| (turn.polled, turn.next));
        let now = NextTurn::Now;
        assert_eq!(polled, [(1_024, now), (1_024, now), (952, NextTurn::OnWake)]);
        drop(tasks);
    });
}

#[test]
fn a_task_that_is_woken_in_its_turn_is_polled_in_the_next_turn() {
    watched(|| {
        let runtime = Runtime::new();
        let first = Rc::new(Cell::new(None::<Waker>));
        let kept = Rc::clone(&first);
        let mut polls = 0;
        let waiting = runtime.spawn(poll_fn(move |cx| {
            kept.set(Some(cx.waker().clone()));
            polls += 1;
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        }));
        runtime.spawn(async move { first.take().unwrap().wake() }).detach();
        runtime.block_on(waiting).unwrap();
    });
}

/// The message arrives after the turn has looked at the inbox, and before the host gets the thread.
#[test]
fn a_message_that_arrives_during_a_turn_is_received_by_the_next_turn() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        runtime.spawn(async { on_a_thread(move || handle.spawn(async {}).detach()) }).detach();
        let turn = runtime.turn(Duration::ZERO);
        assert_eq!((turn.received, turn.polled, turn.next), (0, 1, NextTurn::Now));
        let turn = runtime.turn(Duration::MAX);
        assert_eq!((turn.received, turn.polled), (1, 1));
    });
}

#[test]
fn a_turn_that_has_only_received_a_message_returns_without_sleeping() {
    watched(|| {
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        let handle = runtime.handle();
        let make = || -> std::future::Pending<()> { panic!("no future is made") };
        let refused = on_a_thread(move || handle.spawn_with(make));
        let turn = runtime.turn(Duration::MAX);
        assert_eq!((turn.received, turn.fired, turn.polled, counters.parks()), (1, 0, 0, 0));
        assert!(refused.is_finished());
    });
}

#[test]
fn a_turn_that_has_only_fired_a_timer_returns_without_sleeping() {
    watched(|| {
        let counters = Counters::default();
        let clock = Clock::virtual_time();
        let runtime = Runtime::builder().clock(clock.clone()).observer(counters.clone()).build();
        let (waker, counts) = Foreign::default().waker();
        let timer: Pin<Box<Sleep>> = runtime.block_on(async {
            let mut timer = Box::pin(sleep(Duration::from_secs(1)));
            assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            timer
        });
        // The first turn sleeps, and the second one fires the timer.
        assert_eq!(runtime.turn(Duration::MAX).next, NextTurn::Now);
        let turn = runtime.turn(Duration::MAX);
        assert_eq!((turn.received, turn.fired, turn.polled, counters.parks()), (0, 1, 0, 1));
        assert_eq!(counts.wakes(), 1);
        drop(timer);
    });
}

#[test]
fn a_task_whose_waker_is_kept_counts_no_longer_when_it_has_ended() {
    watched(|| {
        let runtime = Runtime::new();
        let kept = Rc::new(Cell::new(None::<Waker>));
        for _ in 0..10 {
            let kept = Rc::clone(&kept);
            let keep = poll_fn(move |cx| {
                kept.set(Some(cx.waker().clone()));
                Poll::Ready(())
            });
            runtime.spawn(keep).detach();
            assert_eq!(runtime.task_count(), 1);
            runtime.drain();
            assert_eq!(runtime.task_count(), 0);
        }
        let left: Vec<_> = (0..10).map(|_| runtime.spawn(pending::<()>())).collect();
        assert_eq!((runtime.task_count(), runtime.turn(Duration::ZERO).tasks), (10, 10));
        left.iter().take(4).for_each(aside::JoinHandle::abort);
        runtime.turn(Duration::ZERO);
        assert_eq!(runtime.task_count(), 6);
        assert_eq!(runtime.shutdown(aside::blocking::Shutdown::Wait).tasks_cancelled.len(), 6);
    });
}

/// A sleep by a virtual clock is no sleep by the system's clock, in either direction.
#[test]
fn a_sleep_of_another_clock_is_left_to_its_own_loop() {
    watched(|| {
        let inner = Runtime::builder().clock(Clock::virtual_time()).build();
        let outer = Runtime::new();
        let hour = Duration::from_secs(3600);
        let virtual_sleep = inner.block_on(async { sleep(hour) });
        let handle = inner.handle();
        // The outer loop polls the sleep, and its own loop, further down, ends it.
        outer.block_on(async {
            let task = spawn(virtual_sleep);
            aside::yield_now().await;
            assert!(!task.is_finished());
            while !task.is_finished() {
                inner.turn(Duration::ZERO);
                inner.block_on(async { sleep(hour).await });
                aside::yield_now().await;
            }
            task.await.unwrap();
        });
        drop(handle);
    });
}

#[cfg(all(feature = "net", unix))]
#[test]
fn a_turn_of_a_loop_with_a_quiet_socket_is_due_on_a_wake() {
    watched(|| {
        let runtime = Runtime::new();
        let socket = runtime.block_on(aside::net::UdpSocket::bind("127.0.0.1:0")).unwrap();
        let receive = runtime.spawn(async move { socket.recv(&mut [0; 1]).await });
        for _ in 0..3 {
            while runtime.turn(Duration::ZERO).next == NextTurn::Now {}
            assert_eq!(runtime.turn(Duration::ZERO).next, NextTurn::OnWake);
        }
        drop(receive);
    });
}
