//! `examples/interop/http_server`, with curl and wrk.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use programs::{INTEROP, Program, client};

/// curl's options for the two versions of HTTP.
const VERSIONS: [&str; 2] = ["--http1.1", "--http2-prior-knowledge"];

fn start() -> (Program, String) {
    let mut server = Program::start(INTEROP, "http_server", &["--port", "0"]);
    let address = server.address();
    (server, address)
}

/// curl, configured to fail at a status of 400 and above, and to print only the response.
fn curl() -> Command {
    let mut curl = client("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "30", "--no-buffer"]);
    curl
}

/// Returns the output of a client, which must succeed.
fn output(client: &mut Command) -> String {
    let output = client.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{client:?} has ended with {}: {text}", output.status);
    text
}

#[test]
fn curl_gets_pages_by_both_http_versions() {
    let (server, address) = start();
    for (version, name) in VERSIONS.into_iter().zip(["1.1", "2"]) {
        let url = |path: &str| format!("http://{address}{path}");
        let version_of = ["--write-out", "%{http_version}"];
        let text = output(curl().arg(version).args(version_of).arg(url("/")));
        assert_eq!(text, format!("hello\n{name}"));
        let text = output(curl().arg(version).arg(url("/sleep/1")));
        assert_eq!(text, "slept for 1 ms\n");
        let head = output(curl().args([version, "--head"]).arg(url("/")));
        assert!(head.to_lowercase().contains("content-length: 6"), "{head}");
        let status = ["--output", "/dev/null", "--write-out", "%{http_code}"];
        let wrong =
            [("/nowhere", "GET", "404"), ("/", "DELETE", "405"), ("/sleep/x", "GET", "400")];
        for (path, method, code) in wrong {
            let mut curl = client("curl");
            let asked = curl.args(["--silent", version, "--request", method]).args(status);
            assert_eq!(output(asked.arg(url(path))), code, "{method} {path}");
        }
    }
    assert_eq!(server.stop(), "12 requests on 12 connections\n");
}

// This test uses HTTP/1.1 only: curl 7.88, Debian's version, has a bug with HTTP/2 (curl#10634).
#[test]
fn one_connection_serves_several_pages() {
    let (server, address) = start();
    let urls = ["/", "/sleep/2", "/", "/notes"].map(|path| format!("http://{address}{path}"));
    assert_eq!(output(curl().args(urls)), "hello\nslept for 2 ms\nhello\n");
    assert_eq!(server.stop(), "4 requests on 1 connections\n");
}

#[test]
fn a_posted_body_is_returned() {
    let (server, address) = start();
    // These bytes are more than any window or buffer holds, and do not repeat.
    let sent: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    for version in VERSIONS {
        let url = format!("http://{address}/echo");
        let mut curl = curl();
        let curl = curl.args([version, "--data-binary", "@-", &url]);
        let mut curl = curl.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        curl.stdin.take().unwrap().write_all(&sent).unwrap();
        let mut echoed = Vec::new();
        curl.stdout.take().unwrap().read_to_end(&mut echoed).unwrap();
        assert!(curl.wait().unwrap().success());
        assert!(echoed == sent, "{} bytes came back", echoed.len());
    }
    assert_eq!(server.stop(), "2 requests on 2 connections\n");
}

#[test]
fn notes_are_stored_in_the_database() {
    let (server, address) = start();
    let url = format!("http://{address}/notes");
    for (number, note) in ["buy milk", "'); DROP TABLE notes; --"].into_iter().enumerate() {
        let mut curl = curl();
        let added = curl.args(["--data-binary", note, &url]);
        assert_eq!(output(added), format!("note {}\n", number + 1));
    }
    assert_eq!(output(curl().arg(&url)), "'); DROP TABLE notes; --\nbuy milk\n");
    let mut curl = client("curl");
    let long = curl.args(["--silent", "--data-binary", "@-", "--write-out", "%{http_code}", &url]);
    let mut long = long.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    long.stdin.take().unwrap().write_all(&vec![b'x'; 20_000]).unwrap();
    let mut answer = String::new();
    long.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    long.wait().unwrap();
    assert!(answer.ends_with("413"), "{answer}");
    assert_eq!(server.stop(), "4 requests on 4 connections\n");
}

/// Requests a page for a second, and returns the number of answers.
fn load(address: &str, path: &str) -> u64 {
    let mut wrk = client("wrk");
    wrk.args(["--threads", "1", "--connections", "32", "--duration", "1"]);
    let report = output(wrk.arg(format!("http://{address}{path}")));
    assert!(!report.contains("Non-2xx") && !report.contains("Socket errors"), "{report}");
    let line = report.lines().find(|line| line.contains(" requests in ")).expect("wrk counts them");
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_load_generator_gets_no_error_from_any_page() {
    let (server, address) = start();
    assert!(load(&address, "/") > 0);
    // There are more concurrent queries than threads.
    assert!(load(&address, "/notes") > 0);
    assert!(load(&address, "/sleep/5") > 0);
    assert!(server.stop().ends_with("connections\n"));
}

#[test]
fn on_ctrl_c_an_open_request_is_finished() {
    for version in VERSIONS {
        let (mut server, address) = start();
        let mut curl = curl();
        let curl = curl.args([version, "--include", &format!("http://{address}/sleep/1500")]);
        let mut curl = curl.stdout(Stdio::piped()).spawn().unwrap();
        let mut answer = BufReader::new(curl.stdout.take().unwrap());
        let mut status = String::new();
        answer.read_line(&mut status).unwrap();
        assert!(status.trim_end().ends_with(" 200") || status.contains(" 200 OK"), "{status}");

        server.signal("INT");
        while TcpStream::connect(&address).is_ok() {}
        let mut rest = String::new();
        answer.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("\nslept for 1500 ms\n"), "{rest}");
        assert!(curl.wait().unwrap().success());
        let (last, status) = server.end();
        assert!(last.starts_with("1 requests on "), "{last}");
        assert!(status.success());
    }
}

#[test]
fn a_second_ctrl_c_ends_the_server_at_once() {
    let (mut server, address) = start();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").unwrap();
    // The request is open when the head of the response has arrived.
    stream.read_exact(&mut [0; 4]).unwrap();
    server.signal("INT");
    while TcpStream::connect(&address).is_ok() {}
    server.signal("INT");
    let (last, status) = server.end();
    assert_eq!(last, "");
    assert!(!status.success());
}
