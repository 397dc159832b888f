//! Sockets polled with wakers of foreign executors. Such a waker may call back into the reactor, or
//! panic, whenever it is cloned, woken or dropped.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aside::net::UnixStream;
use aside::{Runtime, spawn, timeout, yield_now};
use futures_lite::{AsyncRead, AsyncWrite};
use runtime_core::sync::Mutex;

use crate::support::misbehaving::Foreign;
use crate::support::watchdog::watched;

fn poll_read(stream: &UnixStream, waker: &Waker) -> Poll<io::Result<usize>> {
    let mut cx = Context::from_waker(waker);
    Pin::new(&mut &*stream).poll_read(&mut cx, &mut [0; 8])
}

/// A stream that is neither readable nor writable.
fn stuck(runtime: &Runtime) -> (UnixStream, UnixStream) {
    let (near, far) = runtime.block_on(async { UnixStream::pair().unwrap() });
    while far.try_write(&[1; 65536]).is_ok() {}
    (near, far)
}

/// Registers a waker in both directions.
fn poll_both(stream: &UnixStream, waker: &Waker) {
    assert!(poll_read(stream, waker).is_pending());
    let mut cx = Context::from_waker(waker);
    assert!(Pin::new(&mut &*stream).poll_write(&mut cx, &[1; 65536]).is_pending());
}

// P39: if two destructors panic in one drop, the second panic aborts the process.
#[test]
fn dropping_a_stream_with_panicking_wakers_does_not_panic() {
    watched(|| {
        let runtime = Runtime::new();
        let (bad, counts) = Foreign::default().on_drop(|| panic!("drop")).waker();
        let (_near, far) = stuck(&runtime);
        poll_both(&far, &bad);
        drop(far);
        assert_eq!(counts.references(), 1);
        std::mem::forget(bad);
    });
}

// P39: the first waker that is woken drops the stream whose wakers would be woken next. The loop
// then holds the last reference to that stream.
#[test]
fn a_waker_that_panics_when_the_loop_drops_it_does_not_end_the_loop() {
    watched(|| {
        let runtime = Runtime::new();
        let (bad, counts) = Foreign::default().on_drop(|| panic!("drop")).waker();
        let (first_near, first) = stuck(&runtime);
        let (second_near, second) = stuck(&runtime);
        poll_both(&second, &bad);
        let second = Mutex::new(Some(second));
        let (dropper, dropped) =
            Foreign::default().on_wake(move || drop(second.lock().take())).waker();
        poll_both(&first, &dropper);
        runtime.block_on(async {
            // The data makes the streams readable only, so the wakers for writing stay registered.
            first_near.write(b"x").await.unwrap();
            second_near.write(b"x").await.unwrap();
            while dropped.wakes() == 0 {
                yield_now().await;
            }
        });
        assert_eq!(counts.references(), 1);
        std::mem::forget(bad);
    });
}

// P39: one of many waiting wakers panics when it is woken.
#[test]
fn a_panicking_waker_delays_no_other_task_and_the_loop_continues() {
    watched(|| {
        let runtime = Runtime::new();
        let (near, far) = runtime.block_on(async { UnixStream::pair().unwrap() });
        assert!(far.try_read(&mut [0]).is_err());
        let (bad, counts) = Foreign::default().on_wake(|| panic!("wake")).waker();
        let mut early = pin!(far.readable());
        assert!(early.as_mut().poll(&mut Context::from_waker(&bad)).is_pending());
        assert!(poll_read(&far, &bad).is_pending());
        runtime.block_on(async {
            let far = &far;
            let mut late = pin!(far.readable());
            assert!(futures_lite::future::poll_once(late.as_mut()).await.is_none());
            near.write(b"x").await.unwrap();
            late.await.unwrap();
            assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
        });
        assert_eq!(counts.wakes(), 2);
    });
}

// P37, P38: no lock is held while a waker is cloned, woken or dropped.
#[test]
fn a_waker_may_use_its_stream_whenever_it_is_cloned_woken_or_dropped() {
    watched(|| {
        let runtime = Runtime::new();
        let (near, far) = runtime.block_on(async { UnixStream::pair().unwrap() });
        let far = Arc::new(far);
        assert!(far.try_read(&mut [0]).is_err());
        let come_back = || {
            let far = Arc::clone(&far);
            move || {
                let _may_be_ready = poll_read(&far, Waker::noop());
                let _may_be_ready = far.try_read(&mut []);
            }
        };
        let strange = Foreign::default();
        let strange = strange.on_clone(come_back()).on_wake(come_back()).on_drop(come_back());
        let (waker, counts) = strange.waker();
        for _ in 0..3 {
            // The waker is stored in the slot of the polled operations and in a future's own slot,
            // and another waker replaces it in the future's slot.
            assert!(poll_read(&far, &waker).is_pending());
            let mut own = pin!(far.readable());
            assert!(own.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(own.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert!(own.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let before = counts.wakes();
        runtime.block_on(async {
            assert!(poll_read(&far, &waker).is_pending());
            near.write(b"x").await.unwrap();
            while counts.wakes() == before {
                yield_now().await;
            }
            // The waker itself has read the data.
            let mut buffer = [0];
            let nothing = timeout(Duration::from_millis(1), far.read(&mut buffer));
            assert!(nothing.await.is_err());
        });
    });
}
