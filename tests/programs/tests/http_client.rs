//! `examples/interop/http_client`, with servers of Python's standard library.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use programs::{INTEROP, Program, build, client};

/// Serves `/LENGTH`, with TLS if it gets a certificate, and an incomplete body at `/short`.
const PYTHON: &str = r#"
import http.server, ssl, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = sys.argv[1]
    def do_GET(self):
        path = self.path[1:]
        if path == "short":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 999)
            self.close_connection = True
        elif path.isdigit():
            self.send_response(200)
            self.send_header("Content-Length", path)
            self.end_headers()
            self.wfile.write(b"x" * int(path))
        else:
            self.send_error(404)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
"#;

/// Starts a Python server, and returns its process and its port. The server ends when the returned
/// [`Program`] is dropped.
fn python(arguments: &[&str]) -> (Program, String) {
    // A build may take longer than the server may run, so the example is built first.
    build(INTEROP, "http_client");
    let mut python = client("python3");
    python.args(["-c", PYTHON]).args(arguments).stderr(Stdio::null());
    let mut server = Program::of(python);
    let port = server.address().rsplit_once(':').unwrap().1.to_owned();
    (server, port)
}

/// Returns the output of the client, and its exit status.
fn fetch(arguments: &[&str]) -> (String, ExitStatus) {
    let mut command = Command::new(build(INTEROP, "http_client"));
    command.args(arguments);
    Program::of(command).end()
}

fn fetched(arguments: &[&str]) -> String {
    let (said, status) = fetch(arguments);
    assert!(status.success(), "{said}");
    said
}

#[track_caller]
fn assert_fails(arguments: &[&str]) {
    let (said, status) = fetch(arguments);
    assert!(!status.success() && said.is_empty(), "{said}");
}

/// Creates a self-signed certificate for `localhost`, and its key.
fn certificate(name: &str) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let mut openssl = client("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).stderr(Stdio::null());
    assert!(openssl.status().unwrap().success());
    (certificate, key)
}

#[test]
fn without_arguments_it_fetches_from_a_server_of_its_own() {
    // The server accepts one connection, so the second request uses that of the first one.
    assert_eq!(fetched(&[]), "HTTP/2.0 200 OK, 150000 bytes\n".repeat(2));
}

#[test]
fn it_fetches_from_python_by_both_http_versions() {
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let (_server, port) = python(&[version]);
        for length in ["0", "1", "10000000"] {
            let said = fetched(&[&format!("http://127.0.0.1:{port}/{length}")]);
            assert_eq!(said, format!("{version} 200 OK, {length} bytes\n"));
        }
        let both = [1, 2].map(|length| format!("http://127.0.0.1:{port}/{length}"));
        let said = fetched(&both.each_ref().map(String::as_str));
        assert_eq!(said, format!("{version} 200 OK, 1 bytes\n{version} 200 OK, 2 bytes\n"));
        let said = fetched(&[&format!("http://localhost:{port}/nowhere")]);
        assert!(said.starts_with(&format!("{version} 404 Not Found, ")), "{said}");
    }
}

#[test]
fn it_fetches_over_tls_only_from_a_trusted_server() {
    let (certificate, key) = certificate("trusted");
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let (_server, port) = python(&["HTTP/1.1", certificate, key]);
    let url = format!("https://localhost:{port}/1000000");
    assert_eq!(fetched(&["--ca", certificate, &url]), "HTTP/1.1 200 OK, 1000000 bytes\n");
    // No authority that the system trusts has signed the certificate. The second certificate is for
    // another name. The third file contains no certificate.
    assert_fails(&[&url]);
    assert_fails(&["--ca", certificate, &format!("https://127.0.0.1:{port}/1000000")]);
    assert_fails(&["--ca", key, &url]);
}

#[test]
fn errors_make_the_program_fail() {
    let (_server, port) = python(&["HTTP/1.1"]);
    assert_fails(&[&format!("http://127.0.0.1:{port}/short")]);
    // The server does not speak TLS.
    assert_fails(&[&format!("https://localhost:{port}/1")]);
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_fails(&[&format!("http://{unused}/")]);
    assert_fails(&["localhost"]);
}
