//! `examples/net/websocket_chat`, with Python's `websockets`.

use std::fs;

use programs::{ASIDE, Program, client};

/// The part that the clients below share. `raw` is a client that performs the handshake and nothing
/// else.
const COMMON: &str = r#"
import asyncio, os, socket, sys
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

host, port = sys.argv[1].rsplit(":", 1)
url = f"ws://{host}:{port}/"

def raw():
    stream = socket.socket()
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    stream.connect((host, int(port)))
    head = ["GET / HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    stream.sendall("".join(line + "\r\n" for line in head + [""]).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += stream.recv(1)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer, answer
    return stream

async def expect(client, *wanted):
    for line in wanted:
        received = await client.recv()
        assert received == line, (received, line)
"#;

/// Starts Python with a script. Its argument is the server's address.
fn python(script: &str, address: &str) -> Program {
    let mut python = client("python3");
    python.args(["-c", &format!("{COMMON}\n{script}\nasyncio.run(main())\n"), address]);
    Program::of(python)
}

/// Starts a server, runs a script against it, and returns the last line of the server.
fn talk(script: &str, arguments: &[&str]) -> String {
    let mut server = Program::start(ASIDE, "websocket_chat", arguments);
    let address = server.address();
    let (_, status) = python(script, &address).end();
    assert!(status.success(), "see what Python has said above");
    server.stop()
}

#[test]
fn two_clients_chat() {
    let script = r#"
async def main():
    async with connect(url) as anna:
        await expect(anna, "* guest 1 has joined")
        async with connect(url) as bob:
            await expect(anna, "* guest 2 has joined")
            await expect(bob, "* guest 2 has joined")
            await anna.send("is anybody here?")
            await expect(bob, "guest 1: is anybody here?")
            await bob.send("schön, daß du fragst ☺")
            for client in anna, bob:
                lines = ["guest 1: is anybody here?", "guest 2: schön, daß du fragst ☺"]
                await expect(client, *(lines if client is anna else lines[1:]))
            await (await bob.ping(b"by the protocol itself"))
        assert bob.close_code == 1000, bob.close_code
        await expect(anna, "* guest 2 has left")
"#;
    assert_eq!(talk(script, &[]), "2 clients, 2 messages, 0 too slow\n");
}

#[test]
fn fifty_clients_receive_the_same_messages_in_the_same_order() {
    let script = r#"
async def main():
    clients = [await connect(url) for _ in range(50)]
    for number, client in enumerate(clients, 1):
        await expect(client, *(f"* guest {later} has joined" for later in range(number, 51)))
    async def talk(number, client):
        for line in range(10):
            await client.send(f"line {line}")
        return [await client.recv() for _ in range(500)]
    received = await asyncio.gather(*(talk(*each) for each in enumerate(clients, 1)))
    assert all(lines == received[0] for lines in received)
    for number in range(1, 51):
        own = [line for line in received[0] if line.startswith(f"guest {number}: ")]
        assert own == [f"guest {number}: line {line}" for line in range(10)], own
    await asyncio.gather(*(client.close() for client in clients))
"#;
    assert_eq!(talk(script, &[]), "50 clients, 500 messages, 0 too slow\n");
}

// Thirty million bytes are sent to a client that does not read them. The memory of the server grows
// by only a small part of that amount.
#[test]
fn a_slow_client_is_dropped_and_costs_no_memory() {
    let script = r#"
async def main():
    slow = raw()
    async with connect(url) as quick:
        await expect(quick, "* guest 2 has joined")
        received = []
        for number in range(2000):
            await quick.send("x" * 15000)
            while True:
                received.append(line := await quick.recv())
                if not line.startswith("*"):
                    break
        assert received.count("* guest 1 has left") == 1
        assert len(received) == 2001
        # What the system had of it may still come, and then the connection is gone.
        slow.settimeout(30)
        try:
            while slow.recv(65536):
                pass
        except ConnectionResetError:
            pass
    print("all said", flush=True)
    sys.stdin.read()
"#;
    let mut server = Program::start(ASIDE, "websocket_chat", &["--port", "0"]);
    let mut clients = python(script, &server.address());
    assert_eq!(clients.line(), "all said");
    let status =
        fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the server runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|size| size.trim().strip_suffix(" kB")?.parse::<u32>().ok());
    clients.end_input();
    assert_eq!(server.stop(), "2 clients, 2000 messages, 1 too slow\n");
    assert!(peak.is_some_and(|kilobytes| kilobytes < 20_000), "{peak:?} kB at the most");
}

// One client resets the connection; another disappears without a packet, which only a ping detects.
#[test]
fn a_vanished_client_leaves_the_room() {
    let script = r#"
import struct
async def main():
    async with connect(url) as witness:
        await expect(witness, "* guest 1 has joined")
        broken = raw()
        await expect(witness, "* guest 2 has joined")
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        broken.close()
        await expect(witness, "* guest 2 has left")
        dead = raw()
        # The witness answers pings, and stays.
        await expect(witness, "* guest 3 has joined", "* guest 3 has left")
        await witness.send("they are gone")
        await expect(witness, "guest 1: they are gone")
"#;
    assert_eq!(talk(script, &["--silence", "1.5"]), "3 clients, 1 messages, 0 too slow\n");
}

#[test]
fn a_client_that_sends_too_long_a_message_is_disconnected_with_the_reason() {
    let script = r#"
async def main():
    async with connect(url) as client:
        await expect(client, "* guest 1 has joined")
        await client.send("x" * 16 * 1024)
        await client.send("x" * (16 * 1024 + 1))
        try:
            while True:
                await client.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd.code == 1009, closed
"#;
    assert_eq!(talk(script, &[]), "1 clients, 1 messages, 0 too slow\n");
}

#[test]
fn when_the_server_ends_every_client_gets_the_remaining_messages_and_a_close_frame() {
    let script = r#"
async def main():
    clients = [await connect(url) for _ in range(10)]
    await clients[9].send("last words")
    while await clients[9].recv() != "guest 10: last words":
        pass
    print("ready", flush=True)
    for client in clients[:9]:
        received = []
        try:
            while True:
                received.append(await client.recv())
        except ConnectionClosed as closed:
            assert closed.rcvd.code == 1001, closed
            assert closed.rcvd.reason == "the room is closed", closed
        assert received[-1] == "guest 10: last words", received
"#;
    let mut server = Program::start(ASIDE, "websocket_chat", &["--port", "0"]);
    let mut clients = python(script, &server.address());
    assert_eq!(clients.line(), "ready");
    assert_eq!(server.stop(), "10 clients, 1 messages, 0 too slow\n");
    let (_, status) = clients.end();
    assert!(status.success());
}
