//! `ASIDE_RECORD` and the files of a trace. A test that sets the variable runs itself in a child
//! process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aside::Runtime;
use aside::observe::Trace;

/// Tells the child what to do.
const ROLE: &str = "ASIDE_TEST_RECORD";

/// An empty folder, which is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("aside-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// The names of the files, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

/// Runs a test of this module in a child process that records to `file`, and returns the lines that
/// the child prints about aside.
fn lines_of(test: &str, file: &Path) -> Vec<String> {
    let test = format!("variable::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, "yes")
        .env("ASIDE_RECORD", file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    text.lines().filter(|line| line.starts_with("aside: ")).map(String::from).collect()
}

fn is_child() -> bool {
    std::env::var_os(ROLE).is_some()
}

async fn greet() {
    aside::named("greeter").spawn(async {}).await.unwrap();
}

#[test]
fn each_runtime_of_a_program_is_saved_to_a_file_of_its_own() {
    if is_child() {
        aside::run(greet());
        drop(Runtime::new());
        return;
    }
    let folder = Folder::new("two-runtimes");
    let test = "each_runtime_of_a_program_is_saved_to_a_file_of_its_own";
    assert_eq!(lines_of(test, &folder.0.join("trace.svg")), [""; 0]);
    assert_eq!(folder.names(), ["trace-2.svg", "trace.svg"]);
    assert!(folder.read("trace.svg").contains("greeter"));
    assert!(!folder.read("trace-2.svg").contains("greeter"));
}

#[test]
fn the_trace_of_a_main_that_panics_is_saved() {
    if is_child() {
        let panicked = std::panic::catch_unwind(|| {
            aside::run(async {
                greet().await;
                panic!("for the test");
            })
        });
        assert!(panicked.is_err());
        return;
    }
    let folder = Folder::new("panic");
    let lines = lines_of("the_trace_of_a_main_that_panics_is_saved", &folder.0.join("trace.svg"));
    assert_eq!(lines, [""; 0]);
    assert!(folder.read("trace.svg").contains("greeter"));
}

#[test]
fn a_trace_of_the_program_itself_is_saved_too() {
    if is_child() {
        let trace = Trace::new();
        let runtime = Runtime::builder().record(&trace).build();
        runtime.block_on(greet());
        return;
    }
    let folder = Folder::new("own-trace");
    let file = folder.0.join("trace.svg");
    assert_eq!(lines_of("a_trace_of_the_program_itself_is_saved_too", &file), [""; 0]);
    assert!(folder.read("trace.svg").contains("greeter"));
}

#[test]
fn a_file_that_cannot_be_written_costs_one_line() {
    if is_child() {
        aside::run(greet());
        return;
    }
    let folder = Folder::new("unwritable");
    let test = "a_file_that_cannot_be_written_costs_one_line";
    let lines = lines_of(test, &folder.0.join("no/such/folder/trace.svg"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("aside: the trace was not saved to "), "{lines:?}");
}

#[test]
fn an_unknown_extension_is_refused_before_the_run() {
    if is_child() {
        aside::run(greet());
        return;
    }
    let folder = Folder::new("extension");
    let test = "an_unknown_extension_is_refused_before_the_run";
    let lines = lines_of(test, &folder.0.join("trace.gif"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("aside: nothing is recorded: ASIDE_RECORD: "), "{lines:?}");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_trace_is_saved_in_the_format_of_its_extension() {
    let folder = Folder::new("formats");
    let trace = Trace::new();
    let runtime = Runtime::builder().record(&trace).build();
    runtime.block_on(greet());
    for name in ["trace.svg", "trace.html", "trace.json"] {
        trace.save(folder.0.join(name)).unwrap();
        assert!(folder.read(name).contains("greeter"), "{name}");
    }
    assert_eq!(folder.read("trace.svg"), trace.to_svg());
    assert_eq!(folder.read("trace.html"), trace.to_html());
    assert_eq!(folder.read("trace.json"), trace.to_chrome_json());
    let refused = trace.save(folder.0.join("trace.txt")).unwrap_err().to_string();
    for extension in [".svg", ".html", ".json"] {
        assert!(refused.contains(extension), "{refused}");
    }
    assert_eq!(folder.names(), ["trace.html", "trace.json", "trace.svg"]);
}
