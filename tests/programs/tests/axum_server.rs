//! `examples/interop/axum_server`, with curl and wrk.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use programs::{INTEROP, Program, client};

fn start() -> (Program, String) {
    let mut server = Program::start(INTEROP, "axum_server", &["--port", "0"]);
    let address = server.address();
    (server, address)
}

/// curl, configured to print only the response.
fn curl(arguments: &[&str]) -> String {
    let mut curl = client("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30"]);
    output(curl.args(arguments))
}

/// Returns the output of a client, which must succeed.
fn output(client: &mut Command) -> String {
    let output = client.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{client:?} has ended with {}: {text}", output.status);
    text
}

#[test]
fn curl_gets_the_answers_of_the_handlers_by_both_http_versions() {
    let (server, address) = start();
    let url = |path: &str| format!("http://{address}{path}");
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        assert_eq!(curl(&[version, &url("/hello/world")]), "hello, world\n");
        assert_eq!(curl(&[version, &url("/sleep/1")]), "slept for 1 ms\n");
        // The test vector of BLAKE3 for these bytes.
        let hash = curl(&[version, "--data-binary", "abc", &url("/hash")]);
        assert_eq!(hash, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85\n");
        let code = ["--output", "/dev/null", "--write-out", "%{http_code}"];
        for (path, expected) in [("/nowhere", "404"), ("/hash", "405"), ("/sleep/x", "400")] {
            assert_eq!(curl(&[&code[..], &[version, &url(path)]].concat()), expected, "{path}");
        }
    }
    assert_eq!(server.stop(), "12 requests\n");
}

#[test]
fn a_load_generator_gets_no_error() {
    let (server, address) = start();
    for path in ["/hello/world", "/sleep/5"] {
        let mut wrk = client("wrk");
        wrk.args(["--threads", "1", "--connections", "32", "--duration", "1"]);
        let report = output(wrk.arg(format!("http://{address}{path}")));
        assert!(!report.contains("Non-2xx") && !report.contains("Socket errors"), "{report}");
        assert!(report.contains(" requests in "), "{report}");
    }
    assert!(server.stop().ends_with(" requests\n"));
}

#[test]
fn sigterm_answers_the_open_request_and_refuses_others() {
    let (mut server, address) = start();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(b"GET /sleep/1500 HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    // The connection is counted once its request has arrived, which a second client finds out.
    assert_eq!(curl(&[&format!("http://{address}/hello/you")]), "hello, you\n");
    server.signal("TERM");
    while TcpStream::connect(&address).is_ok() {}
    let mut answer = String::new();
    // The server closes the connection, which it would otherwise keep open.
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("slept for 1500 ms\n"), "{answer}");
    let (last, status) = server.end();
    assert!(status.success() && last == "2 requests\n", "{status}, {last}");
}
