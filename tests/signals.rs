//! Signals. These tests need a process of their own, and each test uses a signal that no other test
//! uses.
#![cfg(all(feature = "signal", unix))]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

#[path = "signals/broken_pipes.rs"]
mod broken_pipes;
#[path = "signals/default_again.rs"]
mod default_again;

#[allow(dead_code)]
#[path = "it/support/new_wakers.rs"]
mod new_wakers;

#[allow(dead_code)]
#[path = "it/support/neighbour.rs"]
mod neighbour;

#[path = "signals/beside_busy_tasks.rs"]
mod beside_busy_tasks;
#[path = "signals/outside.rs"]
mod outside;
#[path = "signals/storms.rs"]
mod storms;

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::thread;

use aside::Runtime;
use aside::signal::{NoSuchSignal, Signal, Signals, ctrl_c};
use futures_lite::future::{block_on, poll_once};
use futures_lite::{Stream, StreamExt};

use crate::new_wakers::assert_only_the_last_waker_is_woken;
use crate::watchdog::watched;

/// Sends the signal to this thread. The handler has run when this function returns.
fn raise(signal: Signal) {
    signal_hook::low_level::raise(signal.number()).unwrap();
}

/// Returns true if no signal can be received now.
async fn is_empty(signals: &mut Signals) -> bool {
    poll_once(signals.recv()).await.is_none()
}

#[test]
fn ctrl_c_receives_from_the_call_on_and_again() {
    watched(|| {
        aside::run(async {
            let mut first = ctrl_c();
            let second = ctrl_c();
            raise(Signal::INT);
            (&mut first).await.unwrap();
            second.await.unwrap();
            assert!(poll_once(&mut first).await.is_none());
            raise(Signal::INT);
            first.await.unwrap();

            let mut third = ctrl_c();
            let poll = |cx: &mut Context<'_>| Pin::new(&mut third).poll(cx);
            assert_only_the_last_waker_is_woken("ctrl-c", poll, || raise(Signal::INT)).await;
        });
    });
}

#[test]
fn a_signal_that_arrives_many_times_before_it_is_taken_is_received_once() {
    watched(|| {
        aside::run(async {
            let mut signals = Signals::new([Signal::USR1, Signal::USR1]).unwrap();
            assert!(is_empty(&mut signals).await);
            for _ in 0..3 {
                (0..1000).for_each(|_| raise(Signal::USR1));
                assert_eq!(signals.recv().await.unwrap(), Signal::USR1);
                assert!(is_empty(&mut signals).await);
            }
        });
    });
}

#[test]
fn a_stream_receives_all_of_its_signals() {
    watched(|| {
        aside::run(async {
            let all = [Signal::WINCH, Signal::URG, Signal::CONT, Signal::IO];
            let mut signals = Signals::new(all).unwrap();
            all.into_iter().for_each(raise);
            let mut received = Vec::new();
            for _ in all {
                received.push(signals.try_next().await.unwrap().unwrap());
            }
            received.sort_unstable();
            let mut all = all.to_vec();
            all.sort_unstable();
            assert_eq!(received, all);
            assert!(is_empty(&mut signals).await);
        });
    });
}

#[test]
fn each_stream_receives_each_signal_in_any_runtime() {
    watched(|| {
        let other = Runtime::new();
        let mut elsewhere = other.block_on(async { Signals::new([Signal::HUP]).unwrap() });
        aside::run(async {
            let mut near = Signals::new([Signal::HUP]).unwrap();
            let mut far = Signals::new([Signal::HUP, Signal::QUIT]).unwrap();
            raise(Signal::HUP);
            assert_eq!(near.recv().await.unwrap(), Signal::HUP);
            assert_eq!(far.recv().await.unwrap(), Signal::HUP);
            drop(near);
            raise(Signal::HUP);
            assert_eq!(far.recv().await.unwrap(), Signal::HUP);
        });
        assert_eq!(other.block_on(elsewhere.recv()).unwrap(), Signal::HUP);
    });
}

#[test]
fn after_a_drop_the_default_action_stays_away_and_a_new_stream_receives() {
    watched(|| {
        aside::run(async {
            for _ in 0..100 {
                let mut signals = Signals::new([Signal::ALRM]).unwrap();
                raise(Signal::ALRM);
                assert_eq!(signals.recv().await.unwrap(), Signal::ALRM);
                drop(signals);
                // The default action would end the process.
                raise(Signal::ALRM);
            }
            assert!(is_empty(&mut Signals::new([Signal::ALRM]).unwrap()).await);
        });
    });
}

#[test]
fn signals_that_cannot_be_received_are_refused() {
    for number in [9, 19, 4, 8, 11, 0, -1, 128, i32::MIN, i32::MAX] {
        let refused: NoSuchSignal = Signal::try_from(number).unwrap_err();
        assert_eq!(refused.number(), number);
    }
    let message = |number: i32| Signal::try_from(number).unwrap_err().to_string();
    assert_eq!(message(9), "no program can receive SIGKILL");
    assert_eq!(message(0), "no signal has the number 0");
    // This number is not a signal here, but may be one on another system.
    let unknown = Signal::try_from(127).unwrap();
    assert_eq!(unknown.to_string(), "signal 127");
    aside::run(async move {
        let refused = Signals::new([Signal::TTOU, unknown]).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
        assert!(unknown.act_by_default().is_err());
        assert!(Signal::WINCH.act_by_default().is_ok());
    });
}

#[test]
fn a_cancelled_receive_consumes_no_signal() {
    watched(|| {
        aside::run(async {
            let mut signals = Signals::new([Signal::TSTP]).unwrap();
            for _ in 0..100 {
                let mut given_up = Box::pin(signals.recv());
                assert!(poll_once(&mut given_up).await.is_none());
                raise(Signal::TSTP);
                drop(given_up);
                assert_eq!(signals.recv().await.unwrap(), Signal::TSTP);
            }
        });
    });
}

#[test]
fn another_executor_on_another_thread_receives_events_while_the_loop_turns() {
    watched(|| {
        aside::run(async {
            let mut signals = Signals::new([Signal::TTIN]).unwrap();
            let (sender, receiver) = std::sync::mpsc::channel();
            let receiving = thread::spawn(move || {
                block_on(async {
                    assert!(is_empty(&mut signals).await);
                    sender.send(()).unwrap();
                    signals.recv().await.unwrap()
                })
            });
            aside::spawn_blocking(move || receiver.recv()).await.unwrap().unwrap();
            raise(Signal::TTIN);
            let received = aside::spawn_blocking(|| receiving.join().unwrap()).await.unwrap();
            assert_eq!(received, Signal::TTIN);
        });
    });
}

#[test]
fn after_the_end_of_the_runtime_earlier_signals_are_returned_and_then_an_error() {
    watched(|| {
        let runtime = Runtime::new();
        let (mut signals, mut interrupt) =
            runtime.block_on(async { (Signals::new([Signal::PIPE]).unwrap(), ctrl_c()) });
        raise(Signal::PIPE);
        drop(runtime);
        block_on(async {
            assert_eq!(signals.recv().await.unwrap(), Signal::PIPE);
            assert!(signals.recv().await.is_err());
            assert!(signals.next().await.unwrap().is_err());
            assert!(signals.next().await.is_none());
            // Another test may have raised `SIGINT`.
            while (&mut interrupt).await.is_ok() {}
        });
    });
}

#[test]
fn without_a_runtime_receiving_is_an_error() {
    assert!(Signals::new([Signal::USR2]).is_err());
    let mut interrupt = ctrl_c();
    block_on(async {
        let first = (&mut interrupt).await.unwrap_err().to_string();
        assert_eq!((&mut interrupt).await.unwrap_err().to_string(), first);
    });
}

#[test]
fn the_types_are_send_and_sync_and_show_their_contents() {
    fn is_of_threads<T: Send + Sync + Unpin>() {}
    is_of_threads::<Signals>();
    is_of_threads::<aside::signal::CtrlC>();
    is_of_threads::<Arc<NoSuchSignal>>();
    assert_eq!(i32::from(Signal::try_from(2).unwrap()), Signal::INT.number());
    aside::run(async {
        let signals = Signals::new([Signal::CHLD, Signal::TTOU]).unwrap();
        assert_eq!(format!("{signals:?}"), "Signals([SIGCHLD, SIGTTOU])");
    });
}

// P95: a receiver is polled with a new waker at each poll.
#[test]
fn receivers_wake_no_replaced_waker() {
    watched(|| {
        aside::run(async {
            let signal = Signal::try_from(60).unwrap();
            let mut signals = Signals::new([signal]).unwrap();
            let poll = |cx: &mut Context<'_>| Pin::new(&mut signals).poll_next(cx);
            assert_only_the_last_waker_is_woken("signals", poll, || raise(signal)).await;
        });
    });
}
