//! A runtime through the traits of async-rs: each method, on the loop and on other threads.
//!
//! `cargo test --features async-rs --test async_rs`
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::future::{pending, ready};
use std::io::{self, Read, Write};
use std::marker::PhantomPinned;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use aside::compat::async_rs::LoopKit;
use aside::net::TcpListener;
use aside::time::Clock;
use aside::{gather, spawn, spawn_blocking};
use async_rs::Runtime;
use async_rs::traits::{Executor, Reactor};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future::block_on};

use crate::watchdog::{panic_message, watched};

fn current() -> Runtime<LoopKit> {
    Runtime::new(LoopKit::current())
}

/// A kit whose runtime is gone.
fn orphaned() -> Runtime<LoopKit> {
    let runtime = aside::Runtime::new();
    Runtime::new(LoopKit::new(runtime.handle()))
}

#[test]
fn tasks_run_on_the_loop_and_yield_their_outputs() {
    watched(|| {
        aside::run(async {
            let on_the_loop = thread::current().id();
            let kit = current();
            let from_here = kit.spawn(async { thread::current().id() });
            assert_eq!(from_here.await, on_the_loop);
            let from_elsewhere = spawn_blocking(move || {
                // Another executor awaits the task.
                block_on(kit.spawn(async { thread::current().id() }))
            });
            assert_eq!(from_elsewhere.await.unwrap(), on_the_loop);
        });
    });
}

#[test]
fn a_dropped_task_continues_and_a_cancelled_task_ends() {
    watched(|| {
        aside::run(async {
            let kit = current();
            let (sender, receiver) = async_channel::bounded(1);
            drop(kit.spawn(async move { sender.send(7).await }));
            assert_eq!(receiver.recv().await, Ok(7));

            let (kept, dropped) = async_channel::bounded::<()>(1);
            let mut hanging = kit.spawn(async move {
                let _kept = kept;
                pending::<()>().await
            });
            assert_eq!(hanging.cancel().await, None);
            assert!(dropped.recv().await.is_err(), "the future was not dropped");

            let mut finished = kit.spawn(ready(8));
            kit.spawn(ready(())).await;
            assert_eq!(finished.cancel().await, Some(8));
            assert_eq!(finished.cancel().await, None);
        });
    });
}

#[test]
fn a_panic_of_a_task_or_job_resumes_where_it_is_awaited() {
    watched(|| {
        aside::run(async {
            let kit = current();
            let task = kit.spawn(async { panic!("in the task") });
            let awaited = spawn(task);
            assert!(format!("{:?}", awaited.await.unwrap_err()).contains("in the task"));
            let job = kit.spawn_blocking(|| panic!("in the job"));
            let awaited = spawn(job);
            assert!(format!("{:?}", awaited.await.unwrap_err()).contains("in the job"));
        });
    });
}

#[test]
fn closures_run_on_the_pool() {
    watched(|| {
        aside::run(async {
            let on_the_loop = thread::current().id();
            let job = current().spawn_blocking(|| thread::current().id());
            assert_ne!(job.await, on_the_loop);
        });
    });
}

#[test]
fn block_on_drives_a_future_on_any_thread_but_the_loops_own() {
    watched(|| {
        aside::run(async {
            let kit = current();
            let blocked = catch_unwind(AssertUnwindSafe(|| kit.block_on(ready(()))));
            assert!(blocked.is_err());
            let job = spawn_blocking(move || {
                let name = thread::current().id();
                kit.block_on(async {
                    kit.sleep(Duration::from_millis(1)).await;
                    assert_eq!(thread::current().id(), name);
                    9
                })
            });
            assert_eq!(job.await.unwrap(), 9);
        });
    });
}

#[test]
fn sleeps_and_intervals_follow_the_clock() {
    watched(|| {
        let runtime = aside::Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let (kit, start) = (current(), aside::time::now());
            let hour = Duration::from_secs(3600);
            let sleep = kit.sleep(2 * hour);
            kit.sleep(hour).await;
            // The time of a sleep begins when it is made.
            sleep.await;
            assert_eq!(aside::time::now() - start, 2 * hour);

            let start = aside::time::now();
            let mut ticks = Box::pin(kit.interval(hour));
            let mut due = async || ticks.next().await.unwrap() - start;
            assert_eq!(due().await, Duration::ZERO);
            assert_eq!(due().await, hour);
            aside::sleep(hour * 5 / 2).await;
            for (expected, now) in [(2, 7), (3, 7), (4, 8), (5, 10)] {
                assert_eq!(due().await, hour * expected);
                assert_eq!(aside::time::now() - start, hour * now / 2);
            }
        });
    });
}

#[test]
fn a_tick_that_is_too_far_off_never_comes() {
    watched(|| {
        aside::run(async {
            let mut ticks = Box::pin(current().interval(Duration::MAX));
            assert!(ticks.next().await.is_some());
            assert!(futures_lite::future::poll_once(ticks.next()).await.is_none());
        });
    });
}

#[test]
fn a_dropped_sleep_leaves_no_task() {
    watched(|| {
        let runtime = aside::Runtime::new();
        runtime.block_on(async {
            drop(current().sleep(Duration::from_secs(3600)));
            drop(current().interval(Duration::from_secs(3600)));
        });
        runtime.drain();
        assert_eq!(runtime.task_count(), 0);
    });
}

/// Sends back all bytes of one connection.
async fn echo(listener: TcpListener) -> io::Result<u64> {
    let (stream, _peer) = listener.accept().await?;
    futures_lite::io::copy(&stream, &stream).await
}

#[test]
fn a_stream_connects_and_transfers_on_a_thread_without_a_runtime() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = spawn(echo(listener));
            let kit = current();
            // The thread is not the pool's, so no runtime is current on it.
            let client = thread::spawn(move || {
                block_on(async {
                    let mut stream = kit.tcp_connect(address).await.unwrap();
                    assert!(stream.nodelay().unwrap());
                    stream.write_all(b"hello").await.unwrap();
                    stream.close().await.unwrap();
                    let mut answer = String::new();
                    stream.read_to_string(&mut answer).await.unwrap();
                    answer
                })
            });
            assert_eq!(server.await.unwrap().unwrap(), 5);
            let answer = spawn_blocking(|| client.join().unwrap()).await.unwrap();
            assert_eq!(answer, "hello");
        });
    });
}

#[test]
fn the_error_of_a_connection_is_that_of_the_system() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let error = current().tcp_connect_addr(address).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    });
}

#[test]
fn names_are_looked_up_on_the_pool() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = spawn(echo(listener));
            let kit = current();
            let addresses = kit.to_socket_addrs(("127.0.0.1", port));
            let mut stream = kit.tcp_connect(addresses).await.unwrap();
            stream.close().await.unwrap();
            assert_eq!(server.await.unwrap().unwrap(), 0);
        });
    });
}

/// A stream as libraries wrap them: by exclusive access only, in blocking mode, and pinned.
struct Wrapped {
    stream: UnixStream,
    _pinned: PhantomPinned,
}

impl Read for Wrapped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Wrapped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl AsFd for Wrapped {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl AsRawFd for Wrapped {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

// More bytes than the sockets hold, so both sides wait for readiness.
#[test]
fn a_registered_object_waits_for_readiness_in_both_directions() {
    watched(|| {
        aside::run(async {
            let kit = current();
            let (near, far) = UnixStream::pair().unwrap();
            let wrap = |stream| Wrapped { stream, _pinned: PhantomPinned };
            let mut near = kit.register(wrap(near)).unwrap();
            let mut far = kit.register(wrap(far)).unwrap();
            let mut sent = vec![0; 1 << 20];
            fastrand::Rng::with_seed(7).fill(&mut sent);
            let sending = async {
                near.write_all(&sent).await.unwrap();
                near.flush().await.unwrap();
                let mut answer = [0; 2];
                near.read_exact(&mut answer).await.unwrap();
                near.close().await.unwrap();
                answer
            };
            let receiving = async {
                let mut received = vec![0; 1 << 20];
                far.read_exact(&mut received).await.unwrap();
                far.write_all(b"ok").await.unwrap();
                received
            };
            let (answer, received) = gather((sending, receiving)).await;
            assert_eq!(&answer, b"ok");
            assert!(received == sent);
            drop(near);
            assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        });
    });
}

#[test]
fn after_the_runtime_is_gone_nothing_hangs() {
    watched(|| {
        let kit = orphaned();
        block_on(async {
            kit.sleep(Duration::from_secs(3600)).await;
            let ticks: Vec<Instant> = kit.interval(Duration::from_secs(3600)).collect().await;
            assert_eq!(ticks, []);
            let error = kit.tcp_connect(([127, 0, 0, 1], 9)).await.unwrap_err();
            assert!(error.get_ref().is_some(), "{error:?}");
            assert!(kit.register(UnixStream::pair().unwrap().0).is_err());
            assert_eq!(kit.spawn(ready(7)).cancel().await, None);
        });
        let message = panic_message(move || _ = block_on(kit.spawn(ready(7))));
        assert!(message.contains("cancelled"), "{message}");
    });
}

#[test]
fn a_stream_of_a_runtime_that_ends_reports_an_error() {
    watched(|| {
        let runtime = aside::Runtime::new();
        let kit = Runtime::new(LoopKit::new(runtime.handle()));
        let (near, _far) = UnixStream::pair().unwrap();
        let mut near = kit.register(near).unwrap();
        drop(runtime);
        let error = block_on(near.read(&mut [0])).unwrap_err();
        assert!(aside::is_runtime_gone(&error), "{error:?}");
    });
}
