//! `examples/net/echo`, with clients in Python, in a shell, and of std.

use std::io::{Read, Write};
use std::net::TcpStream;

use programs::{ASIDE, Program, client};

/// Opens concurrent connections, each with more bytes than any kernel buffer holds. The client
/// closes its writing half before it has received the last bytes.
const PYTHON: &str = r#"
import hashlib, random, socket, sys, threading

host, port = sys.argv[1].rsplit(":", 1)
failed = []

def connection(number):
    sent = random.Random(number).randbytes(number * 1_000_000)
    with socket.create_connection((host, int(port))) as stream:
        def write():
            stream.sendall(sent)
            stream.shutdown(socket.SHUT_WR)
        writer = threading.Thread(target=write)
        writer.start()
        echoed = b"".join(iter(lambda: stream.recv(65536), b""))
        writer.join()
    if hashlib.sha256(echoed).digest() != hashlib.sha256(sent).digest():
        failed.append(number)

clients = [threading.Thread(target=connection, args=(number,)) for number in range(8)]
for client in clients:
    client.start()
for client in clients:
    client.join()
sys.exit(f"not echoed: {failed}" if failed else 0)
"#;

#[test]
fn python_receives_the_bytes_it_has_sent() {
    let mut server = Program::start(ASIDE, "echo", &["--port", "0"]);
    let address = server.address();
    let status = client("python3").args(["-c", PYTHON, &address]).status();
    assert!(status.is_ok_and(|status| status.success()));
    assert_eq!(server.stop(), "8 connections, 28000000 bytes\n");
}

#[test]
fn a_shell_receives_its_own_line() {
    let mut server = Program::start(ASIDE, "echo", &["--port", "0"]);
    let address = server.address().replace(':', "/");
    let script = format!("exec 3<>/dev/tcp/{address}; echo 'to be echoed' >&3; head -n 1 <&3");
    let shell = client("bash").args(["-c", &script]).output().expect("bash can be run");
    assert_eq!(String::from_utf8_lossy(&shell.stdout), "to be echoed\n");
    assert_eq!(server.stop(), "1 connections, 13 bytes\n");
}

// P16: stopping and continuing the process ends a sleep of the loop without an event, as any signal
// does.
#[test]
fn a_storm_of_signals_changes_no_result() {
    let mut server = Program::start(ASIDE, "echo", &["--port", "0"]);
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    let storm = "for _ in {1..500}; do kill -STOP $1; kill -CONT $1; done";
    let mut shell = client("bash");
    let mut shell = shell.args(["-c", storm, "bash", &server.id().to_string()]).spawn();
    let shell = shell.as_mut().expect("bash can be run");
    let mut bytes = 0_u64;
    let status = loop {
        let sent = bytes as u8;
        let mut echoed = [!sent];
        stream.write_all(&[sent]).expect("the connection is open");
        stream.read_exact(&mut echoed).expect("the connection is open");
        assert_eq!(echoed, [sent]);
        bytes += 1;
        if let Some(status) = shell.try_wait().expect("the shell is a child") {
            break status;
        }
    };
    assert!(status.success());
    drop(stream);
    assert_eq!(server.stop(), format!("1 connections, {bytes} bytes\n"));
}
