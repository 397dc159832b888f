//! The index of the committed pages.

use std::fs;

use crate::Replay;
use crate::committed::{is_blessed, path};

const START: &str = "<!-- replays -->\n";
const END: &str = "<!-- end -->";

/// The text of the index.
pub(crate) struct Index {
    text: String,
}

impl Index {
    pub(crate) fn read() -> Index {
        Index { text: fs::read_to_string(path("README.md")).unwrap() }
    }

    /// The text before the entries, the entries, and the text after them.
    fn parts(&self) -> [&str; 3] {
        let (before, rest) = self.text.split_once(START).unwrap();
        let (entries, after) = rest.split_once(END).unwrap();
        [before, entries, after]
    }

    /// The committed entry of a page.
    pub(crate) fn entry(&self, title: &str) -> Option<&str> {
        let [_, entries, _] = self.parts();
        let start = entries.find(&format!("\n### [{title}]"))?;
        let rest = &entries[start..];
        Some(rest[1..].find("\n### ").map_or(rest, |end| &rest[..=end]))
    }

    /// Compares the entries, or writes them.
    pub(crate) fn check(&self, expected: &str) {
        let [before, entries, after] = self.parts();
        if is_blessed() {
            let text = format!("{before}{START}{expected}{END}{after}");
            fs::write(path("README.md"), text).unwrap();
        } else {
            assert_eq!(entries, expected, "run with BLESS=1");
        }
    }
}

/// The entry of a page: its title, its sentences, and links to its events.
pub(crate) fn entry(replay: &Replay) -> String {
    let Replay { file, document, looks, .. } = replay;
    let mut text = format!("\n### [{}]({file}.html)\n\n{}\n\n", document.title, document.about);
    for (sentence, number) in looks {
        text.push_str(&format!("- [#{number}]({file}.html#{number}): {sentence}\n"));
    }
    text
}

/// The text without the numbers of events.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = String::new();
    for c in text.chars() {
        if !(c.is_ascii_digit() && masked.ends_with('#')) {
            masked.push(c);
        }
    }
    masked
}
