//! `examples/interop/per_core`, with curl, wrk, and Python's `http.client`.

use programs::{INTEROP, Program, client};

fn start(cores: &str) -> (Program, String) {
    let mut server = Program::start(INTEROP, "per_core", &["--port", "0", "--cores", cores]);
    let address = server.address();
    (server, address)
}

/// Returns the counts of each core: connections, requests, counts for other cores.
fn tallies(last: &str) -> Vec<[u64; 3]> {
    let figures = |line: &str| {
        let words = line.split([' ', ':']).filter_map(|word| word.parse().ok());
        let [_core, figures @ ..]: [u64; 4] = words.collect::<Vec<_>>().try_into().ok()?;
        Some(figures)
    };
    let tallies = last.lines().map(|line| figures(line).unwrap_or_else(|| panic!("{line}")));
    tallies.collect()
}

/// Checks that every request for a name gets a different number.
const PYTHON: &str = r#"
import collections, http.client, sys, threading

told = collections.defaultdict(list)

def connection():
    stream = http.client.HTTPConnection(sys.argv[1])
    for name in range(20):
        stream.request("GET", f"/count/{name}")
        told[name].append(int(stream.getresponse().read()))
    stream.close()

for _ in range(6):
    clients = [threading.Thread(target=connection) for _ in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
for name in range(20):
    assert sorted(told[name]) == list(range(1, 61)), told[name]
"#;

#[test]
fn counters_are_exact_on_every_core() {
    let (server, address) = start("3");
    let status = client("python3").args(["-c", PYTHON, &address]).status();
    assert!(status.is_ok_and(|status| status.success()));
    let cores = tallies(&server.stop());
    assert_eq!(cores.len(), 3);
    assert_eq!(cores.iter().map(|[connections, ..]| connections).sum::<u64>(), 60);
    assert_eq!(cores.iter().map(|[_, requests, _]| requests).sum::<u64>(), 1200);
    // The kernel distributes connections at random. In one of 10^10 runs a core gets no connection.
    assert!(cores.iter().all(|&[connections, _, others]| connections > 0 && others > 0));
}

#[test]
fn a_single_core_sends_no_requests_to_others() {
    let (server, address) = start("1");
    for (path, status) in [("/", "200"), ("/work", "200"), ("/count/x", "200"), ("/none", "404")] {
        let mut curl = client("curl");
        curl.args(["--silent", "--output", "-", "--write-out", "%{http_code}"]);
        let output = curl.arg(format!("http://{address}{path}")).output();
        let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        assert!(said.as_ref().is_ok_and(|said| said.ends_with(status)), "{path}: {said:?}");
    }
    assert_eq!(server.stop(), "core 0: 4 connections, 4 requests, 0 counts for others\n");
}

#[test]
fn a_load_generator_gets_no_error() {
    let (server, address) = start("2");
    for path in ["/", "/count/one"] {
        let mut wrk = client("wrk");
        wrk.args(["--threads", "1", "--connections", "64", "--duration", "1s"]);
        let output = wrk.arg(format!("http://{address}{path}")).output();
        let said = String::from_utf8_lossy(&output.expect("wrk can be run").stdout).into_owned();
        let is_clean = !said.contains("Socket errors") && !said.contains("Non-2xx");
        assert!(said.contains(" requests in ") && is_clean, "{said}");
    }
    let cores = tallies(&server.stop());
    assert!(cores.iter().all(|&[connections, requests, _]| connections > 0 && requests > 0));
}
