//! Finds the line that a mutant breaks. It searches for the text of the line, so no line number
//! must be kept up to date.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.parent().and_then(Path::parent);
    root.expect("the package lies two folders deep").to_owned()
}

/// The number of the line of `file` that contains `snippet`. `nth` selects one of several such
/// lines.
///
/// # Panics
/// If there is no such line, or more than one without `nth`.
pub(crate) fn line_of(file: &str, snippet: &str, nth: Option<usize>) -> usize {
    let path = root().join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    // A model that mutates a line of its own file also quotes the text in that file. The line with
    // the quotation does not count.
    let quoted = format!("\"{snippet}\"");
    let is_site = |line: &str| {
        line.contains(snippet) && !line.contains(&quoted) && !line.trim_start().starts_with("//")
    };
    let numbered = text.lines().zip(1..).filter(|(line, _)| is_site(line));
    let lines: Vec<usize> = numbered.map(|(_, number)| number).collect();
    match (nth, &lines[..]) {
        (None, [line]) => *line,
        (None, []) => panic!("{file}: no line contains `{snippet}`"),
        (None, lines) => panic!("{file}: lines {lines:?} contain `{snippet}`: add `.nth(n)`"),
        (Some(nth), lines) => *lines
            .get(nth - 1)
            .unwrap_or_else(|| panic!("{file}: {} lines contain `{snippet}`", lines.len())),
    }
}
