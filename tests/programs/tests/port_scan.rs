//! `examples/net/port_scan`, with two HTTP servers of Python.

use std::process::Command;

use programs::{ASIDE, Program, build, client};

/// An address of this machine on which no other program listens.
const HOST: &str = "127.7.7.7";

fn scan(arguments: &[&str]) -> (String, bool) {
    let output = Command::new(build(ASIDE, "port_scan")).args(arguments).output();
    let output = output.expect("the example can be started");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
}

fn http_server() -> (Program, u16) {
    // A build may take longer than the server may run, so the example is built first.
    build(ASIDE, "port_scan");
    let mut python = client("python3");
    python.args(["-u", "-m", "http.server", "--bind", HOST, "0"]);
    let mut server = Program::of(python);
    // `Serving HTTP on 127.7.7.7 port 40123 (http://...) ...`
    let line = server.line();
    let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next());
    let port = port.and_then(|port| port.parse().ok());
    (server, port.unwrap_or_else(|| panic!("Python said {line:?}")))
}

#[test]
fn it_finds_exactly_the_servers_in_the_range() {
    let servers = [http_server(), http_server()];
    let mut ports = [servers[0].1, servers[1].1];
    ports.sort_unstable();
    let (first, last) = (ports[0].saturating_sub(50), ports[1].saturating_add(50));
    let (said, succeeded) = scan(&[HOST, &format!("{first}-{last}"), "--at-once", "100"]);
    let asked = usize::from(last - first) + 1;
    assert!(succeeded);
    assert_eq!(
        said,
        format!(
            "{} is open\n{} is open\n{HOST}: 2 open, {} closed, 0 silent\n",
            ports[0],
            ports[1],
            asked - 2
        )
    );
    // Ports outside the range are not scanned.
    let (said, _) = scan(&[HOST, &format!("{first}-{}", ports[0]), "--at-once", "1"]);
    assert_eq!(said, format!("{} is open\n{HOST}: 1 open, 50 closed, 0 silent\n", ports[0]));
}

/// Forty listeners on adjacent ports whose backlogs are full, so they do not answer.
const MUTE: &str = r#"
import itertools, socket, sys

def bound(first):
    listeners = []
    try:
        for port in range(first, first + 40):
            listeners.append(socket.create_server((sys.argv[1], port), backlog=0))
    except OSError:
        return None
    return listeners

for first in itertools.count(20_000, 40):
    listeners = bound(first)
    if listeners:
        break
waiting = []
for listener in listeners:
    for _ in range(3):
        stream = socket.socket()
        stream.setblocking(False)
        stream.connect_ex(listener.getsockname())
        waiting.append(stream)
print(first, flush=True)
sys.stdin.read()
"#;

// Twenty descriptors allow five concurrent connections, and not forty.
#[test]
fn it_makes_at_most_the_given_number_of_connections_at_once() {
    build(ASIDE, "port_scan");
    let mut python = client("python3");
    python.args(["-c", MUTE, "127.7.7.8"]);
    let mut mute = Program::of(python);
    let first: u16 = mute.line().parse().expect("Python says a port");
    let scan = |at_once: &str| {
        let mut shell = Command::new("bash");
        shell.args(["-c", "ulimit -n 20; exec \"$@\"", "bash"]).arg(build(ASIDE, "port_scan"));
        shell.args(["127.7.7.8", &format!("{first}-{}", first + 39)]);
        let output = shell.args(["--patience", "50", "--at-once", at_once]).output();
        let output = output.expect("there is a shell");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
    };
    assert_eq!(scan("5"), ("127.7.7.8: 0 open, 0 closed, 40 silent\n".to_owned(), true));
    assert_eq!(scan("40"), (String::new(), false));
    mute.end_input();
}

#[test]
fn without_arguments_it_finds_its_own_listener() {
    let (said, succeeded) = scan(&[]);
    let own = said.lines().next().and_then(|line| line.rsplit(' ').next());
    let own = own.expect("the first line ends with the port");
    assert!(succeeded && said.lines().any(|line| line == format!("{own} is open")), "{said}");
}

#[test]
fn an_unknown_host_and_an_invalid_range_are_errors() {
    let (said, succeeded) = scan(&["nobody.invalid", "1-2"]);
    assert!(!succeeded, "{said}");
    let (said, succeeded) = scan(&[HOST, "all"]);
    assert!(!succeeded, "{said}");
}
