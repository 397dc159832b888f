//! Every leaf that stores a waker, polled with a new waker at each poll (P95): the replaced wakers
//! are dropped without being woken. The leaves of `process` and `signal` are tested in the same way
//! by `tests/process/pipes.rs` and `tests/signals.rs`.

use std::future::pending;
#[cfg(any(feature = "unblock", all(feature = "net", unix)))]
use std::pin::Pin;
use std::sync::mpsc;
#[cfg(any(feature = "unblock", all(feature = "net", unix)))]
use std::task::Context;
use std::time::Duration;

use aside::blocking::{Pinned, Pool};
use aside::{gather, interval, race, scope, sleep, spawn, spawn_blocking, timeout};
use futures_channel::oneshot;

use crate::support::new_wakers::assert_future_keeps_the_last_waker as assert_future;
use crate::support::watchdog::watched;

const HOUR: Duration = Duration::from_secs(3600);

// P95
#[test]
fn tasks_jobs_and_calls_wake_no_replaced_waker() {
    watched(|| {
        aside::run(async {
            let (send, receive) = oneshot::channel::<()>();
            assert_future("a task's handle", spawn(receive), || send.send(()).unwrap()).await;

            let (send, receive) = mpsc::channel::<()>();
            let job = spawn_blocking(move || receive.recv());
            assert_future("a job's handle", job, || send.send(()).unwrap()).await;

            let (send, receive) = mpsc::channel::<()>();
            let pinned = Pinned::open(|| ()).await.unwrap();
            let call = pinned.call(move |()| receive.recv());
            assert_future("a pinned call", call, || send.send(()).unwrap()).await;

            let (send, receive) = mpsc::channel::<()>();
            let pool = Pool::builder().threads_max(1).queue_max(1).build();
            let running = pool.submit(move || receive.recv()).unwrap();
            while pool.stats().busy == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            let queued = pool.submit(|| ()).unwrap();
            let waiting = pool.submit_async(|| ());
            assert_future("a job without a place", waiting, || send.send(()).unwrap()).await;
            running.await.unwrap().unwrap();
            queued.await.unwrap();
        });
    });
}

// P95
#[test]
fn groups_and_timers_wake_no_replaced_waker() {
    watched(|| {
        aside::run(async {
            let (send, receive) = oneshot::channel::<()>();
            let both = gather((receive, async {}));
            assert_future("a gather", both, || send.send(()).unwrap()).await;

            let (send, receive) = oneshot::channel::<()>();
            let first = race((receive, pending()));
            assert_future("a race", first, || send.send(()).unwrap()).await;

            let (send, receive) = oneshot::channel::<()>();
            let scoped = scope(|scope| async move { scope.spawn(receive).await });
            assert_future("a scope", scoped, || send.send(()).unwrap()).await;

            let (send, receive) = oneshot::channel::<()>();
            let limited = timeout(HOUR, spawn(receive));
            assert_future("a timeout", limited, || send.send(()).unwrap()).await;

            // The timers are due long after the idle polls, and end the test.
            let timer = sleep(Duration::from_millis(500));
            assert_future("a sleep", timer, || {}).await;
            let mut ticks = interval(Duration::from_millis(500));
            ticks.tick().await;
            assert_future("an interval", ticks.tick(), || {}).await;
        });
    });
}

#[cfg(feature = "unblock")]
mod streams {
    use std::io::{Read, Write};

    use aside::Unblock;
    use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt, Stream};

    use super::*;
    use crate::support::new_wakers::assert_only_the_last_waker_is_woken as assert_leaf;

    // P95
    #[test]
    fn blocking_streams_wake_no_replaced_waker() {
        watched(|| {
            aside::run(async {
                let (reader, mut writer) = std::io::pipe().unwrap();
                let mut reads = Unblock::new(reader);
                let mut buffer = [0; 8];
                let poll = |cx: &mut Context<'_>| Pin::new(&mut reads).poll_read(cx, &mut buffer);
                assert_leaf("a read", poll, || writer.write_all(b"x").unwrap()).await;
                drop(writer);

                let (send, receive) = mpsc::channel::<()>();
                let mut items = Unblock::new(receive.into_iter());
                let poll = |cx: &mut Context<'_>| Pin::new(&mut items).poll_next(cx);
                assert_leaf("an iterator", poll, || send.send(()).unwrap()).await;
                drop(send);

                // More than a pipe can hold.
                let (mut reader, writer) = std::io::pipe().unwrap();
                let mut writes = Unblock::new(writer);
                writes.write_all(&[1; 100_000]).await.unwrap();
                let poll = |cx: &mut Context<'_>| Pin::new(&mut writes).poll_flush(cx);
                let read = || reader.read_exact(&mut [0; 100_000]).unwrap();
                assert_leaf("a flush", poll, read).await;
            });
        });
    }
}

#[cfg(all(feature = "net", unix))]
mod sockets {
    use std::io::{Read, Write};
    use std::net;

    use aside::net::{AsyncFd, TcpListener, TcpStream, UdpSocket, UnixStream};
    use futures_lite::future::poll_once;
    use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite};
    use rustix::io::ioctl_fionbio;

    use super::*;
    use crate::support::new_wakers::assert_only_the_last_waker_is_woken as assert_leaf;

    fn unix() -> (std::os::unix::net::UnixStream, UnixStream) {
        let (far, near) = std::os::unix::net::UnixStream::pair().unwrap();
        (far, UnixStream::from_std(near).unwrap())
    }

    // P95
    #[test]
    fn reads_and_writes_by_the_traits_wake_no_replaced_waker() {
        watched(|| {
            aside::run(async {
                let (mut far, near) = unix();
                let poll = |cx: &mut Context<'_>| Pin::new(&mut &near).poll_read(cx, &mut [0; 8]);
                assert_leaf("a Unix stream", poll, || far.write_all(b"x").unwrap()).await;

                let (mut far, near) = unix();
                while near.try_write(&[1; 65536]).is_ok() {}
                let poll = |cx: &mut Context<'_>| Pin::new(&mut &near).poll_write(cx, &[1; 8]);
                let mut all = vec![0; 1 << 20];
                far.set_nonblocking(true).unwrap();
                let empty = || while far.read(&mut all).is_ok() {};
                assert_leaf("a full Unix stream", poll, empty).await;

                let (mut far, near) = unix();
                let (mut reads, _writes) = near.into_split();
                let poll = |cx: &mut Context<'_>| Pin::new(&mut reads).poll_read(cx, &mut [0; 8]);
                assert_leaf("a half that reads", poll, || far.write_all(b"x").unwrap()).await;

                let (mut far, near) = unix();
                while near.try_write(&[1; 65536]).is_ok() {}
                let (_reads, mut writes) = near.into_split();
                let poll = |cx: &mut Context<'_>| Pin::new(&mut writes).poll_write(cx, &[1; 8]);
                far.set_nonblocking(true).unwrap();
                let empty = || while far.read(&mut all).is_ok() {};
                assert_leaf("a half that writes", poll, empty).await;

                let (reader, mut writer) = std::io::pipe().unwrap();
                ioctl_fionbio(&reader, true).unwrap();
                let fd = AsyncFd::new(reader).unwrap();
                let poll = |cx: &mut Context<'_>| Pin::new(&mut &fd).poll_read(cx, &mut [0; 8]);
                assert_leaf("a descriptor", poll, || writer.write_all(b"x").unwrap()).await;
            });
        });
    }

    // P95
    #[test]
    fn the_futures_of_sockets_wake_no_replaced_waker() {
        watched(|| {
            aside::run(async {
                let (mut far, near) = unix();
                let mut buffer = [0; 8];
                let send = || far.write_all(b"x").unwrap();
                assert_future("a read", near.read(&mut buffer), send).await;
                let (mut far, near) = unix();
                let send = || far.write_all(b"x").unwrap();
                assert_future("a wait for readiness", near.readable(), send).await;

                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let connect = || drop(net::TcpStream::connect(address).unwrap());
                assert_future("an accept", listener.accept(), connect).await;

                let near = TcpStream::connect(address).await.unwrap();
                let (far, _) = listener.accept().await.unwrap();
                let send = || assert_eq!(far.try_write(b"x").unwrap(), 1);
                assert_future("a peek", near.peek(&mut buffer), send).await;

                let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let far = net::UdpSocket::bind("127.0.0.1:0").unwrap();
                let address = near.local_addr().unwrap();
                let send = || assert_eq!(far.send_to(b"x", address).unwrap(), 1);
                assert_future("a receive", near.recv_from(&mut buffer), send).await;
            });
        });
    }

    // P95: two tasks that read one stream by the traits do not wake each other. The task that
    // polled last is woken. The method `read` serves both.
    #[test]
    fn of_two_readers_by_the_traits_the_last_is_woken_and_read_serves_both() {
        watched(|| {
            aside::run(async {
                let (mut far, near) = unix();
                assert!(poll_once(AsyncReadExt::read(&mut &near, &mut [0; 8])).await.is_none());
                let second = |cx: &mut Context<'_>| Pin::new(&mut &near).poll_read(cx, &mut [0; 8]);
                assert_leaf("the last reader", second, || far.write_all(b"x").unwrap()).await;

                let (mut one, mut other) = ([0], [0]);
                let both = gather((near.read(&mut one), near.read(&mut other)));
                let send = || far.write_all(b"ab").unwrap();
                assert_future("two reads", both, send).await;
                assert_eq!([one[0], other[0]], *b"ab");
            });
        });
    }
}
