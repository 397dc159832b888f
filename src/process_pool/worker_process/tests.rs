//! A worker that dies while another process holds its connection, with and without a pidfd.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::mpsc::channel;

use super::*;
use crate::process_pool::worker_output::{OutputLine, OutputSink};

/// A shell script in place of a worker. Its standard input is the connection.
fn script(name: &str, body: &str) -> PathBuf {
    let path = env::temp_dir().join(format!("aside-{name}-{}.sh", std::process::id()));
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn started(path: PathBuf) -> WorkerProcess {
    let program = WorkerProgram::Other(path.clone());
    let (sender, printed) = channel();
    let hook = move |_: &OutputLine<'_>| sender.send(()).unwrap();
    let output = OutputForwarder::new(OutputSink::Hook(Arc::new(hook)));
    let process = WorkerProcess::start(&program, &output, Arc::default()).unwrap();
    // The shell has opened the script when it has printed a line.
    printed.recv().unwrap();
    fs::remove_file(path).unwrap();
    process
}

// P129.
#[test]
fn a_wait_ends_with_the_worker_with_and_without_a_pidfd() {
    for descriptor in ["pidfd", "none"] {
        let body = "exec 9<&0\nsleep 1000 &\necho dies\nkill -KILL $$";
        let mut process = started(script(descriptor, body));
        if descriptor == "none" {
            process.exit = None;
        }
        let ended = process.receive(Deadline::after(None));
        assert!(matches!(ended, Err(ExchangeError::Ended)), "{descriptor}: {ended:?}");
        let unread = process.call(&frame::hello(0));
        assert!(matches!(unread, Err(ExchangeError::Unread)), "{descriptor}: {unread:?}");
    }
}

// P129.
#[test]
fn a_deadline_ends_a_wait_without_a_pidfd() {
    let mut process = started(script("waits", "echo waits\nexec sleep 1000"));
    process.exit = None;
    let deadline = Deadline::after(Some(Duration::from_millis(1)));
    assert!(matches!(process.receive(deadline), Err(ExchangeError::TimedOut)));
    process.set_state(WorkerState::Broken);
}
