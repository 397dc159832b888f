//! Each example is listed in a manifest, because cargo does not find the examples in subfolders.

use crate::sources::{file, files};
use crate::tidy::assert_none;

#[test]
fn every_example_is_listed_in_its_manifest() {
    let mut missing = Vec::new();
    let mut listed = 0;
    for source in files(".rs") {
        let Some(path) = source.path.strip_prefix("examples/") else { continue };
        // A shared module, or a part of a larger example, has no `main`.
        if !source.is_program() {
            continue;
        }
        let (manifest, path) = match path.split_once('/') {
            // A package with one program, which cargo finds by itself.
            Some(("cluster", "src/main.rs")) => continue,
            Some(("interop", path)) => ("examples/interop/Cargo.toml".to_owned(), path),
            Some(("hosts", path)) => {
                let (host, path) = path.split_once('/').expect("each host has a folder");
                (format!("examples/hosts/{host}/Cargo.toml"), path)
            }
            _ => ("Cargo.toml".to_owned(), source.path.as_str()),
        };
        let text = file(&manifest).expect("the manifest exists");
        match text.contains(&format!("path = \"{path}\"")) {
            true => listed += 1,
            false => missing.push(source.path.clone()),
        }
    }
    assert!(listed > 20, "found only {listed} examples");
    assert_none(missing, "an example is listed in no manifest");
}

#[test]
fn the_first_command_of_the_readme_compiles_no_c() {
    let manifest = file("Cargo.toml").expect("the manifest exists");
    let compile_c = ["rusqlite", "futures-rustls", "rcgen", "ring", "cc"];
    let named = compile_c.iter().filter(|name| manifest.contains(&format!("\n{name} = ")));
    let found = named.map(|name| format!("{name} belongs in examples/interop")).collect();
    assert_none(found, "the root package compiles C");
}
