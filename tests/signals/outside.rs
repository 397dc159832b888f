//! Other processes: the signals that a child inherits, and the example `signals` under the control
//! of a shell.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use aside::signal::{Signal, Signals};

use crate::watchdog::watched;

/// Reads a set of signals, with one bit for each signal, from a process's status file.
#[cfg(target_os = "linux")]
fn mask(status: &str, field: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_inherits_no_handler_no_mask_and_no_ignored_signal() {
    watched(|| {
        aside::run(async {
            let _signals = Signals::new([Signal::QUIT, Signal::PIPE]).unwrap();
            let own = std::fs::read_to_string("/proc/self/status").unwrap();
            let bits = (1 << (Signal::QUIT.number() - 1)) | (1 << (Signal::PIPE.number() - 1));
            assert_eq!(mask(&own, "SigCgt:") & bits, bits);
            let child = Command::new("cat").arg("/proc/self/status").output().unwrap();
            let child = String::from_utf8(child.stdout).unwrap();
            assert_eq!(mask(&child, "SigCgt:"), 0);
            assert_eq!(mask(&child, "SigBlk:"), 0);
            assert_eq!(mask(&child, "SigIgn:") & bits, 0);
        });
    });
}

/// Returns the path of the example. `cargo test` builds the example. If only this test is run, this
/// function builds it. The build may take longer than a test, so it precedes the watchdog.
fn example() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap().parent().unwrap().join("examples/signals");
    if !path.exists() {
        let arguments = ["build", "--quiet", "--features", "signal", "--example", "signals"];
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let mut build = Command::new(env!("CARGO"));
        assert!(build.args(arguments).args(["--profile", profile]).status().unwrap().success());
    }
    path
}

struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

fn start(example: &Path) -> Program {
    let mut child = Command::new(example).stdout(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut program = Program { child, stdout };
    assert_eq!(program.line(), format!("listening as {}\n", program.child.id()));
    program
}

impl Program {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    fn shell(&self, script: &str) {
        let process = self.child.id().to_string();
        let status = Command::new("sh").args(["-c", script, "sh", &process]).status().unwrap();
        assert!(status.success());
    }
}

#[test]
fn the_example_prints_each_hangup_and_exits_on_ctrl_c() {
    let example = example();
    watched(move || {
        let mut program = start(&example);
        for count in 1..=3 {
            program.shell("kill -HUP $1");
            assert_eq!(program.line(), format!("SIGHUP, {count} so far\n"));
        }
        program.shell("kill -INT $1");
        assert_eq!(program.line(), "SIGINT: ends the program\n");
        assert_eq!(program.line(), "");
        let status = program.child.wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::INT.number()));
    });
}

// P16. The loop of the example runs on the main thread, which is the thread that the kernel
// interrupts.
#[test]
fn the_example_survives_a_storm() {
    let example = example();
    watched(move || {
        let mut program = start(&example);
        program.shell("i=0; while [ $i -lt 10000 ]; do kill -HUP $1; i=$((i+1)); done");
        program.shell("kill -TERM $1");
        let mut printed = String::new();
        program.stdout.read_to_string(&mut printed).unwrap();
        let lines: Vec<&str> = printed.lines().collect();
        let (last, hangups) = lines.split_last().unwrap();
        assert_eq!(*last, "SIGTERM: ends the program");
        assert!((1..=10_000).contains(&hangups.len()));
        for (index, line) in hangups.iter().enumerate() {
            assert_eq!(*line, format!("SIGHUP, {} so far", index + 1));
        }
        assert_eq!(program.child.wait().unwrap().signal(), Some(Signal::TERM.number()));
    });
}
