//! The repository as text, for the tests that check it: files, code without comments, paragraphs.

use std::fs;
use std::path::Path;

/// A file of the repository.
pub(crate) struct Source {
    /// The path from the root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A block of text without a blank line. Each of its lines ends with a newline.
pub(crate) struct Paragraph {
    /// The number of the paragraph's first line in the file.
    pub(crate) first: usize,
    /// The comment marker: `//!`, `///` or `//`. It is empty in Markdown.
    pub(crate) marker: String,
    pub(crate) text: String,
}

/// The folders of the packages' own code.
const CODE: [&str; 6] = [
    "src/",
    "runtime-core/src/",
    "runtime-executor/src/",
    "runtime-blocking/src/",
    "macros/src/",
    "trace/src/",
];

/// Every file whose name has this ending, sorted by path.
pub(crate) fn files(ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", ending, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no file ends in {ending}");
    found
}

fn collect(folder: &Path, prefix: &str, ending: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&entry.path(), &format!("{path}/"), ending, found);
            }
        } else if name.ends_with(ending) {
            // An image is not text, but paths lead to it.
            let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
            found.push(Source { text, path });
        }
    }
}

/// A file by its path; `None` if there is none.
pub(crate) fn file(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

impl Source {
    /// Returns true for the code of the published packages, without their tests.
    pub(crate) fn is_product(&self) -> bool {
        let in_tests = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        !in_tests && CODE.iter().any(|folder| self.path.starts_with(folder))
    }

    /// Returns true for a file with a main function, async or not, that is not a test.
    pub(crate) fn is_program(&self) -> bool {
        let is_test = self.path.contains("/tests/");
        let mains = ["\nfn main() ", "\nasync fn main() "];
        !is_test && mains.iter().any(|main| self.text.contains(main))
    }

    /// Returns true if the path is in one of these folders, or is one of these files.
    pub(crate) fn is_under(&self, paths: &[&str]) -> bool {
        paths.iter().any(|path| self.path.starts_with(path))
    }

    /// The lines, numbered from 1, without comments, quoted text, and the items after
    /// `#[cfg(test)]`.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let mut lines = self.text.lines().enumerate();
        std::iter::from_fn(move || {
            let (index, line) = lines.next()?;
            if line.trim() != "#[cfg(test)]" {
                return Some((index + 1, without_comment(line)));
            }
            // `mod tests;` is one line. A block ends at the next `}` with the indentation of its
            // first line.
            let item = lines.next().map_or("", |(_, item)| item);
            if item.ends_with('{') {
                let end = format!("{}}}", &item[..item.len() - item.trim_start().len()]);
                lines.find(|(_, line)| *line == end);
            }
            Some((index + 1, String::new()))
        })
    }

    /// The comments of a Rust file, or the text of a Markdown page, by paragraphs.
    ///
    /// Code blocks, drawings and headings are left out.
    pub(crate) fn paragraphs(&self) -> Vec<Paragraph> {
        let is_rust = self.path.ends_with(".rs");
        let mut found: Vec<Paragraph> = Vec::new();
        let mut marker = "";
        let mut is_code = false;
        let mut is_open = false;
        for (index, line) in self.text.lines().enumerate() {
            let (own, text) = if is_rust { comment(line) } else { ("", Some(line)) };
            let is_next = own == marker && (!is_rust || line.trim_start().starts_with("//"));
            marker = own;
            let Some(text) = text else {
                (is_open, is_code) = (false, false);
                continue;
            };
            if text.trim_start().starts_with("```") {
                (is_open, is_code) = (false, !is_code);
            } else if is_code || is_drawing(text) || text.trim().is_empty() {
                is_open = false;
            } else {
                if !(is_open && is_next) || is_item(text) {
                    found.push(Paragraph {
                        first: index + 1,
                        marker: own.to_owned(),
                        text: String::new(),
                    });
                }
                is_open = true;
                let paragraph = found.last_mut().expect("one was pushed");
                paragraph.text.push_str(text.trim());
                paragraph.text.push('\n');
            }
        }
        found
    }
}

/// The marker of a comment, and its text.
fn comment(line: &str) -> (&'static str, Option<&str>) {
    let code = without_comment(line);
    let trimmed = line.trim_start();
    for marker in ["//!", "///", "//"] {
        if let Some(text) = trimmed.strip_prefix(marker) {
            return (marker, Some(text.strip_prefix(' ').unwrap_or(text)));
        }
    }
    let is_trailing = !line.contains('"') && code.len() < line.len();
    match line.split_once("// ") {
        Some((_, text)) if is_trailing => ("//", Some(text)),
        _ => ("", None),
    }
}

/// Returns true for a line of an indented drawing, and for a heading.
fn is_drawing(text: &str) -> bool {
    text.starts_with("     ") || text.starts_with('#')
}

/// Returns true for the first line of a list item, and for a table's row.
fn is_item(text: &str) -> bool {
    let text = text.trim_start();
    let first = text.split(' ').next().unwrap_or("");
    text.starts_with(['|', '-', '*', '>'])
        || first.len() < 5
            && first.ends_with('.')
            && first.starts_with(|c: char| c.is_ascii_digit())
}

fn without_comment(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut before = ' ';
    for character in line.chars() {
        match character {
            '"' if before != '\\' && before != '\'' => quoted = !quoted,
            '/' if before == '/' && !quoted => {
                code.pop();
                break;
            }
            _ if quoted => {}
            _ => code.push(character),
        }
        before = character;
    }
    code
}

/// Returns true if `text` contains `word`, not as part of a longer word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// The code spans of a text.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The cells of a table's row; `None` for other lines.
pub(crate) fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(row.split(" | ").map(str::trim).collect())
}

/// A number with its digits grouped by commas.
pub(crate) fn grouped(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

#[test]
fn comments_and_strings_are_not_code() {
    assert_eq!(without_comment("let a = 1; // unsafe"), "let a = 1; ");
    assert_eq!(without_comment("let a = \"// unsafe\";"), "let a = ;");
    assert_eq!(without_comment("let a = '\"'; b // c"), "let a = '\"'; b ");
    assert_eq!(grouped(1_002_050), "1,002,050");
    assert!(has_word("use loom::sync", "loom") && !has_word("cfg(runtime_loom)", "loom"));
}
