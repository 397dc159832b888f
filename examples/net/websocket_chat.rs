//! A WebSocket chat server: every message of a client is sent to all clients.
//!
//! ```sh
//! cargo run --release --example websocket_chat --features signal -- --port 7007
//! python3 -m websockets ws://127.0.0.1:7007   # as often as you like
//! ```
//!
//! Without `--port` the system chooses a free port. The first line printed is `listening on
//! ADDRESS`. The server stops on ctrl-c or `SIGTERM`. It then sends every client the remaining
//! messages and a close frame, and prints how many clients and messages it has served. A second
//! ctrl-c ends the server at once.
//!
//! The memory per client is bounded: a queue of messages, each of which is stored once for all
//! clients, and the send buffer of its socket. A client whose queue is full is disconnected: the
//! other clients must not wait for it, and reconnecting is better than missing messages. A client
//! that is silent for `--silence SECONDS` (30 by default) receives a ping. If it stays silent for
//! the same time again, it is disconnected. A client has five seconds for its handshake.

#[path = "websocket_chat/client.rs"]
mod client;
#[path = "websocket_chat/room.rs"]
mod room;
#[path = "../shared/servers.rs"]
mod servers;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use aside::net::{SocketBuilder, TcpListener};
use aside::{race, spawn, timeout};
use async_channel::Sender;

use crate::room::Room;
use crate::servers::{Log, places, print_line, stop_signals, stopped};

type Done<T> = Result<T, Box<dyn Error>>;

/// The size of the send buffer of a socket.
const SEND_BUFFER: usize = 64 * 1024;
/// The time limit for the clients to answer the close frame when the server stops.
const CLOSING: Duration = Duration::from_secs(2);

struct Settings {
    port: u16,
    silence: Duration,
}

fn main() -> Done<()> {
    let settings = settings(std::env::args().skip(1))?;
    aside::run(serve(settings))?;
    Ok(())
}

fn settings(mut arguments: impl Iterator<Item = String>) -> Done<Settings> {
    let mut settings = Settings { port: 0, silence: Duration::from_secs(30) };
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--port", Some(port)) => settings.port = port.parse()?,
            ("--silence", Some(seconds)) => {
                settings.silence = Duration::try_from_secs_f64(seconds.parse()?)?;
            }
            _ => return Err("usage: websocket_chat [--port NUMBER] [--silence SECONDS]".into()),
        }
    }
    Ok(settings)
}

async fn serve(settings: Settings) -> io::Result<()> {
    let signals = stop_signals()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    // Accepted connections inherit the size.
    let socket = SocketBuilder::new().reuse_address(true).send_buffer_size(SEND_BUFFER);
    let listener = socket.listen(address)?;
    print_line(format_args!("listening on {}", listener.local_addr()?))?;
    let room = Rc::new(Room::default());
    // The task of each client holds a sender on which nothing is sent. The channel closes when the
    // last client's task has ended.
    let (client_guard, all_ended) = async_channel::bounded(1);
    let accepting = accept(&listener, &room, settings.silence, client_guard);
    race((stopped(signals), accepting)).await?;
    drop(listener);
    room.close();
    let _left_behind = timeout(CLOSING, all_ended.recv()).await;
    print_line(format_args!("{room}"))
}

/// Accepts connections until its future is dropped.
async fn accept(
    listener: &TcpListener,
    room: &Rc<Room>,
    silence: Duration,
    client_guard: Sender<Infallible>,
) -> io::Result<()> {
    let (log, places) = (Log::start()?, places());
    loop {
        let place = places.acquire_arc().await;
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let (room, client_guard) = (Rc::clone(room), client_guard.clone());
                let client = async move {
                    client::serve(&stream, &room, silence).await;
                    drop((client_guard, place));
                };
                spawn(client).detach();
            }
            // Descriptors may be exhausted. `accept` delays such errors, so this loop does not
            // spin.
            Err(error) => log.line(format_args!("a connection was not accepted: {error}")),
        }
    }
}
