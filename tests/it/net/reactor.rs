//! Descriptors on a loop: which tasks are woken, how the loop sleeps, and what its drop does.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream as StdStream;
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aside::net::{AsyncFd, UnixStream};
use aside::observe::Counters;
use aside::time::Clock;
use aside::{NextTurn, Runtime, gather, sleep, spawn, spawn_blocking, timeout, yield_now};
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::support::watchdog::{on_a_thread, watched};

/// A std socket, and its peer, whose readiness is awaited.
fn pair() -> (StdStream, AsyncFd<StdStream>) {
    let (near, far) = StdStream::pair().unwrap();
    far.set_nonblocking(true).unwrap();
    (near, AsyncFd::new(far).unwrap())
}

const GONE: &str = "the runtime of this socket is gone";

#[test]
fn readiness_is_awaited_cleared_and_set_again() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = pair();
            let mut buffer = [0; 8];
            for round in 0..3 {
                let mut early = pin!(far.readable());
                if let Some(ready) = poll_once(early.as_mut()).await {
                    // A descriptor counts as ready until an operation returns `WouldBlock`.
                    assert!(ready.unwrap().try_io(|mut far| far.read(&mut buffer)).is_err());
                }
                near.write_all(&[round]).unwrap();
                let length = loop {
                    let mut ready = far.readable().await.unwrap();
                    match ready.try_io(|mut far| far.read(&mut buffer)) {
                        Ok(length) => break length.unwrap(),
                        Err(would_block) => assert!(would_block.to_string().contains("block")),
                    }
                };
                assert_eq!((length, buffer[0]), (1, round));
            }
        });
    });
}

#[test]
fn both_directions_of_one_descriptor_are_awaited_at_once() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = pair();
            // The stream has no data, and its send buffer is full.
            while far.writable().await.unwrap().try_io(|mut far| far.write(&[1; 4096])).is_ok() {}
            let far = Rc::new(far);
            let read = spawn({
                let far = Rc::clone(&far);
                async move { far.read_with(|mut far| far.read(&mut [0; 8])).await.unwrap() }
            });
            let written = spawn({
                let far = Rc::clone(&far);
                async move { far.write_with(|mut far| far.write(&[2])).await.unwrap() }
            });
            sleep(Duration::from_millis(5)).await;
            assert!(!read.is_finished() && !written.is_finished());
            near.write_all(b"xyz").unwrap();
            assert_eq!(read.await.unwrap(), 3);
            assert!(!written.is_finished());
            near.set_nonblocking(true).unwrap();
            while near.read(&mut [0; 4096]).is_ok() {}
            assert_eq!(written.await.unwrap(), 1);
        });
    });
}

// P67: no registration is left: the same descriptor can be registered again.
#[test]
fn registering_a_file_fails_and_a_descriptor_can_be_registered_repeatedly() {
    watched(|| {
        aside::run(async {
            let file = File::open("Cargo.toml").unwrap();
            assert_eq!(AsyncFd::new(&file).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            let (near, far) = StdStream::pair().unwrap();
            far.set_nonblocking(true).unwrap();
            for _ in 0..3 {
                let registered = AsyncFd::new(&far).unwrap();
                assert_eq!(AsyncFd::new(&far).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
                (&near).write_all(b"x").unwrap();
                let read = registered.read_with(|far| (&**far).read(&mut [0; 8])).await;
                assert_eq!(read.unwrap(), 1);
                let _deregistered = registered.into_inner();
            }
        });
    });
}

#[test]
fn without_a_runtime_there_is_an_error() {
    watched(|| {
        let (near, _far) = StdStream::pair().unwrap();
        let error = AsyncFd::new(near).unwrap_err();
        assert!(error.to_string().contains("no runtime on this thread"), "{error}");
    });
}

// P9
#[test]
fn a_busy_loop_polls_its_sockets() {
    watched(|| {
        aside::run(async {
            let (mut near, mut far) = pair();
            let busy = spawn(async {
                loop {
                    yield_now().await;
                }
            });
            spawn_blocking(move || near.write_all(b"x")).await.unwrap().unwrap();
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 1);
            busy.abort();
        });
    });
}

// P12
#[test]
fn a_simultaneous_wake_timer_and_event_are_all_handled() {
    watched(|| {
        let runtime = Runtime::new();
        let (mut near, mut far) = runtime.block_on(async { pair() });
        let (sender, receiver) = mpsc::channel();
        let told = spawn_thread_waiting(&runtime, receiver);
        let tick = runtime.spawn(sleep(Duration::from_millis(1)));
        let read = runtime.spawn(async move { far.read(&mut [0; 8]).await.unwrap() });
        runtime.turn(Duration::ZERO);
        near.write_all(b"x").unwrap();
        sender.send(()).unwrap();
        let (told, tick, read) = runtime.block_on(async { gather((told, tick, read)).await });
        assert!(told.is_ok() && tick.is_ok() && read.unwrap() == 1);
    });
}

/// Submits a job that waits for a message.
fn spawn_thread_waiting(runtime: &Runtime, news: mpsc::Receiver<()>) -> aside::JoinHandle<()> {
    runtime.handle().spawn_blocking(move || news.recv().unwrap())
}

// Promise 7
#[test]
fn a_loop_with_idle_sockets_sleeps() {
    watched(|| {
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        runtime.block_on(async {
            let pairs: Vec<_> = (0..50).map(|_| UnixStream::pair().unwrap()).collect();
            for (mut near, mut far) in pairs {
                spawn(async move { near.read_to_end(&mut Vec::new()).await }).detach();
                spawn(async move { far.read_to_end(&mut Vec::new()).await }).detach();
            }
            sleep(Duration::from_millis(20)).await;
            let (parks, polls) = (counters.parks(), counters.polls());
            sleep(Duration::from_millis(500)).await;
            assert!(counters.parks() - parks <= 3, "{} parks", counters.parks() - parks);
            assert!(counters.polls() - polls <= 3, "{} polls", counters.polls() - polls);
        });
    });
}

#[test]
fn a_turn_that_must_not_sleep_receives_pending_events() {
    watched(|| {
        let runtime = Runtime::new();
        let (mut near, mut far) = runtime.block_on(async { pair() });
        let read = runtime.spawn(async move { far.read(&mut [0; 8]).await.unwrap() });
        while runtime.turn(Duration::ZERO).next == NextTurn::Now {}
        assert!(!read.is_finished());
        near.write_all(b"x").unwrap();
        let turn = runtime.turn(Duration::ZERO);
        assert_eq!(turn.next, NextTurn::Now, "the event has been received");
        runtime.turn(Duration::ZERO);
        assert!(read.is_finished());
    });
}

#[test]
fn sockets_take_no_virtual_time_and_do_not_stop_it() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let (mut near, mut far) = pair();
            let start = aside::time::now();
            let peer = thread::spawn(move || near.write_all(b"x").map(|()| near));
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 1);
            assert_eq!(aside::time::now(), start);
            let near = peer.join().unwrap().unwrap();
            let hour = Duration::from_secs(3600);
            assert!(timeout(hour, far.read(&mut [0; 8])).await.is_err());
            assert_eq!(aside::time::now(), start + hour);
            (&near).write_all(b"y").unwrap();
            // Pending data is read before the clock advances.
            assert!(timeout(hour, far.read(&mut [0; 8])).await.is_ok());
            assert_eq!(aside::time::now(), start + hour);
        });
    });
}

#[test]
fn sockets_work_on_other_threads_and_executors() {
    watched(|| {
        let runtime = Runtime::new();
        let (mut near, mut far) = runtime.block_on(async { pair() });
        let elsewhere = runtime.handle().spawn_blocking(move || {
            // An executor of another crate, which parks this thread.
            block_on(async { far.read(&mut [0; 8]).await }).unwrap()
        });
        let writer = thread::spawn(move || near.write_all(b"xy").map(|()| near));
        assert_eq!(runtime.block_on(elsewhere).unwrap(), 2);
        writer.join().unwrap().unwrap();
    });
}

#[test]
fn the_first_socket_may_be_registered_from_another_thread() {
    watched(|| {
        let runtime = Runtime::new();
        let job = runtime.handle().spawn_blocking(|| {
            let (mut near, mut far) = pair();
            let echo = thread::spawn(move || near.write_all(b"xyz").map(|()| near));
            let handle = aside::Handle::current();
            let read = handle.block_on(async { far.read(&mut [0; 8]).await });
            echo.join().unwrap().unwrap();
            read.unwrap()
        });
        assert_eq!(runtime.block_on(job).unwrap(), 3);
    });
}

// P19
#[test]
fn dropping_a_runtime_wakes_the_users_of_its_sockets_with_errors_and_later_uses_fail() {
    watched(|| {
        let runtime = Runtime::new();
        let (near, far) = runtime.block_on(async { pair() });
        let (_second_near, second) = runtime.block_on(async { pair() });
        let (started, starts) = mpsc::channel();
        let waiters: Vec<_> = [far, second]
            .into_iter()
            .map(|mut socket| {
                let started = started.clone();
                thread::spawn(move || {
                    let read = block_on(async {
                        let mut buffer = [0; 8];
                        let mut read = pin!(socket.read(&mut buffer));
                        assert!(poll_once(read.as_mut()).await.is_none());
                        started.send(()).unwrap();
                        read.await
                    });
                    (read.unwrap_err(), socket)
                })
            })
            .collect();
        starts.iter().take(2).for_each(drop);
        drop(runtime);
        for waiter in waiters {
            let (error, mut socket) = waiter.join().unwrap();
            assert_eq!(error.to_string(), GONE);
            let later = block_on(async { socket.write(b"x").await });
            assert_eq!(later.unwrap_err().to_string(), GONE);
        }
        drop(near);
    });
}

#[test]
fn an_ended_runtime_registers_no_descriptor() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        drop(runtime);
        let pair = move || handle.block_on(async { UnixStream::pair().unwrap_err() });
        let error = on_a_thread(pair);
        assert_eq!(error.to_string(), GONE);
    });
}

#[test]
fn two_runtimes_have_their_own_sockets_even_if_nested() {
    watched(|| {
        aside::run(async {
            let (mut near, mut far) = UnixStream::pair().unwrap();
            let inner = Runtime::new();
            let echoed = inner.block_on(async {
                let (mut near, mut far) = UnixStream::pair().unwrap();
                let echo = spawn(async move {
                    let mut buffer = [0; 8];
                    let length = far.read(&mut buffer).await.unwrap();
                    far.write_all(&buffer[..length]).await.unwrap();
                });
                sleep(Duration::from_millis(1)).await;
                near.write_all(b"inner").await.unwrap();
                let mut echoed = [0; 5];
                near.read_exact(&mut echoed).await.unwrap();
                echo.await.unwrap();
                echoed
            });
            assert_eq!(&echoed, b"inner");
            near.write_all(b"outer").await.unwrap();
            let mut read = [0; 5];
            far.read_exact(&mut read).await.unwrap();
            assert_eq!(&read, b"outer");
        });
    });
}

// P66: a socket with a pending event is dropped, and a new socket takes its slot before the events
// are dispatched.
#[test]
fn sockets_closed_and_opened_within_a_batch_of_events_do_not_mix_their_events() {
    watched(|| {
        aside::run(async {
            for _ in 0..50 {
                let (mut one, first) = pair();
                let (mut two, second) = pair();
                one.write_all(b"x").unwrap();
                two.write_all(b"x").unwrap();
                // Both sockets are ready. The second one is dropped, and frees its slot, before the
                // events are dispatched.
                drop(second);
                let (_third_near, third) = pair();
                let mut waits = pin!(third.read_with(|mut third| third.read(&mut [0; 8])));
                assert!(poll_once(waits.as_mut()).await.is_none());
                assert_eq!(first.read_with(|mut first| first.read(&mut [0; 8])).await.unwrap(), 1);
                assert!(poll_once(waits.as_mut()).await.is_none(), "nothing has come");
            }
        });
    });
}
