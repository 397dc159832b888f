//! Clients that write and do not read, against an echo server.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use aside::net::{SocketBuilder, TcpListener, TcpStream};
use aside::observe::Counters;
use aside::{JoinHandle, Runtime, gather, sleep, spawn, timeout};

use crate::allocations::live;
use crate::assert_no_socket_is_registered;
use crate::plan::Bytes;

const SLOW: u64 = 50;
/// The memory that a connection may use: for the buffer of the copy, the task, and the two streams.
const PER_CONNECTION: usize = 24 * 1024;

pub(crate) fn slow_readers_cost_no_memory_and_delay_no_other_connection() {
    let counters = Counters::default();
    let runtime = Runtime::builder().observer(counters.clone()).build();
    runtime.block_on(async {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = small().listen(any).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = Serving::default();
        let server = spawn(serve(listener, Rc::clone(&serving)));
        round_trips(address, 10).await;

        let before = live();
        let clients = gather((0..SLOW).map(|_| small().connect(address))).await;
        let clients: Vec<TcpStream> = clients.into_iter().map(Result::unwrap).collect();
        let written = gather(clients.iter().zip(0..).map(until_stuck)).await;
        let taken = live().saturating_sub(before);
        assert!(taken < SLOW as usize * PER_CONNECTION, "{taken} bytes for {SLOW} slow readers");
        let all: usize = written.iter().sum();
        assert!(all > 2 * taken, "only {all} bytes were sent, and {taken} taken");

        // Other connections are served, and the stuck connections do not keep the loop awake.
        round_trips(address, 200).await;
        let polls = counters.polls();
        sleep(Duration::from_millis(50)).await;
        let polls = counters.polls() - polls;
        assert!(polls <= 10, "{polls} polls of those who are stuck");

        // The clients now read, and receive everything.
        let late = clients.into_iter().zip(0..).zip(written);
        gather(late.map(|((stream, seed), written)| until_echoed(stream, seed, written))).await;
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
        loop {
            let Some(serving) = serving.borrow_mut().pop() else { break };
            let _length_or_reset = serving.await.unwrap();
        }
    });
    assert_no_socket_is_registered(&runtime);
}

/// Sockets with small kernel buffers.
fn small() -> SocketBuilder {
    SocketBuilder::new().receive_buffer_size(16 * 1024).send_buffer_size(16 * 1024)
}

/// The served connections.
type Serving = Rc<RefCell<Vec<JoinHandle<io::Result<u64>>>>>;

async fn serve(listener: TcpListener, serving: Serving) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let echo = spawn(async move { futures_lite::io::copy(&stream, &stream).await });
        serving.borrow_mut().push(echo);
    }
}

/// Sends this many bytes, one at a time, and waits for each echo.
async fn round_trips(address: SocketAddr, rounds: usize) {
    let stream = TcpStream::connect(address).await.unwrap();
    for round in 0..rounds {
        let mut byte = [round as u8];
        stream.write(&byte).await.unwrap();
        byte[0] = !byte[0];
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
        assert_eq!(byte, [round as u8]);
    }
}

/// Writes until the socket accepts nothing for a while, and returns the number of bytes.
async fn until_stuck((stream, seed): (&TcpStream, u64)) -> usize {
    let mut bytes = Bytes::new(seed, usize::MAX);
    let mut buffer = vec![0; 4096];
    loop {
        let written = stream.write(bytes.peek(&mut buffer));
        match timeout(Duration::from_millis(30), written).await {
            Ok(length) => bytes.pass(length.unwrap()),
            Err(_elapsed) => return bytes.passed(),
        }
        assert!(
            bytes.passed() < 16 << 20,
            "the bytes that are not read are buffered without limit"
        );
    }
}

async fn until_echoed(stream: TcpStream, seed: u64, written: usize) {
    let mut bytes = Bytes::new(seed, written);
    let mut buffer = vec![0; 4096];
    while bytes.left() > 0 {
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "{} bytes are missing", bytes.left());
        bytes.assert_next(&buffer[..length]);
    }
}
