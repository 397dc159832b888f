//! The compiler's messages for faulty uses of the attributes, and the places to which they point.
//!
//! A second cargo compiles the programs, which are modules of one package. They do not need aside,
//! because the package stands for aside.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Faulty programs. The compiler reports each of them once, at the token after `/**/`, with the
/// words that follow.
const FAULTY: &[(&str, &str)] = &[
    ("#[main] pub /**/fn f() {}", "`#[aside::main]` is async: write `async fn`"),
    ("#[test] /**/fn f() {}", "`#[aside::test]` is async: write `async fn`"),
    ("#[main] pub async fn f/**/(x: u32) {}", "has no arguments"),
    ("#[test] async fn f/**/<T>() {}", "has no generic parameters"),
    ("#[main] pub /**/unsafe fn f() {}", "is not `unsafe`"),
    ("#[main] pub /**/const fn f() {}", "is not `const`"),
    ("#[main] pub async /**/unsafe fn f() {}", "is not `unsafe`"),
    ("#[main] /**/pub struct S;", "`#[aside::main]` is an attribute for an async function"),
    ("#[test] /**/const F: fn() = f;", "`#[aside::test]` is an attribute for an async function"),
    ("#[test] #/**/[test] async fn f() {}", "a second attribute that makes this a test"),
    ("#[test] #/**/[core::prelude::v1::test] async fn f() {}", "`#[aside::test]` is enough"),
    ("#[main] #/**/[main(seed = 1)] pub async fn f() {}", "makes this the main function"),
    ("#[main(/**/threads = 4)] pub async fn f() {}", "no option `threads`; its options are crate,"),
    ("#[test(/**/seedz = 4)] async fn f() {}", "seeds, slow_shutdown_notice, stack_size"),
    ("#[main(/**/seeds = 4)] pub async fn f() {}", "is an option of `#[aside::test]`"),
    ("#[test(seed = 1, /**/seed = 2)] async fn f() {}", "`seed` is set twice"),
    ("#[test(seed = 1, /**/seeds = 2)] async fn f() {}", "exclude each other"),
    ("#[main(/**/threads_max)] pub async fn f() {}", "`threads_max` needs a value"),
    ("#[main(/**/threads_max =)] pub async fn f() {}", "an option is a name, or a name, `=`"),
    ("#[main(/**/4)] pub async fn f() {}", "an option is a name, or a name, `=` and a value"),
    ("#[test(virtual_time = /**/true)] async fn f() {}", "`virtual_time` has no value"),
    ("#[main(crate = /**/1)] pub async fn f() {}", "the path of a crate"),
    ("#[main(/**/flavor = \"current_thread\")] pub async fn f() {}", "has one loop thread"),
    ("#[test(/**/start_paused = true)] async fn f() {}", "`virtual_time` is aside's name"),
    ("#[main(/**/worker_threads = 2)] pub async fn f() {}", "`threads_max` limits"),
];

/// Programs that the attributes accept, and in which the compiler reports an error of the user's
/// own code at the user's own code.
const OWN_ERRORS: &[(&str, &str)] = &[
    ("#[main(threads_max = /**/\"four\")] pub async fn f() {}", "mismatched types"),
    ("#[main] pub async fn f() -> u8 { /**/\"one\" }", "mismatched types"),
    ("#[main(thread_name = /**/unknown)] pub async fn f() {}", "cannot find value"),
    ("#[main] pub async fn f() { /**/unknown() }", "cannot find function"),
];

/// The items of aside that the programs use.
const STAND_IN: &str = "
    pub struct Runtime;
    pub fn run<F: Future>(_: F) -> F::Output { loop {} }
    impl Runtime {
        pub fn attribute_builder() -> Self { Runtime }
        pub fn seed(self, _: u64) -> Self { self }
        pub fn threads_max(self, _: usize) -> Self { self }
        pub fn thread_name(self, _: &str) -> Self { self }
        pub fn build(self) -> Self { self }
        pub fn block_on<F: Future>(&self, _: F) -> F::Output { loop {} }
    }
";

/// The messages, by file and then by line and column.
type Messages = BTreeMap<(String, usize, usize), Vec<String>>;

/// Compiles the programs, a file for each, and returns the messages of the compiler.
fn compile(package: &str, programs: &[(&str, &str)]) -> Messages {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(package);
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"{package}\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\naside-macros = {{ path = {:?} }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let mut root = format!("#![allow(unused)]\nextern crate self as aside;\n{STAND_IN}\n");
    for (number, (program, _)) in programs.iter().enumerate() {
        root.push_str(&format!("mod program_{number};\n"));
        let program = format!("use aside_macros::{{main, test}};\n{program}\n");
        fs::write(folder.join(format!("src/program_{number}.rs")), program).unwrap();
    }
    fs::write(folder.join("src/lib.rs"), root).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["check", "--offline", "--profile", "test", "--message-format", "short"]);
    cargo.current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let output = cargo.output().unwrap();
    assert!(!output.status.success(), "the programs compile");
    let text = String::from_utf8(output.stderr).unwrap();
    let mut messages = Messages::new();
    for line in text.lines() {
        let mut parts = line.splitn(4, ':');
        let (Some(file), Some(line), Some(column), Some(message)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let (Ok(line), Ok(column)) = (line.parse(), column.parse()) else { continue };
        let file = file.rsplit(['/', '\\']).next().unwrap().to_owned();
        messages.entry((file, line, column)).or_default().push(message.trim().to_owned());
    }
    messages
}

/// Fails unless each program has one message, at its mark, with its words.
fn check(package: &str, programs: &[(&str, &str)]) {
    let messages = compile(package, programs);
    let mut wrong = Vec::new();
    for (number, (program, words)) in programs.iter().enumerate() {
        let column = program.find("/**/").unwrap() + "/**/".len() + 1;
        let file = format!("program_{number}.rs");
        let own = messages.iter().filter(|((own, ..), _)| *own == file);
        let own: Vec<_> = own.collect();
        let [((_, 2, at), texts)] = &own[..] else {
            wrong.push(format!("{program}\n    {own:?}"));
            continue;
        };
        if *at != column || texts.len() != 1 || !texts[0].contains(words) {
            wrong.push(format!("{program}\n    column {at}, not {column}: {texts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_faulty_use_is_reported_once_and_at_its_place() {
    check("faulty", FAULTY);
}

#[test]
fn an_error_in_the_program_is_reported_in_the_program() {
    check("own-errors", OWN_ERRORS);
}
