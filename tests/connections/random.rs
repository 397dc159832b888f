//! Connections with random plans. Most of them have two ends of aside, some have a client of std.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use aside::net::{SocketBuilder, TcpListener, TcpStream};
use aside::{JoinHandle, Runtime, gather, spawn, spawn_blocking};
use futures_lite::AsyncReadExt;
use futures_lite::future::zip;

use crate::plan::{Bytes, End, Plan};
use crate::{assert_no_socket_is_registered, descriptors};

const CONNECTIONS: u64 = 10_000;
/// The number of connections with clients of std, which run on `THREADS` threads.
const BY_STD: u64 = 2_000;
const THREADS: u64 = 4;
const AT_A_TIME: usize = 200;

/// P67: no registration is left.
pub(crate) fn ten_thousand_connections_come_and_go_at_random() {
    let before = descriptors();
    let runtime = Runtime::new();
    let (wholes, expected) = runtime.block_on(connections());
    assert_eq!(wholes, expected, "connections that ended whole, as the server saw them");
    assert_no_socket_is_registered(&runtime);
    drop(runtime);
    assert_eq!(descriptors(), before, "descriptors are left");
}

/// Runs all plans. Returns the number of connections that have completed at the server, and the
/// expected number.
async fn connections() -> (usize, usize) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    // The buffers are small, so that connections with larger plans have to wait.
    let builder = SocketBuilder::new().reuse_address(true);
    let listener = builder.receive_buffer_size(16 * 1024).listen(any).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::default();
    let accepting = spawn(server.clone().accept(listener));
    let strangers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let seeds = (0..BY_STD).filter(move |seed| seed % THREADS == thread);
            spawn_blocking(move || seeds.for_each(|seed| by_std(address, Plan::of(seed))))
        })
        .collect();
    let ours = (BY_STD..CONNECTIONS).map(|seed| client(address, Plan::of(seed)));
    gather(ours).limit(AT_A_TIME).await;
    for stranger in strangers {
        stranger.await.unwrap();
    }
    accepting.abort();
    assert!(accepting.await.unwrap_err().is_cancelled());
    // Waits until all accepted connections have ended.
    loop {
        let Some(serving) = server.serving.borrow_mut().pop() else { break };
        serving.await.unwrap();
    }
    let is_whole = |seed: &u64| Plan::of(*seed).end == End::Whole;
    (server.wholes.get(), (0..CONNECTIONS).filter(is_whole).count())
}

#[derive(Clone, Default)]
struct Server {
    serving: Rc<RefCell<Vec<JoinHandle<()>>>>,
    wholes: Rc<Cell<usize>>,
}

impl Server {
    async fn accept(self, listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let serving = spawn(serve(stream, Rc::clone(&self.wholes)));
            self.serving.borrow_mut().push(serving);
        }
    }
}

/// Serves a connection. The client sends the seed of the plan first.
async fn serve(mut stream: TcpStream, wholes: Rc<Cell<usize>>) {
    let mut seed = [0; 8];
    let Ok(()) = stream.read_exact(&mut seed).await else { return };
    let plan = Plan::of(u64::from_le_bytes(seed));
    let (mut up, mut down) = (plan.upward(), plan.downward());
    let talk = talk(&stream, plan.chunk, &mut down, &mut up, plan.server_leaves_after());
    match plan.end {
        End::ServerVanishes(polls) => vanishes_after(polls, talk).await,
        End::Whole => {
            talk.await.unwrap_or_else(|error| panic!("{plan:?}: {error}"));
            assert_eq!((up.left(), down.left()), (0, 0), "{plan:?}");
            wholes.set(wholes.get() + 1);
        }
        End::ServerResets(_) => {
            let _the_client_may_have_gone = talk.await;
            stream.set_linger(Some(Duration::ZERO)).unwrap();
        }
        End::ClientResets(_) | End::ClientShutsDown(_) | End::ClientVanishes(_) => {
            let _the_client_has_gone = talk.await;
        }
    }
}

async fn client(address: SocketAddr, plan: Plan) {
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        let mut seed = &plan.seed.to_le_bytes()[..];
        while !seed.is_empty() {
            seed = &seed[stream.write(seed).await?..];
        }
        Ok::<_, io::Error>(stream)
    };
    let (mut up, mut down) = (plan.upward(), plan.downward());
    if let End::ClientVanishes(polls) = plan.end {
        let all = async {
            let stream = connecting.await?;
            talk(&stream, plan.chunk, &mut up, &mut down, None).await
        };
        return vanishes_after(polls, all).await;
    }
    let stream = connecting.await.unwrap();
    let talked = talk(&stream, plan.chunk, &mut up, &mut down, plan.client_leaves_after()).await;
    match plan.end {
        End::Whole => {
            talked.unwrap_or_else(|error| panic!("{plan:?}: {error}"));
            assert_eq!((up.left(), down.left()), (0, 0), "{plan:?}");
        }
        End::ClientResets(_) => stream.set_linger(Some(Duration::ZERO)).unwrap(),
        End::ClientShutsDown(_) => {
            let _may_be_over = stream.shutdown(Shutdown::Both);
        }
        End::ServerResets(_) | End::ClientVanishes(_) | End::ServerVanishes(_) => {}
    }
}

/// Polls a future until it completes, but at most this many times, and then drops it.
async fn vanishes_after(polls: usize, talk: impl Future<Output = io::Result<()>>) {
    let (mut talk, mut left) = (pin!(talk), polls);
    poll_fn(|cx| {
        left -= 1;
        let polled = talk.as_mut().poll(cx);
        if left == 0 || polled.is_ready() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Sends and receives at the same time, until both directions are complete or one end leaves.
async fn talk(
    stream: &TcpStream,
    chunk: usize,
    sent: &mut Bytes,
    received: &mut Bytes,
    leave_after: Option<usize>,
) -> io::Result<()> {
    let sending = send(stream, chunk, sent);
    let receiving = receive(stream, chunk, received, leave_after);
    if leave_after.is_some() {
        // An end that leaves does not send the rest.
        return futures_lite::future::or(receiving, async {
            let sent = sending.await;
            std::future::pending::<()>().await;
            sent
        })
        .await;
    }
    let (sent, received) = zip(sending, receiving).await;
    sent.and(received)
}

async fn send(stream: &TcpStream, chunk: usize, bytes: &mut Bytes) -> io::Result<()> {
    let mut buffer = vec![0; chunk];
    while bytes.left() > 0 {
        let length = stream.write(bytes.peek(&mut buffer)).await?;
        bytes.pass(length);
    }
    stream.shutdown(Shutdown::Write)
}

async fn receive(
    stream: &TcpStream,
    chunk: usize,
    bytes: &mut Bytes,
    leave_after: Option<usize>,
) -> io::Result<()> {
    let mut buffer = vec![0; chunk];
    while leave_after.is_none_or(|enough| bytes.passed() < enough) {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            break;
        }
        bytes.assert_next(&buffer[..length]);
    }
    Ok(())
}

/// Runs a client with blocking calls. This client cannot vanish, so it resets the connection if its
/// plan is to vanish.
fn by_std(address: SocketAddr, plan: Plan) {
    let mut stream = net::TcpStream::connect(address).unwrap();
    stream.write_all(&plan.seed.to_le_bytes()).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let writing = thread::spawn(move || {
        let (mut up, mut buffer) = (plan.upward(), vec![0; plan.chunk]);
        while up.left() > 0 {
            let Ok(length) = writer.write(up.peek(&mut buffer)) else { break };
            up.pass(length);
        }
        let _may_be_over = writer.shutdown(Shutdown::Write);
        up.left()
    });
    let (mut down, mut buffer) = (plan.downward(), vec![0; plan.chunk]);
    let enough = plan.client_leaves_after();
    while enough.is_none_or(|enough| down.passed() < enough) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => down.assert_next(&buffer[..length]),
        }
    }
    if plan.end != End::Whole {
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        let _may_be_over = stream.shutdown(Shutdown::Both);
    }
    let unsent = writing.join().unwrap();
    if plan.end == End::Whole {
        assert_eq!((unsent, down.left()), (0, 0), "{plan:?}");
    }
}
