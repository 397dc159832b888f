//! The tests of the module, which are in Python, and the Python programs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use programs::Program;

/// Returns a folder that contains the module under the name by which Python imports it.
fn modules() -> &'static Path {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES.get_or_init(|| {
        let test = std::env::current_exe().expect("the test is a program");
        let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules");
        std::fs::create_dir_all(&modules).expect("the folder can be made");
        let module = modules.join("_aside.abi3.so");
        // Not overwritten in place: another run may have loaded it.
        let copy = modules.join(format!("copy-{}", std::process::id()));
        std::fs::copy(test.with_file_name("libaside_python.so"), &copy)
            .expect("cargo has built the library beside the tests");
        std::fs::rename(&copy, module).expect("the copy exists");
        modules
    })
}

/// Runs a program of this folder, and returns its output.
fn output(program: &str, arguments: &[&str]) -> String {
    let mut python = Command::new("python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(program)).args(arguments);
    python.env("PYTHONPATH", modules()).env("PYTHONDONTWRITEBYTECODE", "1");
    python.env("RUST_BACKTRACE", "0");
    let mut program = Program::of(python);
    let (output, status) = program.end();
    assert!(status.success(), "{status}: {output}");
    output
}

#[test]
fn the_tests_in_python_pass() {
    output("test_aside.py", &[]);
}

#[test]
fn the_comparison_finds_the_same_results_on_both_executors() {
    let output = output("compare.py", &["--rounds", "1", "--calls", "200"]);
    assert_eq!(output.matches(", ratio ").count(), 3, "{output}");
}
