//! The source code that the replay page quotes is the source code.
//!
//! With `BLESS=1` in the environment, the test looks for the lines that perform each event, and
//! writes their new places and the lines around them. The package of the page contains the quotes,
//! since it must build without the sources of the other packages.

use std::collections::BTreeSet;

use crate::sources::file;

const QUOTES: &str = "trace/src/replay/quotes.txt";

/// A quote: the line after `@` and the quoted lines, of which those with `>` perform the events.
struct Quote<'a> {
    path: &'a str,
    line: usize,
    events: &'a str,
    body: Vec<&'a str>,
}

impl<'a> Quote<'a> {
    fn all(text: &'a str) -> Vec<Quote<'a>> {
        let entries = text.trim_start_matches("@ ").split("\n@ ");
        let parse = |entry: &'a str| {
            let (head, body) = entry.split_once('\n')?;
            let (place, events) = head.split_once(' ')?;
            let (path, line) = place.split_once(':')?;
            let body = body.trim_end().lines().collect();
            Some(Quote { path, line: line.parse().ok()?, events, body })
        };
        entries.map(|entry| parse(entry).unwrap_or_else(|| panic!("no quote: {entry}"))).collect()
    }

    /// The quote as it is in the source today: its performing lines, where they are nearest to
    /// their former place, and as many lines around them as before.
    fn current(&self) -> String {
        let source = file(self.path).unwrap_or_else(|| panic!("{} is missing", self.path));
        let source: Vec<_> = source.lines().map(str::trim_end).collect();
        let is_here = |start: usize| {
            self.body.iter().enumerate().all(|(offset, line)| {
                line.strip_prefix('>').is_none_or(|performs| {
                    source.get(start + offset).is_some_and(|here| *here == performs)
                })
            })
        };
        let places = (0..source.len()).filter(|&start| is_here(start));
        let nearest = places.min_by_key(|start| start.abs_diff(self.line - 1));
        let start = nearest.unwrap_or_else(|| {
            panic!(
                "{}: no line performs {}: choose other lines for {QUOTES}",
                self.path, self.events
            )
        });
        let mut text = format!("@ {}:{} {}\n", self.path, start + 1, self.events);
        for (offset, line) in self.body.iter().enumerate() {
            let mark = if line.starts_with('>') { '>' } else { ' ' };
            let line = source.get(start + offset).copied().unwrap_or_default();
            text.push_str(format!("{mark}{line}").trim_end());
            text.push('\n');
        }
        text
    }
}

#[test]
fn the_source_code_that_the_replay_page_quotes_is_current() {
    let text = file(QUOTES).unwrap();
    let quotes = Quote::all(&text);
    let current: Vec<_> = quotes.iter().map(Quote::current).collect();
    let current = current.join("\n");
    if current == text {
        return;
    }
    assert!(std::env::var_os("BLESS").is_some(), "{QUOTES} has to be:\n{current}");
    std::fs::write(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(QUOTES), current).unwrap();
}

#[test]
fn every_event_of_a_trace_has_a_quote() {
    let text = file(QUOTES).unwrap();
    let quotes = Quote::all(&text);
    let quoted: BTreeSet<_> = quotes
        .iter()
        .flat_map(|quote| quote.events.split(' '))
        .map(|name| name.split('.').next().unwrap())
        .collect();
    let source = file("runtime-core/src/record/event.rs").unwrap();
    let (_, vocabulary) = source.split_once("pub enum Event {\n").unwrap();
    let (vocabulary, _) = vocabulary.split_once("\n}\n").unwrap();
    let variants: BTreeSet<_> = vocabulary
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| line.trim_end_matches([',', ' ', '{']))
        // The counts are for checks. The page does not show them.
        .filter(|name| *name != "PoolCounts")
        .collect();
    assert!(variants.len() > 30, "found only {} events", variants.len());
    assert_eq!(quoted, variants);
    let unmarked: Vec<_> = quotes
        .iter()
        .filter(|quote| !quote.body.iter().any(|line| line.starts_with('>')))
        .map(|quote| quote.events)
        .collect();
    assert!(unmarked.is_empty(), "no line performs {unmarked:?}");
}
