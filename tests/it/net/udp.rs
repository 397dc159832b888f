//! UDP: complete datagrams, on sockets that several tasks use, with and without a connected peer.

use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use aside::net::{SocketBuilder, UdpSocket};
use aside::{gather, spawn, spawn_blocking};

use crate::support::watchdog::watched;

async fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn datagrams_keep_their_boundaries_even_if_empty() {
    watched(|| {
        aside::run(async {
            let ((near, near_address), (far, far_address)) = (bound().await, bound().await);
            let mut buffer = [0; 1500];
            for length in [0, 1, 700, 1400] {
                let sent = vec![7; length];
                assert_eq!(near.send_to(&sent, far_address).await.unwrap(), length);
                let (peeked, _) = far.peek_from(&mut buffer).await.unwrap();
                let (received, from) = far.recv_from(&mut buffer).await.unwrap();
                assert_eq!((peeked, received, from), (length, length, near_address));
                assert!(buffer[..length] == sent);
            }
            near.send_to(b"too long", far_address).await.unwrap();
            assert_eq!(far.recv_from(&mut buffer[..3]).await.unwrap().0, 3);
            let error = far.try_recv_from(&mut buffer).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "the rest is lost");
        });
    });
}

#[test]
fn a_connected_udp_socket_has_one_peer() {
    watched(|| {
        aside::run(async {
            let ((near, near_address), (far, far_address)) = (bound().await, bound().await);
            let (stranger, _) = bound().await;
            near.connect(far_address).await.unwrap();
            far.connect(("127.0.0.1", near_address.port())).await.unwrap();
            assert_eq!(near.peer_addr().unwrap(), far_address);
            let _may_be_refused = stranger.try_send_to(b"stranger", far_address);
            near.send(b"peer").await.unwrap();
            let mut buffer = [0; 16];
            assert_eq!(far.peek(&mut buffer).await.unwrap(), 4);
            assert_eq!(far.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(&buffer[..4], b"peer");
        });
    });
}

#[test]
fn a_std_peer_answers() {
    watched(|| {
        aside::run(async {
            let (near, _) = bound().await;
            let peer = net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let address = peer.local_addr().unwrap();
            let answering = spawn_blocking(move || {
                let mut buffer = [0; 16];
                for _ in 0..20 {
                    let (length, from) = peer.recv_from(&mut buffer).unwrap();
                    peer.send_to(&buffer[..length], from).unwrap();
                }
            });
            for round in 0..20 {
                near.send_to(&[round], address).await.unwrap();
                let mut buffer = [0; 16];
                assert_eq!(near.recv(&mut buffer).await.unwrap(), 1);
                assert_eq!(buffer[0], round);
            }
            answering.await.unwrap();
        });
    });
}

#[test]
fn several_tasks_receive_and_each_datagram_arrives_once() {
    watched(|| {
        aside::run(async {
            let ((near, _), (far, far_address)) = (bound().await, bound().await);
            let far = Rc::new(far);
            let receivers: Vec<_> = (0..8)
                .map(|_| {
                    let far = Rc::clone(&far);
                    spawn(async move {
                        let mut buffer = [0; 4];
                        far.recv_from(&mut buffer).await.unwrap();
                        buffer[0]
                    })
                })
                .collect();
            for number in 0..8 {
                near.send_to(&[number], far_address).await.unwrap();
            }
            let received = gather(receivers).await;
            let mut received: Vec<u8> = received.into_iter().map(Result::unwrap).collect();
            received.sort_unstable();
            assert_eq!(received, [0, 1, 2, 3, 4, 5, 6, 7]);
        });
    });
}

#[test]
fn options_return_the_values_they_were_set_to_and_groups_are_joined() {
    watched(|| {
        aside::run(async {
            let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
            let socket = SocketBuilder::new().reuse_address(true).bind_udp(any).unwrap();
            socket.set_broadcast(true).unwrap();
            socket.set_ttl(5).unwrap();
            socket.set_multicast_ttl_v4(3).unwrap();
            socket.set_multicast_loop_v4(true).unwrap();
            assert!(socket.broadcast().unwrap() && socket.multicast_loop_v4().unwrap());
            assert_eq!((socket.ttl().unwrap(), socket.multicast_ttl_v4().unwrap()), (5, 3));
            let v6 = UdpSocket::bind("[::]:0").await.unwrap();
            for receives in [false, true] {
                v6.set_multicast_loop_v6(receives).unwrap();
                assert_eq!(v6.multicast_loop_v6().unwrap(), receives);
            }
            assert!(socket.take_error().unwrap().is_none());
            let group = Ipv4Addr::new(224, 0, 0, 123);
            socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
            socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
            // The group and the interface do not exist.
            assert!(socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());
            assert!(socket.join_multicast_v6(Ipv6Addr::LOCALHOST, 0).is_err());
            assert!(socket.leave_multicast_v6(Ipv6Addr::LOCALHOST, 0).is_err());
            let socket = socket.into_std().unwrap();
            let socket = UdpSocket::from_std(socket).unwrap();
            socket.writable().await.unwrap();
        });
    });
}

#[test]
fn an_operation_refused_by_the_pool_is_an_error_of_a_later_one() {
    watched(|| {
        aside::run(async {
            let ((near, _), (far, far_address)) = (bound().await, bound().await);
            drop(far);
            near.connect(far_address).await.unwrap();
            near.send(b"anybody?").await.unwrap();
            let error = near.recv(&mut [0; 4]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    });
}
