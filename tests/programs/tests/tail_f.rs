//! `examples/net/tail_f`, with a shell that changes a file as log files change, and coreutils'
//! `tail -F` for comparison, where it is installed.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use programs::{ASIDE, Program, build};

/// A directory, with or without a log file, and the programs that follow the file.
struct Comparison {
    ours: Program,
    theirs: Option<Program>,
    folder: Folder,
}

/// A directory that is removed when it is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Comparison {
    fn new(content: Option<&str>, arguments: &[&str]) -> Comparison {
        static COMPARISONS: AtomicUsize = AtomicUsize::new(0);
        let number = COMPARISONS.fetch_add(1, Ordering::SeqCst);
        let name = format!("aside-programs-tail-{}-{number}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        fs::create_dir(&folder.0).unwrap();
        if let Some(content) = content {
            fs::write(folder.0.join("log"), content).unwrap();
        }
        let mut ours = Command::new(build(ASIDE, "tail_f"));
        ours.args(arguments).arg("log").current_dir(&folder.0);
        Comparison { ours: Program::of(ours), theirs: None, folder }
    }

    /// Adds `tail -F`, if the `tail` of coreutils is installed.
    fn with_tail(mut self, arguments: &[&str]) -> Comparison {
        let version = Command::new("tail").arg("--version").output();
        if version.is_ok_and(|version| version.stdout.starts_with(b"tail (GNU coreutils)")) {
            let mut theirs = Command::new("tail");
            theirs.args(arguments).args(["-F", "log"]).current_dir(&self.folder.0);
            self.theirs = Some(Program::of(theirs));
        }
        self
    }

    /// Runs a shell script, after both programs have printed all earlier lines.
    fn run_shell(&mut self, script: &str) -> &mut Comparison {
        let mut shell = Command::new("sh");
        assert!(
            shell.args(["-ec", script]).current_dir(&self.folder.0).status().unwrap().success()
        );
        self
    }

    /// Waits until both programs have printed these lines.
    fn prints(&mut self, lines: &[&str]) -> &mut Comparison {
        for line in lines {
            assert_eq!(self.ours.line(), *line, "ours");
            if let Some(theirs) = &mut self.theirs {
                assert_eq!(theirs.line(), *line, "theirs");
            }
        }
        self
    }
}

#[test]
fn it_prints_what_tail_prints_through_all_changes_of_the_file() {
    let content = "one\ntwo\nthree\nfour\nfive\n";
    let mut both = Comparison::new(Some(content), &["-n", "3"]).with_tail(&["-n", "3"]);
    both.prints(&["three", "four", "five"]);
    both.run_shell("echo appended >> log").prints(&["appended"]);
    let many = "for n in 1 2 3 4 5 6 7 8 9; do echo line $n >> log; done";
    both.run_shell(many).prints(&["line 1", "line 2", "line 3", "line 4", "line 5", "line 6"]);
    both.prints(&["line 7", "line 8", "line 9"]);
    both.run_shell("echo cut off > log").prints(&["cut off"]);
    both.run_shell("truncate -s 0 log; echo again >> log").prints(&["again"]);
    both.run_shell("mv log log.1; echo new > log").prints(&["new"]);
    both.run_shell("echo more >> log").prints(&["more"]);
    both.run_shell("echo replaced > log.new; mv log.new log").prints(&["replaced"]);
    both.run_shell("rm log; echo made anew > log").prints(&["made anew"]);
    both.run_shell("printf 'in ' >> log; printf 'two ' >> log; echo parts >> log");
    both.prints(&["in two parts"]);
}

#[test]
fn a_missing_file_is_awaited() {
    let mut both = Comparison::new(None, &[]).with_tail(&[]);
    both.run_shell("touch other; echo first > log").prints(&["first"]);
}

#[test]
fn a_file_that_was_renamed_is_read_to_its_end_first() {
    let mut both = Comparison::new(Some("begun\n"), &[]);
    both.prints(&["begun"]);
    both.run_shell("mv log log.1; echo late >> log.1; echo new > log").prints(&["late", "new"]);
}

#[test]
fn it_ends_after_the_given_number_of_lines_and_by_a_signal() {
    let content: String =
        (0..100_000).map(|n| format!("a line of the log, number {n}\n")).collect();
    let last: Vec<String> = content.lines().skip(90_000).map(str::to_owned).collect();
    let mut both = Comparison::new(Some(&content), &["-n", "10000", "--lines-max", "10001"]);
    for line in last {
        assert_eq!(both.ours.line(), line);
    }
    both.run_shell("printf 'the last\\ntoo much\\n' >> log");
    let (rest, status) = both.ours.end();
    assert_eq!(rest, "the last\n");
    assert!(status.success());

    let mut both = Comparison::new(Some("text\n"), &[]);
    both.prints(&["text"]);
    both.ours.signal("TERM");
    let (rest, status) = both.ours.end();
    assert_eq!((rest.as_str(), status.signal()), ("", Some(15)));
}
