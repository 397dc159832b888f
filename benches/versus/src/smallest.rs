//! The smallest program with a runtime: it binds a socket, sleeps, and makes one blocking call.
//!
//! Each runtime's program is a package of its own under `target/smallest`, made from
//! `smallest/NAME.rs`. It therefore has the dependencies that a user's program would have, and no
//! more.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use crate::peers::Peer;
use crate::row::{Of, Row, Work};

/// The prefix of the keys of these rows.
pub const KEY: &str = "smallest";

/// The measured property.
#[derive(Clone, Copy, Debug)]
pub enum Facet {
    /// The number of crates in the program's build, without the program itself.
    Crates,
    /// The time of a clean release build.
    Build,
    /// The size of the stripped program.
    Size,
}

/// Returns the rows of the smallest program. Fewer crates, a faster build and a smaller program are
/// better.
pub fn rows() -> Vec<Row> {
    let row = |key, name, unit, facet| {
        let cells = [Peer::Aside, Peer::Tokio, Peer::Smol];
        let cells = cells.map(|peer| (peer, Work::Smallest(facet)));
        Row::new(key, name, cells.into()).unit(unit).floor(0.999, Of::Best)
    };
    vec![
        row("smallest-crates", "smallest program: crates", "crates", Facet::Crates),
        row("smallest-build", "clean release build", "s wall", Facet::Build),
        row("smallest-size", "stripped size", "kB", Facet::Size),
    ]
}

/// Builds the program of `peer`, if necessary, and measures it.
///
/// # Errors
/// If cargo fails, or cannot be started.
pub fn measure(peer: Peer, facet: Facet) -> Result<f64> {
    let package = lay_out(peer)?;
    match facet {
        Facet::Crates => count_crates(&package),
        Facet::Build => time_build(&package),
        Facet::Size => {
            cargo(&package, &["build", "--release", "--quiet"])?;
            Ok(fs::metadata(package.join("target/release/smallest"))?.len() as f64 / 1e3)
        }
    }
}

fn lay_out(peer: Peer) -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = here.join("../../target/smallest").join(peer.name());
    let dependency = match peer {
        Peer::Tokio => "tokio = { version = \"1\", features = [\"rt\", \"time\", \"net\"] }".into(),
        Peer::Smol => "smol = \"2\"".into(),
        _other => {
            let path = here.join("../..").canonicalize()?;
            format!("aside = {{ path = {path:?}, default-features = false, features = [\"net\"] }}")
        }
    };
    fs::create_dir_all(package.join("src"))?;
    fs::write(
        package.join("Cargo.toml"),
        format!(
            "[package]\nname = \"smallest\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\n{dependency}\n\n[profile.release]\nstrip = true\n"
        ),
    )?;
    let program = format!("smallest/{}.rs", peer.name());
    fs::copy(here.join(program), package.join("src/main.rs"))?;
    Ok(package)
}

fn count_crates(package: &Path) -> Result<f64> {
    let tree = cargo(package, &["tree", "--edges=normal,build", "--prefix=none", "--format={p}"])?;
    let tree = String::from_utf8_lossy(&tree.stdout);
    // The first line is the program itself. cargo marks a crate that it lists again with `(*)`.
    let crates: BTreeSet<_> = tree.lines().skip(1).map(|line| line.replace(" (*)", "")).collect();
    Ok(crates.len() as f64)
}

fn time_build(package: &Path) -> Result<f64> {
    cargo(package, &["fetch", "--quiet"])?;
    cargo(package, &["clean", "--quiet"])?;
    let began = Instant::now();
    cargo(package, &["build", "--release", "--quiet", "--offline"])?;
    Ok(began.elapsed().as_secs_f64())
}

fn cargo(package: &Path, arguments: &[&str]) -> Result<Output> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(package).env("CARGO_TARGET_DIR", package.join("target"));
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
