//! Peers that are silent, stop, die, or reset the connection at any moment.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{self, Ipv4Addr, Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use aside::net::{SocketBuilder, TcpListener, TcpStream, UdpSocket};
use aside::{gather, spawn, spawn_blocking, timeout, yield_now};
use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::watchdog::watched;

/// Long enough for data in flight to arrive. No test asserts how long anything took.
const SOON: Duration = Duration::from_millis(20);

/// A std peer, and a stream of aside.
async fn with_std() -> (net::TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// Resets the connection, which discards the data in flight.
fn reset(stream: net::TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Writes until the socket accepts no more, and returns the number of bytes.
fn fill(stream: &TcpStream) -> usize {
    let mut written = 0;
    while let Ok(length) = stream.try_write(&[9; 65536]) {
        written += length;
    }
    written
}

#[test]
fn a_timeout_on_a_silent_peer_leaves_the_connection_usable() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = with_std().await;
            for _ in 0..3 {
                assert!(timeout(SOON, far.read(&mut [0; 8])).await.is_err());
            }
            let written = fill(&far);
            assert!(timeout(SOON, (&far).write_all(&[9; 65536])).await.is_err());
            // The peer reads everything and answers: no data is lost and no task is stuck.
            let peer = spawn_blocking(move || {
                near.write_all(b"here I am").unwrap();
                let mut read = vec![0; written];
                near.read_exact(&mut read).unwrap();
                assert!(read.iter().all(|&byte| byte == 9));
                near
            });
            let mut answer = [0; 9];
            (&far).read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"here I am");
            drop(peer.await.unwrap());
        });
    });
}

/// A process that echoes over TCP.
async fn cat() -> (Child, TcpStream) {
    let (near, far) = with_std().await;
    let stdin = Stdio::from(OwnedFd::from(near.try_clone().unwrap()));
    let stdout = Stdio::from(OwnedFd::from(near));
    (Command::new("cat").stdin(stdin).stdout(stdout).spawn().unwrap(), far)
}

#[test]
fn a_stopped_peer_is_awaited_and_continues() {
    watched(|| {
        aside::run(async {
            let (mut child, far) = cat().await;
            let pid = Pid::from_child(&child);
            let mut echoed = [0; 4];
            (&far).write_all(b"once").await.unwrap();
            (&far).read_exact(&mut echoed).await.unwrap();
            kill_process(pid, Signal::STOP).unwrap();
            let written = fill(&far);
            let mut read = vec![0; written];
            assert!(timeout(SOON, far.write(&[9; 65536])).await.is_err());
            kill_process(pid, Signal::CONT).unwrap();
            (&far).read_exact(&mut read).await.unwrap();
            assert!(read.iter().all(|&byte| byte == 9));
            far.shutdown(Shutdown::Write).unwrap();
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
            assert!(spawn_blocking(move || child.wait()).await.unwrap().unwrap().success());
        });
    });
}

// P68
#[test]
fn killing_the_peer_ends_readers_and_writers() {
    watched(|| {
        aside::run(async {
            let (mut child, far) = cat().await;
            kill_process(Pid::from_child(&child), Signal::STOP).unwrap();
            fill(&far);
            let far = Rc::new(far);
            let reading = spawn({
                let far = Rc::clone(&far);
                async move { far.read(&mut [0; 8]).await }
            });
            let writing = spawn({
                let far = Rc::clone(&far);
                async move { far.write(&[9; 65536]).await }
            });
            yield_now().await;
            assert!(!reading.is_finished() && !writing.is_finished());
            // The process dies with unread bytes, which its peer receives as a reset.
            child.kill().unwrap();
            let (read, written) = gather((reading, writing)).await;
            let errors = [read.unwrap().err(), written.unwrap().err()];
            let kinds = errors.map(|error| error.map(|error| error.kind()));
            assert!(kinds.contains(&Some(ErrorKind::ConnectionReset)), "{kinds:?}");
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0, "the error is reported once");
            let error = far.write(b"x").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            spawn_blocking(move || child.wait()).await.unwrap().unwrap();
        });
    });
}

#[test]
fn a_reset_during_a_read_arrives_after_the_data_and_at_all_waiting_tasks() {
    watched(|| {
        aside::run(async {
            for seed in 0..50 {
                let mut random = fastrand::Rng::with_seed(seed);
                let (mut near, far) = with_std().await;
                let sent: Vec<u8> = (0..random.usize(1..50_000)).map(|_| random.u8(..)).collect();
                near.write_all(&sent).unwrap();
                let take = random.usize(1..=sent.len());
                let mut read = vec![0; take];
                (&far).read_exact(&mut read).await.unwrap();
                assert!(read == sent[..take], "seed {seed}");
                let far = Rc::new(far);
                let rest = sent.len() - take;
                let readers = [(); 3].map(|()| {
                    let (far, mut buffer) = (Rc::clone(&far), vec![0; 997]);
                    spawn(async move {
                        let mut sum = 0;
                        loop {
                            match far.read(&mut buffer).await {
                                Ok(0) => return (sum, None),
                                Ok(length) => sum += length,
                                Err(error) => return (sum, Some(error.kind())),
                            }
                        }
                    })
                });
                if random.bool() {
                    yield_now().await;
                }
                reset(near);
                let ends = gather(readers).await.map(Result::unwrap);
                assert!(ends.iter().map(|end| end.0).sum::<usize>() <= rest, "seed {seed}");
                let resets = ends.iter().filter(|end| end.1 == Some(ErrorKind::ConnectionReset));
                assert_eq!(
                    resets.count(),
                    1,
                    "seed {seed}: one task gets the reset, the others the end"
                );
            }
        });
    });
}

#[test]
fn a_reset_during_a_write_is_an_error_and_no_signal() {
    watched(|| {
        aside::run(async {
            for vectored in [false, true] {
                let (near, far) = with_std().await;
                fill(&far);
                let write = async || match vectored {
                    true => far.write_vectored(&[IoSlice::new(&[1; 999]); 2]).await,
                    false => far.write(&[1; 999]).await,
                };
                let mut writing = Box::pin(write());
                assert!(poll_once(writing.as_mut()).await.is_none());
                reset(near);
                assert_eq!(writing.await.unwrap_err().kind(), ErrorKind::ConnectionReset);
                for _ in 0..2 {
                    assert_eq!(write().await.unwrap_err().kind(), ErrorKind::BrokenPipe);
                }
                assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
            }
        });
    });
}

#[test]
fn a_connection_reset_before_accept_harms_no_other() {
    watched(|| {
        aside::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            for _ in 0..20 {
                reset(net::TcpStream::connect(address).unwrap());
                let near = net::TcpStream::connect(address).unwrap();
                let peer = near.local_addr().unwrap();
                loop {
                    let (far, from) = listener.accept().await.unwrap();
                    if from == peer {
                        (&near).write_all(b"x").unwrap();
                        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 1);
                        break;
                    }
                    let error = far.read(&mut [0; 8]).await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                }
            }
        });
    });
}

/// A listener whose backlog is full does not answer.
#[test]
fn a_cancelled_connect_without_an_answer_leaves_nothing() {
    watched(|| {
        aside::run(async {
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let listener = SocketBuilder::new().backlog(1).listen(any).unwrap();
            let address = listener.local_addr().unwrap();
            let mut answered = Vec::new();
            while let Ok(stream) = timeout(SOON, TcpStream::connect(address)).await {
                answered.push(stream.unwrap());
                assert!(answered.len() < 50, "the queue has no end");
            }
            assert!(!answered.is_empty());
            for stream in &answered {
                let (far, peer) = listener.accept().await.unwrap();
                assert_eq!(stream.local_addr().unwrap(), peer);
                far.write(b"x").await.unwrap();
                assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 1);
            }
            let near = TcpStream::connect(address).await.unwrap();
            loop {
                // A connection whose `connect` was cancelled may be accepted here: it is closed.
                let (far, peer) = listener.accept().await.unwrap();
                if peer == near.local_addr().unwrap() {
                    break;
                }
                assert!(matches!(far.read(&mut [0; 8]).await, Ok(0) | Err(_)));
            }
        });
    });
}

// P75: a peek leaves the datagram in the socket, so the socket is always ready.
#[test]
fn a_timeout_around_a_socket_that_is_always_ready_elapses() {
    watched(|| {
        aside::run(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            socket.send_to(b"x", socket.local_addr().unwrap()).await.unwrap();
            let mut peeks = 0;
            let reading = async {
                loop {
                    assert_eq!(socket.peek_from(&mut [0; 8]).await.unwrap().0, 1);
                    peeks += 1;
                    // Without this yield, an operation on a ready socket lets no other task run.
                    yield_now().await;
                }
            };
            assert!(timeout(SOON, reading).await.is_err());
            assert!(peeks > 1);
            // The converse: a ready read finishes before any deadline.
            let mut buffer = [0; 8];
            for _ in 0..100 {
                let read = timeout(Duration::ZERO, socket.peek_from(&mut buffer));
                assert_eq!(read.await.unwrap().unwrap().0, 1);
            }
        });
    });
}

// P9: two sockets that are always ready, a timer, and a socket that receives one datagram.
#[test]
fn sockets_that_are_always_ready_starve_neither_a_timer_nor_an_idle_socket() {
    watched(|| {
        aside::run(async {
            let busy = [(); 2].map(|()| {
                spawn(async {
                    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                    socket.send_to(b"x", socket.local_addr().unwrap()).await.unwrap();
                    loop {
                        socket.peek_from(&mut [0; 8]).await.unwrap();
                        yield_now().await;
                    }
                })
            });
            let (mut near, far) = with_std().await;
            let mut buffer = [0; 8];
            let mut reading = pin!(far.read(&mut buffer));
            assert!(poll_once(reading.as_mut()).await.is_none());
            aside::sleep(SOON).await;
            let written = spawn_blocking(move || near.write_all(b"x").map(|()| near));
            assert_eq!(reading.await.unwrap(), 1);
            written.await.unwrap().unwrap();
            busy.into_iter().for_each(|task| drop(task.abort_on_drop()));
        });
    });
}
