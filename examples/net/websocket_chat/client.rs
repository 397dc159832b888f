//! One client, from its handshake to its farewell.

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

use crate::room::{Place, Room};

/// How long a message may be.
const LENGTH_MAX: usize = 16 * 1024;
/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a client may take for its farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a client is no longer served.
enum Ending {
    /// It said farewell, broke off, or is not heard any more.
    Left,
    /// It reads more slowly than the others talk.
    TooSlow,
    /// It said more at once than anybody may.
    TooLong,
    /// The room is closed, and it has been sent all that was said.
    Closed,
}

pub(crate) async fn serve(stream: &TcpStream, room: &Room, silence: Duration) {
    // Each message goes at once. It fails if the client is gone, which is seen anyway.
    let _gone = stream.set_nodelay(true);
    let limits = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_message_size(Some(LENGTH_MAX))
        .max_frame_size(Some(LENGTH_MAX));
    // A reference to the stream reads and writes as the stream does.
    let handshake = accept_async_with_config(stream, Some(limits));
    let Ok(Ok(socket)) = timeout(HANDSHAKE, handshake).await else { return };
    let Some(Place { number, queue, dismissal }) = room.enter() else { return };
    let (mut sender, mut receiver) = socket.split();
    let dismissed = async {
        match dismissal.await {
            Ok(()) => Ending::TooSlow,
            // The room is closed: the end of the queue says so, when all has been sent.
            Err(_no_member) => pending().await,
        }
    };
    let reading = read(&mut receiver, room, number, silence);
    let ending = race((reading, write(&mut sender, &queue), dismissed)).await;
    room.leave(number);
    let farewell = farewell(&mut sender, &mut receiver, ending);
    if timeout(FAREWELL, farewell).await.is_err() {
        // It does not read: what the system has for it is thrown away.
        let _gone = stream.set_linger(Some(Duration::ZERO));
    }
}

/// Has the room hear what the client says.
async fn read(
    receiver: &mut WebSocketReceiver<&TcpStream>,
    room: &Room,
    number: u64,
    silence: Duration,
) -> Ending {
    let mut asked = false;
    loop {
        match timeout(silence, receiver.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => room.say(number, &text),
            // Pings are answered, and a close frame too, by the protocol itself.
            Ok(Some(Ok(_other))) => {}
            Ok(Some(Err(Error::Capacity(_)))) => return Ending::TooLong,
            Ok(Some(Err(_)) | None) => return Ending::Left,
            Err(_elapsed) if asked => return Ending::Left,
            Err(_elapsed) => {
                room.ping(number);
                asked = true;
                continue;
            }
        }
        asked = false;
        // Who talks without end is always ready, and would have nobody else be heard.
        yield_now().await;
    }
}

/// Sends the client what the room has for it.
async fn write(sender: &mut WebSocketSender<&TcpStream>, queue: &Receiver<Message>) -> Ending {
    while let Ok(message) = queue.recv().await {
        if sender.send(message).await.is_err() {
            return Ending::Left;
        }
    }
    Ending::Closed
}

/// Tells the client why, and waits until it has answered.
async fn farewell(
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
