//! The C programs, as the system's C compiler builds them against the library, with its sanitizers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use programs::Program;

/// Returns the folder that contains the shared library: cargo puts it beside the tests.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("the test is a program");
    let folder = test.parent().expect("a program is in a folder").to_owned();
    assert!(folder.join("libaside_c.so").exists(), "cargo has not built the library");
    folder
}

/// Compiles a program of this folder. The sanitizers also check the memory that the program shares
/// with the library, and that nothing leaks.
fn compile(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let library = library();
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.args(["-std=gnu11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-pthread"]);
    cc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    cc.arg(format!("{}/{name}.c", env!("CARGO_MANIFEST_DIR"))).arg("-o").arg(&program);
    cc.arg("-L").arg(&library).arg("-laside_c");
    cc.arg(format!("-Wl,-rpath,{}", library.display()));
    assert!(cc.status().expect("`run` installs cc").success(), "{name}.c cannot be compiled");
    program
}

fn output(mut program: Command) -> String {
    // cargo sets this path, on which an older build of the library may be.
    program.env_remove("LD_LIBRARY_PATH");
    let mut program = Program::of(program);
    let (output, status) = program.end();
    assert!(status.success(), "{status}: {output}");
    output
}

#[test]
fn every_promise_of_the_header_holds() {
    assert_eq!(output(Command::new(compile("check"))), "every promise of aside.h holds\n");
}

#[test]
fn the_founding_program_makes_four_calls() {
    let mut program = Command::new(compile("founding"));
    program.arg("0.01");
    let output = output(program);
    let count = |text: &str| output.lines().filter(|line| line.contains(text)).count();
    assert_eq!((count("starts to block"), count("is done")), (4, 4), "{output}");
    assert!(output.ends_with("of blocking: all 4 calls overlap\n"), "{output}");
}

/// The words of a text that begin with `aside_` and end before one of these characters.
fn functions(text: &str, ends: &[char]) -> BTreeSet<String> {
    let starts = text.match_indices("aside_").map(|(start, _)| &text[start..]);
    let is_part = |character: char| character.is_ascii_lowercase() || character == '_';
    let names = starts.filter_map(|rest| {
        let end = rest.find(|character| !is_part(character))?;
        rest[end..].starts_with(ends).then(|| rest[..end].to_owned())
    });
    names.collect()
}

#[test]
fn the_header_declares_the_functions_that_the_library_exports() {
    let mut nm = Command::new("nm");
    nm.args(["--dynamic", "--defined-only"]).arg(library().join("libaside_c.so"));
    let exported = String::from_utf8(nm.output().expect("nm comes with cc").stdout);
    let exported = functions(&exported.expect("symbols are text"), &['\n']);
    assert_eq!(functions(include_str!("../aside.h"), &['(']), exported);
    assert_eq!(exported.len(), 11, "{exported:?}");
}
