//! Starting children when descriptors run out. The test sets the limit of descriptors of its
//! process, so it starts itself again as a process of its own.

use std::fs::File;
use std::process::{Command as StdCommand, Stdio};

use aside::Runtime;
use aside::net::UnixStream;
use aside::process::Command;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::watchdog::watched;

/// The environment variable that marks the process of the test.
const MARK: &str = "ASIDE_TEST_FEW_DESCRIPTORS";
const LIMIT: u64 = 40;

#[test]
fn running_out_of_descriptors_is_an_error_of_one_request() {
    watched(|| {
        if std::env::var_os(MARK).is_some() {
            return start_with_each_number_of_descriptors();
        }
        let name = "few_descriptors::running_out_of_descriptors_is_an_error_of_one_request";
        let own = std::env::current_exe().unwrap();
        let mut command = StdCommand::new(own);
        command.args(["--exact", name, "--nocapture"]).env(MARK, "1");
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("1 passed"), "{output:?}");
    });
}

/// For each number of free descriptors, starts a child in a new runtime, which has no descriptors
/// yet, and another child in a runtime that has created its descriptors.
fn start_with_each_number_of_descriptors() {
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
    assert_no_child_is_left(&ready);
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

/// Waits until all children are reaped, even those that were killed because their pipes could not
/// be registered.
fn assert_no_child_is_left(runtime: &Runtime) {
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
