//! What happens when descriptors are lacking: in a process of its own, whose limit is set.

use std::fs::File;
use std::process::{Command as StdCommand, Stdio};

use aside::Runtime;
use aside::net::UnixStream;
use aside::process::Command;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::watchdog::watched;

/// Says that this is the process of its own.
const MARK: &str = "ASIDE_TEST_OF_LACK";
const LIMIT: u64 = 40;

#[test]
fn a_lack_of_descriptors_is_an_error_of_one_request() {
    watched(|| {
        if std::env::var_os(MARK).is_some() {
            return start_while_there_are_fewer_and_fewer();
        }
        let name = "lacking::a_lack_of_descriptors_is_an_error_of_one_request";
        let own = std::env::current_exe().unwrap();
        let mut command = StdCommand::new(own);
        command.args(["--exact", name, "--nocapture"]).env(MARK, "1");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
    });
}

/// For each number of descriptors that may be left: a runtime which has none of its own yet, and
/// one which has.
fn start_while_there_are_fewer_and_fewer() {
    let ready = Runtime::new();
    let _socket = ready.block_on(async { UnixStream::pair().unwrap() });
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(LIMIT), ..limit }).unwrap();
    let open = || File::open("/dev/null");
    let mut taken = Vec::new();
    while let Ok(file) = open() {
        taken.push(file);
    }
    let mut results = Vec::new();
    for _left in 0..20 {
        results.push((try_to_start(&Runtime::new()), try_to_start(&ready)));
        taken.pop();
    }
    let (first, last) = (results.first().unwrap(), results.last().unwrap());
    assert_eq!(*first, (Start::Refused, Start::Refused));
    assert_eq!(*last, (Start::Done, Start::Done));
    drop(taken);
    setrlimit(Resource::Nofile, limit).unwrap();
    nobody_is_left(&ready);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Refused,
    Done,
}

fn try_to_start(runtime: &Runtime) -> Start {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match runtime.block_on(async { cat.spawn()?.wait_with_output().await }) {
        Ok(output) => {
            assert!(output.status.success());
            Start::Done
        }
        Err(error) => {
            assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));
            Start::Refused
        }
    }
}

/// Those that were killed because their pipes could not be registered are buried as well.
fn nobody_is_left(runtime: &Runtime) {
    loop {
        runtime.block_on(async { Command::new("true").status().await.unwrap() });
        let children = std::fs::read_dir("/proc/self/task").unwrap().flat_map(|thread| {
            std::fs::read_to_string(thread.unwrap().path().join("children"))
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        if children.count() == 0 {
            return;
        }
    }
}
