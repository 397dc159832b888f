//! A loop that is dropped while other threads use its sockets, and sockets that are polled by other
//! executors.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::thread;

use aside::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use aside::{Handle, Runtime};
use futures_lite::future::{block_on, poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::support::watchdog::watched;

const GONE: &str = "the runtime of this socket is gone";

/// Asserts that the error is that of a dropped loop.
fn assert_gone(error: &io::Error, what: &str) {
    assert_eq!(error.to_string(), GONE, "{what}");
}

/// Repeats the operation until it returns an error.
fn until_gone<T>(what: &str, mut operation: impl AsyncFnMut() -> io::Result<T>) {
    let error = block_on(async {
        loop {
            match operation().await {
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    });
    assert_gone(&error, what);
}

/// A closure for another thread, which uses sockets of a loop until the loop is dropped.
type Part = Box<dyn FnOnce() + Send>;

/// Reads from a stream to which nothing is sent.
fn idle() -> Part {
    let (near, far) = UnixStream::pair().unwrap();
    Box::new(move || {
        until_gone("a read in vain", async || far.read(&mut [0; 8]).await);
        drop(near);
    })
}

/// Exchanges bytes between two streams until the loop is dropped. Then drops one stream, and waits
/// for the other one to be readable.
fn busy(by_the_traits: bool) -> Part {
    let (near, far) = UnixStream::pair().unwrap();
    Box::new(move || {
        let mut round = 0_u8;
        until_gone("an exchange", async || {
            round = round.wrapping_add(1);
            let mut byte = [0];
            if by_the_traits {
                (&near).write_all(&[round]).await?;
                (&far).read_exact(&mut byte).await?;
            } else {
                near.write(&[round]).await?;
                far.read(&mut byte).await?;
            }
            assert_eq!(byte[0], round);
            Ok(())
        });
        drop(near);
        // The sockets of a loop are shut down one after the other, so the other stream may still
        // report its end before it fails.
        until_gone("a later wait", async || far.readable().await);
    })
}

/// Accepts where no client connects, and receives where no datagram is sent.
fn listening(listener: TcpListener) -> Part {
    let (_keeps_it_quiet, datagrams) = UnixDatagram::pair().unwrap();
    Box::new(move || {
        let accepting = async { listener.accept().await.map(drop) };
        let receiving = async { datagrams.recv(&mut [0; 8]).await.map(drop) };
        let (accepted, received) = block_on(zip(accepting, receiving));
        assert_gone(&accepted.unwrap_err(), "an accept");
        assert_gone(&received.unwrap_err(), "a datagram");
        let _keeps_it_quiet = _keeps_it_quiet;
    })
}

/// Connects and drops connections until connecting fails.
fn connecting(handle: Handle, address: SocketAddr) -> Part {
    Box::new(move || {
        let error = loop {
            match handle.block_on(TcpStream::connect(address)) {
                Ok(stream) => drop(stream),
                Err(error) => break error,
            }
        };
        // The end of the loop closes the listener, too, so the system may refuse the connection.
        let refused = [io::ErrorKind::ConnectionRefused, io::ErrorKind::ConnectionReset];
        assert!(error.to_string() == GONE || refused.contains(&error.kind()), "{error}");
    })
}

/// Registers and drops descriptors; one of the registrations is the loop's first.
fn registering(handle: Handle) -> Part {
    Box::new(move || {
        let error = loop {
            match handle.block_on(async { UdpSocket::bind("127.0.0.1:0").await }) {
                Ok(socket) => drop(socket.into_std().unwrap()),
                Err(error) => break error,
            }
        };
        assert_gone(&error, "a registration");
    })
}

/// Four threads use sockets while the loop is dropped at a random moment.
fn drop_loop_in_use(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let runtime = Runtime::new();
    let handle = runtime.handle();
    let parts: Vec<Part> = runtime.block_on(async {
        (0..4)
            .map(|_| match random.u8(0..6) {
                0 => idle(),
                1 => busy(false),
                2 => busy(true),
                3 => {
                    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                    listening(TcpListener::from_std(listener).unwrap())
                }
                4 => {
                    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                    let address = listener.local_addr().unwrap();
                    let listener = TcpListener::from_std(listener).unwrap();
                    aside::spawn(async move { while listener.accept().await.is_ok() {} }).detach();
                    connecting(handle.clone(), address)
                }
                _ => registering(handle.clone()),
            })
            .collect()
    });
    let start = Arc::new(Barrier::new(parts.len() + 1));
    let threads: Vec<_> = parts
        .into_iter()
        .map(|part| {
            let start = Arc::clone(&start);
            thread::spawn(move || {
                start.wait();
                part();
            })
        })
        .collect();
    start.wait();
    for _ in 0..random.u32(0..30) {
        let _ = runtime.turn(std::time::Duration::from_micros(random.u64(0..200)));
    }
    drop(runtime);
    for thread in threads {
        thread.join().unwrap_or_else(|_| panic!("seed {seed}"));
    }
}

// P45, P67
#[test]
fn two_hundred_dropped_loops_wake_the_users_of_their_sockets_with_errors() {
    watched(|| (0..200).for_each(drop_loop_in_use));
}

// P67
#[test]
fn a_socket_outlives_its_loop_and_works_on_another_one() {
    watched(|| {
        let first = Runtime::new();
        let (near, far) = first.block_on(async { UnixStream::pair().unwrap() });
        near.try_write(b"abc").unwrap();
        drop(first);
        assert_gone(&near.try_write(b"x").unwrap_err(), "a try");
        aside::run(async {
            let far = UnixStream::from_std(far.into_std().unwrap()).unwrap();
            let near = UnixStream::from_std(near.into_std().unwrap()).unwrap();
            let mut read = [0; 3];
            (&far).read_exact(&mut read).await.unwrap();
            assert_eq!(&read, b"abc");
            assert!(poll_once(pin!(far.read(&mut read))).await.is_none());
            near.write(b"d").await.unwrap();
            assert_eq!(far.read(&mut read).await.unwrap(), 1);
        });
    });
}

#[test]
fn an_executor_of_several_threads_uses_the_sockets_of_a_loop_on_another_thread() {
    const PAIRS: u64 = 20;
    watched(|| {
        let runtime = Runtime::new();
        let pairs: Vec<_> =
            runtime.block_on(async { (0..PAIRS).map(|_| UnixStream::pair().unwrap()).collect() });
        let executor = Arc::new(async_executor::Executor::new());
        let (stop, stopped) = async_channel::bounded::<()>(1);
        let workers = [(); 2].map(|()| {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::spawn(move || block_on(executor.run(stopped.recv())).unwrap_err())
        });
        let tasks: Vec<_> = (0..PAIRS)
            .zip(pairs)
            .map(|(seed, (near, far))| {
                executor.spawn(async move { futures_lite::io::copy(&far, &far).await }).detach();
                executor.spawn(exchange(seed, near))
            })
            .collect();
        let done = executor.spawn(async move {
            for task in tasks {
                task.await;
            }
        });
        // The loop only polls I/O events; it has no task.
        runtime.block_on(done);
        drop(stop);
        workers.into_iter().for_each(|worker| assert!(worker.join().is_ok()));
    });
}

/// Sends pseudo-random bytes, and checks that they are echoed.
async fn exchange(seed: u64, near: UnixStream) {
    let mut sent = vec![0; 300_000];
    fastrand::Rng::with_seed(seed).fill(&mut sent);
    let writing = async {
        (&near).write_all(&sent).await.unwrap();
        (&near).close().await.unwrap();
    };
    let mut echoed = Vec::new();
    let reading = async { (&near).read_to_end(&mut echoed).await.unwrap() };
    zip(writing, reading).await;
    assert!(echoed == sent, "seed {seed}");
}
