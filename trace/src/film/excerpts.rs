//! The quoted source lines of a film's page, with the changed lines of its mutant.

use std::collections::HashMap;

use super::FilmSite;
use super::sources::FilmSources;
use crate::replay::frames::{CodeQuote, LineMark, QuotedLine};

/// The numbers of lines that are quoted before and after the line of a step.
const BEFORE: usize = 3;
const AFTER: usize = 5;

/// A line that a mutant changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLine {
    /// The path of the file in the repository.
    pub file: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// The lines that the mutant has in its place. `None` if only the mutant has the line: it is a
    /// wrong program, and the line contains the mistake.
    pub replacement: Option<Vec<String>>,
}

/// The quotes of a page, each once.
#[derive(Debug, Default)]
pub(super) struct ExcerptTable {
    pub(super) quotes: Vec<CodeQuote>,
    indices: HashMap<(String, usize, bool), usize>,
}

impl ExcerptTable {
    /// The index of the quote of this line, unless the source is absent.
    pub(super) fn index(
        &mut self,
        site: &FilmSite,
        sources: &FilmSources,
        changed: &[ChangedLine],
    ) -> Option<usize> {
        let lines = sources.lines(&site.file);
        if site.line == 0 || site.line > lines.len() {
            return None;
        }
        let first = site.line.saturating_sub(BEFORE).max(1);
        let last = (site.line + AFTER).min(lines.len());
        let here: Vec<&ChangedLine> = changed
            .iter()
            .filter(|change| change.file == site.file && (first..=last).contains(&change.line))
            .collect();
        let key = (site.file.clone(), site.line, !here.is_empty());
        if let Some(index) = self.indices.get(&key) {
            return Some(*index);
        }
        let mut quoted = Vec::new();
        for number in first..=last {
            let text = lines[number - 1].clone();
            let change = here.iter().find(|change| change.line == number);
            quote_line(&mut quoted, text, number == site.line, change.copied());
        }
        self.quotes.push(CodeQuote {
            file: site.file.clone(),
            line: u32::try_from(first).unwrap_or(u32::MAX),
            lines: without_indentation(quoted),
        });
        self.indices.insert(key, self.quotes.len() - 1);
        Some(self.quotes.len() - 1)
    }
}

fn quote_line(
    quoted: &mut Vec<QuotedLine>,
    text: String,
    performs: bool,
    change: Option<&ChangedLine>,
) {
    let mark = match change {
        None if performs => LineMark::Performs,
        None => LineMark::Context,
        Some(ChangedLine { replacement: None, .. }) => LineMark::Wrong,
        Some(_) => LineMark::Removed,
    };
    quoted.push(QuotedLine { mark, text });
    let replacement = change.and_then(|change| change.replacement.as_ref());
    for text in replacement.into_iter().flatten() {
        quoted.push(QuotedLine { mark: LineMark::Added, text: text.clone() });
    }
}

fn without_indentation(mut lines: Vec<QuotedLine>) -> Vec<QuotedLine> {
    let indentation = |line: &QuotedLine| line.text.len() - line.text.trim_start().len();
    let inked = lines.iter().filter(|line| !line.text.trim().is_empty());
    let common = inked.map(indentation).min().unwrap_or(0);
    for line in &mut lines {
        line.text = line.text.get(common..).unwrap_or("").to_owned();
    }
    lines
}
