//! `examples/echo`, and Python's sockets.

use programs::{Program, client};

/// Connections that are open at the same time, each with as many bytes as no buffer of the system
/// holds, half-closed by the client before the last of them are back.
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
fn python_gets_back_what_it_has_sent() {
    let mut server = Program::start("echo", "", &["--port", "0"]);
    let address = server.address();
    let status = client("python3").args(["-c", PYTHON, &address]).status();
    assert!(status.is_ok_and(|status| status.success()));
    assert_eq!(server.stop(), "8 connections, 28000000 bytes\n");
}
