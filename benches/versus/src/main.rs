//! The program of `cargo run --release -p versus`; see `benches/README.md`.

use std::error::Error;

use versus::arguments::{Arguments, Builds, USAGE};
use versus::builds::Build;
use versus::peers::Peer;
use versus::rounds::Measured;
use versus::row::{Program, Row};
use versus::{cell, load, plot, rounds, rows, scale, table};

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
        rows::all().iter().for_each(|row| println!("{:25} {}", row.key, row.name));
        return Ok(());
    }
    let rows: Vec<Row> = rows::all().into_iter().filter(|row| arguments.wants(row)).collect();
    if rows.is_empty() {
        return Err("no such row; `--rows list` prints them".into());
    }
    let builds = builds(arguments, &rows)?;
    let measured = rounds::measure(rows, arguments, &builds)?;
    print!("{}{}", table::markdown(&measured), scale::markdown(&measured));
    if let Some(file) = &arguments.json {
        std::fs::write(file, table::json(&measured))?;
    }
    if let Some(file) = &arguments.plot {
        std::fs::write(file, plot::svg(&measured))?;
    }
    let has_figure = |row: &Measured| row.ours().is_some() || row.row.scale.is_some();
    if arguments.peers.contains(&Peer::Aside) && !measured.iter().all(has_figure) {
        return Err("a row has no figure of ours".into());
    }
    Ok(())
}

/// Returns the builds that are measured, and builds what `cargo run` does not build.
fn builds(arguments: &Arguments, rows: &[Row]) -> std::io::Result<Vec<Build>> {
    let this = Build::this()?;
    if rows.iter().any(|row| row.program == Program::Bytes) {
        this.make()?;
    }
    match arguments.builds {
        Builds::This => Ok(vec![this]),
        Builds::AndLto => {
            let lto = Build::lto()?;
            lto.make()?;
            Ok(vec![this, lto])
        }
    }
}
