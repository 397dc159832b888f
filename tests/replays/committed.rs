//! The committed file of a page, compared with a new one.

use std::fs;
use std::path::PathBuf;

use aside_trace::replay::Document;
use aside_trace::replay::frames::CodeQuote;

use crate::{EventOrder, Replay};

pub(crate) fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/replays").join(file)
}

pub(crate) fn is_blessed() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Compares a committed page, or writes it. Returns whether the committed events are other ones
/// than the new ones, as those of threads that race are.
pub(crate) fn check(replay: &Replay) -> bool {
    let (file, html) = (format!("{}.html", replay.file), replay.document.to_html());
    assert!(html.len() < 150_000, "{file} has {} bytes", html.len());
    let old = fs::read_to_string(path(&file)).unwrap_or_default();
    let kept = if replay.order == EventOrder::Free { updated(&old, &html) } else { None };
    let expected = kept.as_ref().unwrap_or(&html);
    if is_blessed() {
        fs::write(path(&file), expected).unwrap();
    } else {
        assert!(old == *expected, "{file} is not current: run with BLESS=1");
    }
    kept.is_some()
}

/// The new page with the events of the old one, whose quotes get their new places. `None` if more
/// than places has changed in the source, or in the words about the page.
fn updated(old: &str, new: &str) -> Option<String> {
    let ([_, old_document, _], [before, new_document, after]) = (split(old)?, split(new)?);
    let [head, quotes, runs] = parts(old_document)?;
    let [new_head, _, new_runs] = parts(new_document)?;
    if new_head != head || panels(new_runs) != panels(runs) {
        return None;
    }
    let all = Document { quotes: CodeQuote::committed(), ..Document::default() }.to_json();
    let [_, all, _] = parts(&all)?;
    let all: Vec<_> = all.split(QUOTE).skip(1).map(|quote| quote.trim_end_matches(',')).collect();
    let current = |quote: &str| {
        let quote = quote.trim_end_matches(',');
        all.iter().find(|other| without_line(other) == without_line(quote)).copied()
    };
    let quotes: Option<Vec<_>> = quotes.split(QUOTE).skip(1).map(current).collect();
    let quotes: Vec<_> = quotes?.iter().map(|quote| format!("{QUOTE}{quote}")).collect();
    let quotes = quotes.join(",");
    Some(format!("{before}{head}{QUOTES}{quotes}{RUNS}{runs}{after}"))
}

const QUOTES: &str = "\"quotes\":[";
const QUOTE: &str = "{\"file\":";
const RUNS: &str = "],\"runs\":";

/// A page: the text before its document, the document, and the text after it.
fn split(page: &str) -> Option<[&str; 3]> {
    let start = page.find("{\"format\":")?;
    let end = start + page[start..].find("</script>")?;
    Some([&page[..start], &page[start..end], &page[end..]])
}

/// A document: the words about it, its quotes, and its runs.
fn parts(document: &str) -> Option<[&str; 3]> {
    let (head, rest) = document.split_once(QUOTES)?;
    let (quotes, runs) = rest.split_once(RUNS)?;
    Some([head, quotes, runs])
}

/// The panels of each run.
fn panels(runs: &str) -> Vec<&str> {
    let starts = runs.split("\"panels\":[").skip(1);
    starts.filter_map(|rest| Some(rest.split_once("],\"frames\":")?.0)).collect()
}

/// A quote as JSON, without the number of its first line.
fn without_line(quote: &str) -> Option<(&str, &str)> {
    let (file, rest) = quote.split_once(",\"line\":")?;
    Some((file, rest.split_once(',')?.1))
}
