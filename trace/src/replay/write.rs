//! The text of a document: JSON, and the page that contains it.
//!
//! Sentences often repeat, so they are in a table of texts, and frames name them by index.

use std::collections::HashMap;

use super::frames::{
    BarKind, CodeQuote, Document, Frame, FrameKind, LineMark, PanelChange, PanelKind, PanelRow,
    RunFrames,
};
use crate::json::JsonWriter;

impl Document {
    /// The document as JSON, escaped so that it can stand in a `<script>` element.
    pub fn to_json(&self) -> String {
        let mut texts = TextTable::default();
        let mut json = JsonWriter::default();
        json.object(|json| {
            json.key("format").number(1_u32);
            json.key("title").string(&self.title);
            json.key("about").string(&self.about);
            json.key("quotes").array(&self.quotes, write_quote);
            json.key("runs").array(&self.runs, |json, run| write_run(json, run, &mut texts));
            json.key("texts").array(&texts.texts, |json, text| json.string(text));
        });
        json.finish()
    }

    /// The page: one HTML file that needs no other file and no network. It checks itself if its
    /// address ends with `#selftest`.
    pub fn to_html(&self) -> String {
        page_around(&escape_html(&self.title), &self.to_json())
    }
}

/// The page of a document. The title is escaped.
pub(crate) fn page_around(title: &str, json: &str) -> String {
    squeeze(include_str!("page/page.html"))
        .replacen("{{css}}", &squeeze_css(include_str!("page/page.css")), 1)
        .replacen("{{js}}", &squeeze(&SCRIPTS.concat()), 1)
        .replacen("{{document}}", json, 1)
        // The last, since a title may contain the other words. It is the first in the page.
        .replacen("{{title}}", title, 1)
}

/// The scripts of the page, in the order of their dependencies.
const SCRIPTS: [&str; 6] = [
    include_str!("page/model.js"),
    include_str!("page/timeline.js"),
    include_str!("page/view.js"),
    include_str!("page/player.js"),
    include_str!("page/selftest.js"),
    include_str!("page/start.js"),
];

/// The text without indentation, empty lines, and lines that are comments. No string of the page
/// contains a line break.
fn squeeze(text: &str) -> String {
    let lines = text.lines().map(str::trim_start);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .fold(String::new(), |squeezed, line| squeezed + line + "\n")
}

/// The same for CSS, whose strings contain no punctuation, so spaces beside it have no meaning.
fn squeeze_css(text: &str) -> String {
    let pairs = [(": ", ":"), ("; ", ";"), (", ", ","), (" {", "{"), ("{ ", "{"), (" }", "}")];
    pairs.iter().fold(squeeze(text), |css, (from, to)| css.replace(from, to))
}

/// Text of HTML, outside scripts.
fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The texts of the frames, each of them once.
#[derive(Default)]
struct TextTable<'a> {
    texts: Vec<&'a str>,
    indices: HashMap<&'a str, usize>,
}

impl<'a> TextTable<'a> {
    fn index(&mut self, text: &'a str) -> usize {
        *self.indices.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })
    }
}

fn write_quote(json: &mut JsonWriter, quote: &CodeQuote) {
    json.object(|json| {
        json.key("file").string(&quote.file);
        json.key("line").number(quote.line);
        json.key("lines").array(&quote.lines, |json, line| {
            let mark = match line.mark {
                LineMark::Context => ' ',
                LineMark::Performs => '>',
                LineMark::Removed => '-',
                LineMark::Added => '+',
                LineMark::Wrong => '!',
            };
            json.string(&format!("{mark}{}", line.text));
        });
    });
}

fn write_run<'a>(json: &mut JsonWriter, run: &'a RunFrames, texts: &mut TextTable<'a>) {
    json.object(|json| {
        json.key("name").string(&run.name);
        json.key("question").string(&run.question);
        json.key("lanes").array(&run.lanes, |json, lane| json.string(lane));
        json.key("subjects").array(&run.subjects, |json, subject| json.string(subject));
        json.key("panels").array(&run.panels, |json, panel| {
            json.object(|json| {
                json.key("group").string(&panel.group);
                json.key("name").string(&panel.name);
                json.key("kind").string(match panel.kind {
                    PanelKind::List => "list",
                    PanelKind::Table => "table",
                    PanelKind::Words => "words",
                    PanelKind::Heap => "heap",
                });
                json.key("columns").array(&panel.columns, |json, column| json.string(column));
            });
        });
        json.key("frames").array(&run.frames, |json, frame| write_frame(json, frame, texts));
        json.key("arrows").array(&run.arrows, |json, &(from, to)| {
            json.array([from, to], |json, index| json.index(index));
        });
        json.key("bars").array(&run.bars, |json, bar| {
            let kind = match bar.kind {
                BarKind::Runs => 0,
                BarKind::Sleeps => 1,
                BarKind::Watches => 2,
            };
            let subject = bar.subject.map_or(0, |subject| subject + 1);
            json.array([bar.lane, bar.from, bar.to, kind, subject], JsonWriter::index);
        });
        json.key("final").array(&run.final_rows, |json, rows| json.array(rows, write_row));
    });
}

/// Members that have the usual value are left out.
fn write_frame<'a>(json: &mut JsonWriter, frame: &'a Frame, texts: &mut TextTable<'a>) {
    json.object(|json| {
        json.key("t").number(frame.time);
        json.key("lane").index(frame.lane);
        json.key("event").index(texts.index(&frame.event));
        json.key("say").index(texts.index(&frame.sentence));
        let kind = match frame.kind {
            FrameKind::Wake => "wake",
            FrameKind::Poll => "poll",
            FrameKind::Park => "park",
            FrameKind::Failure => "failure",
            FrameKind::Other => "",
        };
        if !kind.is_empty() {
            json.key("kind").string(kind);
        }
        if let Some(quote) = frame.quote {
            json.key("quote").index(quote);
        }
        if let Some(subject) = frame.subject {
            json.key("subject").index(subject);
        }
        if !frame.changes.is_empty() {
            json.key("changes").array(&frame.changes, write_change);
        }
        if let Some(question) = &frame.question {
            json.key("ask").object(|json| {
                json.key("choices").array(&question.choices, |json, &choice| json.index(choice));
                json.key("answer").index(question.answer);
                json.key("why").index(texts.index(&question.reason));
            });
        }
    });
}

/// `["+", panel, row]`, `["-", panel, key]` or `[">", from, to]`.
fn write_change(json: &mut JsonWriter, change: &PanelChange) {
    json.array([()], |json, ()| match change {
        PanelChange::Put(panel, row) => {
            json.string("+");
            json.index(*panel);
            write_row(json, row);
        }
        PanelChange::Remove(panel, key) => {
            json.string("-");
            json.index(*panel);
            json.string(key);
        }
        PanelChange::MoveAll(from, to) => {
            json.string(">");
            json.index(*from);
            json.index(*to);
        }
    });
}

/// `[key, subject, cell...]`; the subject is its index plus 1, or 0.
fn write_row(json: &mut JsonWriter, row: &PanelRow) {
    json.array([()], |json, ()| {
        json.string(&row.key);
        json.index(row.subject.map_or(0, |subject| subject + 1));
        for cell in &row.cells {
            json.string(cell);
        }
    });
}
