//! One client, from its handshake to its close frame.

use std::future::pending;
use std::time::Duration;

use aside::net::TcpStream;
use aside::{race, timeout, yield_now};
use async_channel::Receiver;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{WebSocketReceiver, WebSocketSender, accept_async_with_config};
use futures_lite::StreamExt;

use crate::room::{Membership, Room};

/// The maximum length of a message.
const LENGTH_MAX: usize = 16 * 1024;
/// The time limit of a handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// The time limit for the answer to a close frame.
const CLOSING: Duration = Duration::from_secs(1);

/// The reason why a client is disconnected.
enum Ending {
    /// The client has closed or reset the connection, or is silent.
    Left,
    /// The client reads more slowly than the other clients send.
    TooSlow,
    /// A message of the client is too long.
    TooLong,
    /// The room is closed, and the client has received all messages.
    Closed,
}

pub(crate) async fn serve(stream: &TcpStream, room: &Room, silence: Duration) {
    // Each message is sent at once. An error means that the client has disconnected, so the
    // handshake fails, too.
    let _gone = stream.set_nodelay(true);
    let limits = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_message_size(Some(LENGTH_MAX))
        .max_frame_size(Some(LENGTH_MAX));
    // `&TcpStream` implements the same traits as the stream.
    let handshake = accept_async_with_config(stream, Some(limits));
    let Ok(Ok(socket)) = timeout(HANDSHAKE, handshake).await else { return };
    let Some(Membership { number, queue, dismissal }) = room.enter() else { return };
    let (mut sender, mut receiver) = socket.split();
    let dismissed = async {
        match dismissal.await {
            Ok(()) => Ending::TooSlow,
            // The room is closed, so nothing is read any more. The writer ends when the queue is
            // empty.
            Err(_no_member) => pending().await,
        }
    };
    let reading = read(&mut receiver, room, number, silence);
    let ending = race((reading, write(&mut sender, &queue), dismissed)).await;
    room.leave(number);
    let closing = close(&mut sender, &mut receiver, ending);
    if timeout(CLOSING, closing).await.is_err() {
        // The client does not read, so the kernel discards the unsent bytes.
        let _gone = stream.set_linger(Some(Duration::ZERO));
    }
}

/// Passes the messages of the client to the room.
async fn read(
    receiver: &mut WebSocketReceiver<&TcpStream>,
    room: &Room,
    number: u64,
    silence: Duration,
) -> Ending {
    let mut pinged = false;
    loop {
        match timeout(silence, receiver.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => room.say(number, &text),
            // The library answers pings and close frames.
            Ok(Some(Ok(_other))) => {}
            Ok(Some(Err(Error::Capacity(_)))) => return Ending::TooLong,
            Ok(Some(Err(_)) | None) => return Ending::Left,
            Err(_elapsed) if pinged => return Ending::Left,
            Err(_elapsed) => {
                room.ping(number);
                pinged = true;
                continue;
            }
        }
        pinged = false;
        // The stream of a client that sends without pause is always ready. It must not starve the
        // other clients.
        yield_now().await;
    }
}

/// Sends the client the messages in its queue.
async fn write(sender: &mut WebSocketSender<&TcpStream>, queue: &Receiver<Message>) -> Ending {
    while let Ok(message) = queue.recv().await {
        if sender.send(message).await.is_err() {
            return Ending::Left;
        }
    }
    Ending::Closed
}

/// Sends a close frame with the reason, and waits for the client's close frame.
async fn close(
    sender: &mut WebSocketSender<&TcpStream>,
    receiver: &mut WebSocketReceiver<&TcpStream>,
    ending: Ending,
) {
    let (code, reason) = match ending {
        Ending::Left => (CloseCode::Normal, ""),
        Ending::TooSlow => (CloseCode::Policy, "too slow"),
        Ending::TooLong => (CloseCode::Size, "too long"),
        Ending::Closed => (CloseCode::Away, "the room is closed"),
    };
    if sender.close(Some(CloseFrame { code, reason: reason.into() })).await.is_ok() {
        while let Some(Ok(_late)) = receiver.next().await {}
    }
}
