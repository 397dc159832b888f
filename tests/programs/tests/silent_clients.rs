//! The servers, with clients that do nothing, with too few descriptors, and ended by `SIGTERM`
//! (P132).
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use programs::{ASIDE, INTEROP, Program, build};

/// A patience that is long enough for every client that does its part.
const PATIENT: &[&str] = &["--patience", "3600"];
/// A patience that ends soon.
const IMPATIENT: &[&str] = &["--patience", "0.2"];

fn http_server(arguments: &[&str]) -> (Program, String) {
    let mut server = Program::start(INTEROP, "http_server", arguments);
    let address = server.address();
    (server, address)
}

/// Waits until the server closes the connection, and returns what it has sent before.
fn answer_until_the_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends these bytes, and keeps the connection open.
fn send(address: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// P132. If the server kept one of these connections, the test would wait for ever.
#[test]
fn http_server_disconnects_clients_that_do_not_finish_a_request() {
    let (server, address) = http_server(IMPATIENT);
    let beginnings: [&[u8]; 5] =
        [b"", b"GET / HT", &PREFACE[..12], PREFACE, b"GET / HTTP/1.1\r\nhost: x\r\nx-half: "];
    for beginning in beginnings {
        let answer = answer_until_the_end(send(&address, beginning));
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    // A client whose first request was answered is silent afterwards.
    let idle = answer_until_the_end(send(&address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert!(idle.ends_with("hello\n"), "{idle}");
    assert_eq!(server.stop(), "1 requests on 6 connections\n");
}

// P132.
#[test]
fn http_server_disconnects_clients_whose_body_stalls() {
    let (server, address) = http_server(IMPATIENT);
    let post = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nthe first bytes")
    };
    let answer = answer_until_the_end(send(&address, post("/notes").as_bytes()));
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let answer = answer_until_the_end(send(&address, post("/echo").as_bytes()));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("the first bytes"), "{answer}");
    let answer = answer_until_the_end(send(&address, post("/nowhere").as_bytes()));
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert_eq!(server.stop(), "3 requests on 3 connections\n");
}

// P132. The client sends a body without end, and does not read its echo.
#[test]
fn http_server_disconnects_clients_that_do_not_read() {
    let (server, address) = http_server(IMPATIENT);
    let head = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000000\r\n\r\n";
    let mut stream = send(&address, head);
    while stream.write_all(&[7; 64 * 1024]).is_ok() {}
    assert_eq!(server.stop(), "1 requests on 1 connections\n");
}

// P132. The server's own delay is no silence of the client.
#[test]
fn http_server_keeps_clients_that_wait_for_it() {
    let (server, address) = http_server(IMPATIENT);
    let request = b"GET /sleep/1500 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = answer_until_the_end(send(&address, request));
    assert!(answer.contains("slept for 1500 ms\n"), "{answer}");
    server.stop();
}

/// Starts a server that may have this number of descriptors.
fn with_few_descriptors(package: &str, example: &str, arguments: &[&str]) -> (Program, String) {
    let mut bash = Command::new("bash");
    bash.args(["-c", "ulimit -n 64; exec \"$@\"", "bash"]);
    bash.arg(build(package, example)).args(arguments);
    let mut server = Program::of(bash);
    let address = server.address();
    (server, address)
}

// P132. The silent clients take all places, and lose them.
#[test]
fn more_silent_clients_than_descriptors_stop_no_server() {
    let get = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".as_slice();
    let servers = [
        (INTEROP, "http_server", get, "hello"),
        (INTEROP, "per_core", get, "hello"),
        (ASIDE, "echo", b"hello", "hello"),
    ];
    for (package, example, request, answer) in servers {
        let (server, address) = with_few_descriptors(package, example, IMPATIENT);
        let silent: Vec<_> = (0..100).map(|_| send(&address, b"")).collect();
        let stream = send(&address, request);
        let said = answer_until_the_end(stream);
        assert!(said.contains(answer), "{example}: {said}");
        drop(silent);
        server.stop();
    }
}

// P132. A silent client has the five seconds of the handshake.
#[test]
fn more_silent_clients_than_descriptors_do_not_stop_the_chat() {
    let (server, address) = with_few_descriptors(ASIDE, "websocket_chat", &["--silence", "0.2"]);
    let silent: Vec<_> = (0..100).map(|_| send(&address, b"")).collect();
    let handshake = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let said = answer_until_the_end(send(&address, handshake));
    assert!(said.starts_with("HTTP/1.1 101 "), "{said}");
    drop(silent);
    assert!(server.stop().starts_with("1 clients, "));
}

/// All servers.
const SERVERS: [(&str, &str); 6] = [
    (INTEROP, "axum_server"),
    (INTEROP, "http_server"),
    (INTEROP, "per_core"),
    (INTEROP, "prometheus"),
    (ASIDE, "echo"),
    (ASIDE, "websocket_chat"),
];

// P132. The stdin of a background job, a container or a service is often empty. A server that ends
// with its stdin refuses one of the connections, or cannot be stopped.
#[test]
fn an_empty_stdin_ends_no_server() {
    for (package, example) in SERVERS {
        let mut bash = Command::new("bash");
        bash.args(["-c", "exec \"$@\" </dev/null", "bash"]).arg(build(package, example));
        let mut server = Program::of(bash);
        let address = server.address();
        for _ in 0..1000 {
            drop(TcpStream::connect(&address).unwrap());
        }
        server.stop();
    }
}

// P132.
#[test]
fn sigterm_ends_every_server_in_order() {
    for (package, example) in SERVERS {
        let mut server = Program::start(package, example, &["--port", "0"]);
        server.address();
        server.signal("TERM");
        let (last, status) = server.end();
        assert!(status.success() && last.ends_with('\n'), "{example}: {status}, {last}");
    }
}

// P132, P105.
#[test]
fn sigterm_answers_the_open_request_and_a_second_one_does_not_wait() {
    let (mut server, address) = http_server(PATIENT);
    let mut stream =
        send(&address, b"GET /sleep/1500 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.read_exact(&mut [0; 4]).unwrap();
    server.signal("TERM");
    let answer = answer_until_the_end(stream);
    assert!(answer.contains("slept for 1500 ms\n"), "{answer}");
    let (last, status) = server.end();
    assert!(status.success() && last == "1 requests on 1 connections\n", "{status}, {last}");

    let (mut server, address) = http_server(PATIENT);
    let mut stream = send(&address, b"GET /sleep/3600000 HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.read_exact(&mut [0; 4]).unwrap();
    server.signal("TERM");
    while TcpStream::connect(&address).is_ok() {}
    server.signal("TERM");
    assert_eq!(server.end().1.signal(), Some(15));
}

// P132. The folder for temporary files belongs to all users.
#[test]
fn the_database_is_in_a_private_folder_that_is_removed() {
    let shared = std::env::temp_dir().join(format!("aside-programs-{}", std::process::id()));
    fs::create_dir(&shared).unwrap();
    let mut command = Command::new(build(INTEROP, "http_server"));
    command.env("TMPDIR", &shared);
    let mut server = Program::of(command);
    server.address();
    // The name in use before this was predictable. A link there is neither followed nor removed.
    let link = shared.join(format!("aside-http-server-{}.sqlite", server.id()));
    symlink(shared.join("victim"), &link).unwrap();
    let names = || fs::read_dir(&shared).unwrap().map(|entry| entry.unwrap().path());
    let folder = names().find(|path| path.is_dir()).unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!folder.ends_with(server.id().to_string()));
    server.stop();
    assert!(names().eq([link]));
    fs::remove_dir_all(&shared).unwrap();
}

// P132. A line in the log for each reset would let clients fill it.
#[test]
fn echo_counts_the_connections_that_are_reset() {
    let mut server = Program::start(ASIDE, "echo", PATIENT);
    let address = server.address();
    for _ in 0..20 {
        let mut stream = send(&address, &[7; 1000]);
        // Bytes that are not read when the socket is closed make it a reset.
        stream.read_exact(&mut [0]).unwrap();
    }
    let stream = TcpStream::connect(&address).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(answer_until_the_end(stream), "");
    assert_eq!(server.stop(), "21 connections, 20000 bytes, 20 failed\n");
}
