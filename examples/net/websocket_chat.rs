//! A chat by WebSocket: what one client says, all clients hear, until a line comes on stdin.
//!
//! ```sh
//! cargo run --release --example websocket_chat -- --port 7007
//! python3 -m websockets ws://127.0.0.1:7007   # as often as you like
//! ```
//!
//! `--port 0`, or none, is any free one; the first line of the output says which. When a line, or
//! the end, comes on stdin, every client is sent what was said before, and a close frame.
//!
//! A client's memory has a bound: so many messages wait for it, each of which is held once for all
//! clients, and the system keeps so many bytes of its socket. A client for whom there is no more
//! room is dropped, because nobody shall wait for it, and a talk with holes is worse than coming
//! again. A client that has been silent for `--silence SECONDS` (30) is sent a ping, and is dropped
//! after as much silence again.

#[path = "websocket_chat/client.rs"]
mod client;
#[path = "websocket_chat/room.rs"]
mod room;

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use aside::net::{SocketBuilder, TcpListener};
use aside::{Runtime, race, spawn, spawn_blocking, timeout};
use async_channel::Sender;

use crate::room::Room;

type Done<T> = Result<T, Box<dyn Error>>;

/// How much the system keeps that is to go to a client.
const SEND_BUFFER: usize = 64 * 1024;
/// How long the clients have at the end to say farewell.
const FAREWELL: Duration = Duration::from_secs(2);

struct Settings {
    port: u16,
    silence: Duration,
}

fn main() -> Done<()> {
    let settings = settings(std::env::args().skip(1))?;
    let runtime = Runtime::new();
    runtime.block_on(serve(settings))?;
    // A thread may still wait for stdin; nothing is lost with it.
    let _report = runtime.shutdown(aside::blocking::Shutdown::Leave);
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
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    // Connections inherit the size.
    let socket = SocketBuilder::new().reuse_address().send_buffer_size(SEND_BUFFER);
    let listener = socket.listen(address)?;
    say(format_args!("listening on {}", listener.local_addr()?))?;
    let room = Rc::new(Room::default());
    let stop = spawn_blocking(|| io::stdin().lock().read_line(&mut String::new()));
    // Each client has a sender, on which nothing is ever sent: when all have gone, so have they.
    let (present, all_gone) = async_channel::bounded(1);
    let accepting = accept(&listener, &room, settings.silence, present);
    race((async { stop.await.map(drop).map_err(io::Error::other) }, accepting)).await?;
    drop(listener);
    room.close();
    let _left_behind = timeout(FAREWELL, all_gone.recv()).await;
    say(format_args!("{room}"))
}

/// Accepts as long as it is polled.
async fn accept(
    listener: &TcpListener,
    room: &Rc<Room>,
    silence: Duration,
    present: Sender<Infallible>,
) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let (room, present) = (Rc::clone(room), present.clone());
                let client = async move {
                    client::serve(&stream, &room, silence).await;
                    drop(present);
                };
                spawn(client).detach();
            }
            // No descriptors, say. It comes late, so this does not spin.
            Err(error) => eprintln!("a connection was not accepted: {error}"),
        }
    }
}

/// A line that is out when this returns, also into a pipe.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
