//! Datagrams to a receiver to which the sender is not connected, while a buffer is full.

use std::io;
use std::path::PathBuf;
use std::pin::pin;

use aside::net::UnixDatagram;
use aside::{is_runtime_gone, spawn};
use futures_lite::future::{block_on, poll_once};
use rustix::net::sockopt::set_socket_send_buffer_size;

use crate::support::watchdog::watched;

/// A bound socket. Its file is removed when it is dropped.
struct Receiver {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Receiver {
    fn new(name: &str) -> Receiver {
        let path = std::env::temp_dir().join(format!("aside-full-{}-{name}", std::process::id()));
        let _may_be_missing = std::fs::remove_file(&path);
        Receiver { socket: UnixDatagram::bind(&path).unwrap(), path }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
    }
}

/// Sends until a buffer is full, and returns the number of datagrams.
fn fill(sender: &UnixDatagram, receiver: &Receiver, datagram: &[u8]) -> usize {
    let mut sent = 0;
    loop {
        match sender.try_send_to(datagram, &receiver.path) {
            Ok(length) => assert_eq!(length, datagram.len()),
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                return sent;
            }
        }
        sent += 1;
    }
}

/// Several tasks wait, and each receive makes room for one of them.
#[cfg(target_os = "linux")]
#[test]
fn a_send_waits_until_the_receiver_has_room() {
    watched(|| {
        aside::run(async {
            let receiver = Receiver::new("queue");
            let sender = UnixDatagram::unbound().unwrap();
            let filled = fill(&sender, &receiver, b"x");
            let sends: Vec<_> =
                (0..3)
                    .map(|_| {
                        let path = receiver.path.clone();
                        spawn(async move {
                            UnixDatagram::unbound().unwrap().send_to(b"later", path).await
                        })
                    })
                    .collect();
            let mut send = pin!(sender.send_to(b"last", &receiver.path));
            assert!(poll_once(send.as_mut()).await.is_none());
            for _ in 0..filled {
                assert_eq!(receiver.socket.recv(&mut [0; 8]).await.unwrap(), 1);
            }
            assert_eq!(send.await.unwrap(), 4);
            for send in sends {
                assert_eq!(send.await.unwrap().unwrap(), 5);
            }
        });
    });
}

/// The sender's own buffer holds fewer datagrams than the receiver's.
#[cfg(target_os = "linux")]
#[test]
fn a_send_waits_until_the_sender_has_room() {
    watched(|| {
        aside::run(async {
            let (full, other) = (Receiver::new("own"), Receiver::new("other"));
            let sender = UnixDatagram::unbound().unwrap();
            set_socket_send_buffer_size(&sender, 4096).unwrap();
            let filled = fill(&sender, &full, &[7; 1024]);
            assert!(filled > 0);
            // The other receiver's buffer is empty, so the sender's is the one that is full.
            assert_eq!(fill(&sender, &other, &[7; 1024]), 0);
            let mut send = pin!(sender.send_to(&[8; 1024], &other.path));
            assert!(poll_once(send.as_mut()).await.is_none());
            let receiving = async {
                for _ in 0..filled {
                    full.socket.recv(&mut [0; 1024]).await.unwrap();
                }
            };
            let (sent, ()) = aside::gather((send, receiving)).await;
            assert_eq!(sent.unwrap(), 1024);
            assert_eq!(other.socket.recv(&mut [0; 1024]).await.unwrap(), 1024);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_waiting_send_fails_when_the_receiver_or_the_runtime_is_gone() {
    watched(|| {
        aside::run(async {
            let receiver = Receiver::new("gone");
            let sender = UnixDatagram::unbound().unwrap();
            fill(&sender, &receiver, b"x");
            let mut send = pin!(sender.send_to(b"y", receiver.path.clone()));
            assert!(poll_once(send.as_mut()).await.is_none());
            drop(receiver);
            let error = send.await.unwrap_err();
            let kinds = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
            assert!(kinds.contains(&error.kind()), "{error:?}");
        });

        let runtime = aside::Runtime::new();
        let (receiver, sender) = runtime
            .block_on(async { (Receiver::new("runtime"), UnixDatagram::unbound().unwrap()) });
        fill(&sender, &receiver, b"x");
        let mut send = pin!(sender.send_to(b"y", &receiver.path));
        assert!(runtime.block_on(poll_once(send.as_mut())).is_none());
        drop(runtime);
        let error = block_on(send).unwrap_err();
        assert!(is_runtime_gone(&error), "{error:?}");
    });
}
