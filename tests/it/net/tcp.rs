//! TCP: every byte arrives, and every failure is an error of the operation that it concerns.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Ipv4Addr, Shutdown, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use aside::net::{SocketBuilder, TcpListener, TcpStream, lookup_host};
use aside::{Handle, Runtime, gather, sleep, spawn, spawn_blocking, timeout};
use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::support::watchdog::watched;

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The two ends of a connection.
async fn connected() -> (TcpStream, TcpStream) {
    let (listener, address) = listen().await;
    let near = TcpStream::connect(address).await.unwrap();
    let (far, peer) = listener.accept().await.unwrap();
    assert_eq!(near.local_addr().unwrap(), peer);
    (near, far)
}

/// A connection to a std client.
async fn with_std() -> (net::TcpStream, TcpStream) {
    let (listener, address) = listen().await;
    let near = spawn_blocking(move || net::TcpStream::connect(address)).await.unwrap().unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// Pseudo-random bytes.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

async fn echo(stream: TcpStream) -> io::Result<u64> {
    futures_lite::io::copy(&stream, &stream).await
}

#[test]
fn a_std_client_receives_the_bytes_it_has_sent() {
    watched(|| {
        aside::run(async {
            let (listener, address) = listen().await;
            let clients = (0..4).map(|seed| spawn_blocking(move || std_client(address, seed)));
            let clients: Vec<_> = clients.collect();
            for _ in &clients {
                let (stream, _) = listener.accept().await.unwrap();
                spawn(echo(stream)).detach();
            }
            for client in clients {
                client.await.unwrap();
            }
        });
    });
}

fn std_client(address: SocketAddr, seed: u64) {
    let mut stream = net::TcpStream::connect(address).unwrap();
    let sent = bytes(seed, 300_000);
    let mut writer = stream.try_clone().unwrap();
    let writing = thread::spawn({
        let sent = sent.clone();
        move || {
            writer.write_all(&sent).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        }
    });
    let mut echoed = Vec::new();
    stream.read_to_end(&mut echoed).unwrap();
    writing.join().unwrap();
    assert!(echoed == sent, "seed {seed}");
}

#[test]
fn a_refused_connection_is_an_error_after_all_addresses_are_tried() {
    watched(|| {
        aside::run(async {
            let (closed, dead) = listen().await;
            drop(closed);
            let error = TcpStream::connect(dead).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            let (listener, address) = listen().await;
            let stream = TcpStream::connect(&[dead, address][..]).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), address);
            let error = TcpStream::connect(&[][..]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            drop(listener);
        });
    });
}

#[test]
fn a_name_is_looked_up_on_the_pool_and_a_numeric_address_is_not() {
    watched(|| {
        aside::run(async {
            let (listener, address) = listen().await;
            assert_eq!(lookup_host("127.0.0.1:7").await.unwrap()[0].port(), 7);
            assert_eq!(lookup_host(("::1", 7)).await.unwrap()[0].port(), 7);
            assert_eq!(Handle::current().pool().stats().threads, 0);
            let near = TcpStream::connect(("localhost", address.port())).await.unwrap();
            assert_eq!(near.peer_addr().unwrap(), address);
            assert_eq!(Handle::current().pool().stats().threads, 1);
            assert!(TcpStream::connect("no port at all").await.is_err());
            drop(listener);
        });
    });
}

#[test]
fn a_cancelled_connect_closes_its_socket() {
    watched(|| {
        aside::run(async {
            let (listener, address) = listen().await;
            let mut connecting = Box::pin(TcpStream::connect(address));
            let early = poll_once(connecting.as_mut()).await;
            drop((early, connecting));
            let (far, _) = listener.accept().await.unwrap();
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
            // No client connects, so the timer ends the wait. The cancelled `accept` loses no later
            // client.
            assert!(timeout(Duration::from_millis(5), listener.accept()).await.is_err());
            let near = TcpStream::connect(address).await.unwrap();
            assert_eq!(listener.accept().await.unwrap().1, near.local_addr().unwrap());
        });
    });
}

#[test]
fn one_direction_ends_and_the_other_continues() {
    watched(|| {
        aside::run(async {
            let (mut near, mut far) = connected().await;
            near.write_all(b"last").await.unwrap();
            near.close().await.unwrap();
            let mut read = String::new();
            AsyncReadExt::read_to_string(&mut far, &mut read).await.unwrap();
            assert_eq!(read, "last");
            for byte in 0..3 {
                far.write_all(&[byte]).await.unwrap();
                let mut buffer = [9];
                near.read_exact(&mut buffer).await.unwrap();
                assert_eq!(buffer, [byte]);
            }
            near.close().await.unwrap();
            drop(far);
            assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 0);
        });
    });
}

#[test]
fn a_reset_ends_a_waiting_read() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let reading = spawn(async move { far.read(&mut [0; 8]).await });
            sleep(Duration::from_millis(1)).await;
            near.set_linger(Some(Duration::ZERO)).unwrap();
            drop(near);
            let error = reading.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        });
    });
}

#[test]
fn zero_length_reads_and_writes_return_zero() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            assert_eq!(near.write(&[]).await.unwrap(), 0);
            assert_eq!(near.write(b"x").await.unwrap(), 1);
            far.readable().await.unwrap();
            assert_eq!(far.read(&mut []).await.unwrap(), 0);
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 1);
        });
    });
}

#[test]
fn options_return_the_values_they_were_set_to() {
    watched(|| {
        aside::run(async {
            let builder = SocketBuilder::new().reuse_address(true).reuse_port(true).backlog(4);
            let builder = builder.receive_buffer_size(32 * 1024).send_buffer_size(32 * 1024);
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let listener = builder.clone().listen(any).unwrap();
            let address = listener.local_addr().unwrap();
            let _second_at_the_same_port = builder.listen(address).unwrap();
            let set_up = SocketBuilder::new().nodelay(true).keepalive(Duration::from_secs(7));
            let stream = set_up.local_addr(any).connect(address).await.unwrap();
            assert!(stream.nodelay().unwrap());
            assert_eq!(stream.keepalive().unwrap(), Some(Duration::from_secs(7)));
            stream.set_keepalive(None).unwrap();
            assert_eq!(stream.keepalive().unwrap(), None);
            stream.set_nodelay(false).unwrap();
            assert!(!stream.nodelay().unwrap());
            stream.set_ttl(9).unwrap();
            listener.set_ttl(8).unwrap();
            assert_eq!((stream.ttl().unwrap(), listener.ttl().unwrap()), (9, 8));
            stream.set_linger(Some(Duration::from_secs(3))).unwrap();
            assert_eq!(stream.linger().unwrap(), Some(Duration::from_secs(3)));
            stream.set_linger(None).unwrap();
            assert!(stream.take_error().unwrap().is_none());
        });
    });
}

#[test]
fn peeking_consumes_nothing_and_vectored_operations_keep_their_order() {
    watched(|| {
        aside::run(async {
            let (mut near, mut far) = connected().await;
            let slices = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")];
            assert_eq!(AsyncWriteExt::write_vectored(&mut near, &slices).await.unwrap(), 5);
            assert_eq!(near.write_vectored(&slices).await.unwrap(), 5);
            let mut peeked = [0; 8];
            while far.peek(&mut peeked).await.unwrap() < 8 {}
            assert_eq!(&peeked, b"abcdeabc");
            let (mut one, mut two) = ([0; 3], [0; 7]);
            let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
            let length = AsyncReadExt::read_vectored(&mut far, &mut buffers).await.unwrap();
            assert_eq!((length, &one, &two), (10, b"abc", b"deabcde"));
        });
    });
}

#[test]
fn halves_are_used_apart_and_put_together_again() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            spawn(echo(far)).detach();
            let (read, mut write) = near.into_split();
            let sent = bytes(1, 100_000);
            let writing = spawn({
                let sent = sent.clone();
                async move {
                    write.write_all(&sent).await.unwrap();
                    write
                }
            });
            let mut read = read;
            let mut echoed = vec![0; sent.len()];
            read.read_exact(&mut echoed).await.unwrap();
            assert!(echoed == sent);
            let write = writing.await.unwrap();
            let other = connected().await.0.into_split().1;
            let (read, other) = match read.reunite(other) {
                Ok(_) => panic!("they are of two streams"),
                Err(error) => (error.0, error.1),
            };
            drop(other);
            let stream = read.reunite(write).unwrap();
            let (mut read, write) = stream.into_split();
            drop(write);
            assert_eq!(read.read(&mut [0; 8]).await.unwrap(), 0, "the echo has seen the end");
        });
    });
}

#[test]
fn a_socket_converts_to_std_and_back() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let mut near = near.into_std().unwrap();
            let late = spawn_blocking(move || {
                let mut buffer = [0; 8];
                // The socket is in blocking mode, as the sockets of std are.
                let length = near.read(&mut buffer).unwrap();
                (near, length)
            });
            sleep(Duration::from_millis(2)).await;
            far.write(b"abc").await.unwrap();
            let (near, length) = late.await.unwrap();
            assert_eq!(length, 3);
            let near = TcpStream::from_std(near).unwrap();
            let mut buffer = [0; 8];
            let mut reading = pin!(near.read(&mut buffer));
            assert!(poll_once(reading.as_mut()).await.is_none());
        });
    });
}

#[test]
fn several_tasks_share_a_stream_and_each_byte_is_read_once() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let far = Rc::new(far);
            let readers = [0; 3].map(|_| {
                let far = Rc::clone(&far);
                spawn(async move {
                    let (mut sum, mut buffer) = (0, [0; 7]);
                    loop {
                        match far.read(&mut buffer).await.unwrap() {
                            0 => return sum,
                            length => {
                                sum += buffer[..length].iter().map(|&b| u64::from(b)).sum::<u64>()
                            }
                        }
                    }
                })
            });
            let sent = bytes(5, 50_000);
            (&near).write_all(&sent).await.unwrap();
            drop(near);
            let sums = gather(readers).await;
            let sum: u64 = sums.into_iter().map(Result::unwrap).sum();
            assert_eq!(sum, sent.iter().map(|&byte| u64::from(byte)).sum::<u64>());
        });
    });
}

// P68: reads are short and the peer is slow. The memory of the writer is bounded.
#[test]
fn a_writer_waits_for_a_slow_reader() {
    watched(|| {
        aside::run(async {
            let (mut near, far) = with_std().await;
            let sent = Rc::new(bytes(3, 8 << 20));
            let mut written = 0;
            while let Ok(length) = far.try_write(&sent[written..]) {
                written += length;
                assert!(written < sent.len(), "the system keeps it all");
            }
            let writing = spawn({
                let sent = Rc::clone(&sent);
                async move {
                    (&far).write_all(&sent[written..]).await.unwrap();
                }
            });
            sleep(Duration::from_millis(5)).await;
            assert!(!writing.is_finished());
            let read = spawn_blocking(move || {
                let mut read = Vec::new();
                let mut chunk = [0; 3001];
                loop {
                    match near.read(&mut chunk).unwrap() {
                        0 => return read,
                        length => read.extend_from_slice(&chunk[..length]),
                    }
                }
            });
            writing.await.unwrap();
            assert!(read.await.unwrap() == *sent);
        });
    });
}

#[test]
fn tasks_share_a_listener_and_each_connection_is_accepted_once() {
    watched(|| {
        aside::run(async {
            let (listener, address) = listen().await;
            let listener = Rc::new(listener);
            let acceptors = [0; 3].map(|_| {
                let listener = Rc::clone(&listener);
                spawn(async move { listener.accept().await.unwrap().1 })
            });
            let mut peers = Vec::new();
            let mut streams = Vec::new();
            for _ in 0..3 {
                let stream = TcpStream::connect(address).await.unwrap();
                peers.push(stream.local_addr().unwrap());
                streams.push(stream);
            }
            let mut accepted: Vec<_> =
                gather(acceptors).await.into_iter().map(Result::unwrap).collect();
            accepted.sort_unstable();
            peers.sort_unstable();
            assert_eq!(accepted, peers);
        });
    });
}

#[test]
fn dropping_a_runtime_closes_the_connections_of_its_tasks() {
    watched(|| {
        let runtime = Runtime::new();
        let mut near = runtime.block_on(async {
            let (near, far) = with_std().await;
            spawn(echo(far)).detach();
            near
        });
        near.write_all(b"x").unwrap();
        runtime.block_on(async { while near.peek(&mut [0]).unwrap() == 0 {} });
        drop(runtime);
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"x");
    });
}

#[test]
fn an_accepted_connection_belongs_to_the_runtime_of_its_listener() {
    watched(|| {
        let runtime = Runtime::new();
        let (listener, address) = runtime.block_on(listen());
        let job = runtime.handle().spawn_blocking(move || {
            let near = net::TcpStream::connect(address).unwrap();
            // The futures in this thread are polled by an executor outside the runtime.
            thread::spawn(move || {
                let (far, _) = futures_lite::future::block_on(listener.accept()).unwrap();
                (&near).write_all(b"x").unwrap();
                let read = pin!(async { far.read(&mut [0; 8]).await });
                futures_lite::future::block_on(read).unwrap()
            })
            .join()
            .unwrap()
        });
        assert_eq!(runtime.block_on(job).unwrap(), 1);
    });
}
