//! The lines of the runtime's source that perform each event, quoted by the page.
//!
//! `quotes.txt` contains them, so that this package builds without the sources of the others. Each
//! quote begins with `@`, its place, and the events that it shows. A line that performs the event
//! begins with `>`. A test of the repository compares the quotes with the sources.

use std::collections::HashMap;

use runtime_core::record::event::{Event, WakeRoute};

use crate::replay::frames::{CodeQuote, LineMark, QuotedLine};

/// The quotes that a document needs, in the order in which its frames use them first.
#[derive(Default)]
pub(crate) struct EventQuotes {
    indices: HashMap<String, Option<usize>>,
}

impl EventQuotes {
    /// The index of the quote that shows this event. Appends the quote if it is not among `quotes`.
    pub(crate) fn index(&mut self, event: &Event, quotes: &mut Vec<CodeQuote>) -> Option<usize> {
        let mut find = |name: &str| {
            let quote = committed().find(|(names, _)| names.split(' ').any(|each| each == name))?.1;
            let index = quotes.iter().position(|known| *known == quote);
            Some(index.unwrap_or_else(|| {
                quotes.push(quote);
                quotes.len() - 1
            }))
        };
        let name = quoted_name(event);
        *self.indices.entry(name).or_insert_with_key(|name| find(name))
    }
}

/// The name of an event, and of its effect if the effects are performed by different lines.
fn quoted_name(event: &Event) -> String {
    let effect = match event {
        Event::Woken { route: WakeRoute::Queued | WakeRoute::AlreadyQueued, .. } => ".here",
        Event::Woken { route: WakeRoute::Posted | WakeRoute::Elided, .. } => ".remote",
        Event::PollEnded { is_ready: true, .. } => ".ready",
        Event::PollEnded { is_ready: false, .. } => ".pending",
        Event::MessageReceived { key: Some(_) } => ".task",
        Event::MessageReceived { key: None } => ".command",
        _ => "",
    };
    event_name(event) + effect
}

/// The name of an event's variant.
pub(crate) fn event_name(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split([' ', '{', '(']).next().unwrap_or_default().to_string()
}

impl CodeQuote {
    /// The quotes that this package contains: the source code that performs the events.
    pub fn committed() -> Vec<CodeQuote> {
        committed().map(|(_, quote)| quote).collect()
    }
}

/// The committed quotes, and the names of the events that each of them shows.
fn committed() -> impl Iterator<Item = (&'static str, CodeQuote)> {
    include_str!("quotes.txt").split("\n@ ").filter_map(|entry| {
        let (head, body) = entry.trim_start_matches("@ ").split_once('\n')?;
        let (place, names) = head.split_once(' ')?;
        let (file, line) = place.split_once(':')?;
        let body: Vec<_> = body.trim_end().lines().collect();
        let indents = body
            .iter()
            .filter(|line| line.len() > 1)
            .map(|line| line[1..].len() - line[1..].trim_start().len());
        let indent = indents.min().unwrap_or(0) + 1;
        let lines = body.iter().map(|line| QuotedLine {
            mark: if line.starts_with('>') { LineMark::Performs } else { LineMark::Context },
            text: line.get(indent..).unwrap_or_default().to_string(),
        });
        let (file, lines) = (file.to_string(), lines.collect());
        Some((names, CodeQuote { file, line: line.parse().ok()?, lines }))
    })
}
