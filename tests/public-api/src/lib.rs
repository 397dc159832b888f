//! The public API of aside as text: one line for each item, sorted by path.
//!
//! rustdoc describes each package as JSON (`descriptions`). The paths that begin at the root of
//! `aside` lead through re-exports to the items of the packages below it (`paths`). Each item, and
//! each impl of such an item, becomes a line (`items`, `impls`), with types and bounds as Rust
//! writes them (`types`). Items that only the packages below export are not listed, because they
//! are no promise: see `docs/versions.md`.
//!
//! `tests/record.rs` compares the lines with `docs/public-api.txt`.

mod descriptions;
mod impls;
mod items;
mod paths;
mod types;

use std::path::Path;

use crate::descriptions::Descriptions;
use crate::paths::Paths;

/// Returns the lines, for the packages whose descriptions are in `folder`.
///
/// # Errors
/// If a description is missing or malformed.
pub fn lines(folder: &Path) -> std::io::Result<Vec<String>> {
    let descriptions = Descriptions::read(folder)?;
    let paths = Paths::new(&descriptions);
    let mut lines = items::lines(&descriptions, &paths);
    lines.extend(impls::lines(&descriptions, &paths));
    lines.sort();
    lines.dedup();
    Ok(lines.into_iter().map(|(.., line)| line).collect())
}
