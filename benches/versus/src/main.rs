//! The program of `cargo run --release -p versus`; see `benches/README.md`.

use std::error::Error;
use std::process::Command;

use versus::arguments::{Arguments, USAGE};
use versus::peers::Peer;
use versus::row::{Program, Row};
use versus::{cell, load, rounds, rows, table};

fn main() -> Result<(), Box<dyn Error>> {
    aside::process_pool::init(&[&rows::process::SAME]);
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some(cell::ARGUMENT) => Ok(cell::main(&words[1..], || 0)?),
        Some(rows::process::ECHO_ARGUMENT) => Ok(rows::process::echo()?),
        Some(load::ARGUMENT) => Ok(load::main(&words[1..])?),
        Some("--help") => {
            print!("{USAGE}");
            Ok(())
        }
        _ => measure(&Arguments::parse(words).map_err(|error| format!("{error}\n\n{USAGE}"))?),
    }
}

fn measure(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.rows == ["list"] {
        rows::all().iter().for_each(|row| println!("{:16} {}", row.key, row.name));
        return Ok(());
    }
    let rows: Vec<Row> = rows::all().into_iter().filter(|row| arguments.wants(row)).collect();
    if rows.is_empty() {
        return Err("no such row; `--rows list` prints them".into());
    }
    if rows.iter().any(|row| row.program == Program::Bytes) {
        build_bytes()?;
    }
    let measured = rounds::measure(rows, arguments)?;
    print!("{}", table::markdown(&measured));
    if let Some(file) = &arguments.json {
        std::fs::write(file, table::json(&measured))?;
    }
    if arguments.peers.contains(&Peer::Aside) && measured.iter().any(|row| row.ours().is_none()) {
        return Err("a row has no figure of ours".into());
    }
    Ok(())
}

/// Builds the program with the counting allocator, because `cargo run` builds only this program.
fn build_bytes() -> Result<(), Box<dyn Error>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--release", "--package", "versus", "--bin", "bytes"]);
    if build.current_dir(env!("CARGO_MANIFEST_DIR")).status()?.success() {
        Ok(())
    } else {
        Err("the program `bytes` could not be built".into())
    }
}
