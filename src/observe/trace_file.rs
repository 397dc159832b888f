//! A trace as a file: a drawing for an eye, a page to step through, or events for a tool.

use std::fs;
use std::io;
use std::path::Path;

use aside_trace::Timeline;
use runtime_core::record::event::Event;
use runtime_core::record::ring::TraceEvent;

use super::trace::Trace;

/// A kind of file, which the extension of a path names.
#[derive(Clone, Copy, Debug)]
pub(super) enum TraceFormat {
    /// `.svg`
    Timeline,
    /// `.html`
    Replay,
    /// `.json`
    Chrome,
}

impl TraceFormat {
    /// The format that a path asks for.
    pub(super) fn of(path: &Path) -> io::Result<TraceFormat> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Ok(TraceFormat::Timeline),
            Some("html") => Ok(TraceFormat::Replay),
            Some("json") => Ok(TraceFormat::Chrome),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "the extension of {path:?} should be .svg (a timeline), .html (a page that \
                     replays the events) or .json (for Perfetto)"
                ),
            )),
        }
    }
}

impl Trace {
    /// Draws the events as a timeline, and returns the text of an SVG file.
    ///
    /// The cost is proportional to the number of events: the runtime records on meanwhile.
    pub fn to_svg(&self) -> String {
        let recording = self.recording();
        Timeline::of(title(&recording.events), recording).to_svg()
    }

    /// Returns a page that replays the events one by one: the text of an HTML file, which needs no
    /// network and no other file.
    pub fn to_html(&self) -> String {
        let recording = self.recording();
        recording.to_replay(&title(&recording.events))
    }

    /// Returns the events in Chrome's trace event format, a JSON text for `chrome://tracing` and
    /// <https://ui.perfetto.dev>: polls, jobs and parks as slices, wakes and submits as flows
    /// between them, and the queues as counters.
    ///
    /// The cost is proportional to the number of events: the runtime records on meanwhile.
    ///
    /// # Examples
    /// ```
    /// use aside::{Runtime, observe::Trace};
    ///
    /// let trace = Trace::new();
    /// let runtime = Runtime::builder().record(&trace).build();
    /// runtime.block_on(async { aside::named("answer").spawn_blocking(|| 6 * 7).await.unwrap() });
    /// assert!(trace.to_chrome_json().contains("job `answer`"));
    /// ```
    #[doc(alias("perfetto", "catapult", "about:tracing"))]
    pub fn to_chrome_json(&self) -> String {
        self.recording().to_chrome_json()
    }

    /// Writes the events to a file, in the format that its extension names: `.svg` is a
    /// [timeline](Trace::to_svg), `.html` a [replay](Trace::to_html), and `.json` a [trace for
    /// Perfetto](Trace::to_chrome_json).
    ///
    /// # Errors
    /// The errors of the write. If the path has another extension, the error names those above, and
    /// nothing is written.
    ///
    /// # Blocking
    /// Writes a file. In async code, call it in a job.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let text = match TraceFormat::of(path)? {
            TraceFormat::Timeline => self.to_svg(),
            TraceFormat::Replay => self.to_html(),
            TraceFormat::Chrome => self.to_chrome_json(),
        };
        fs::write(path, text)
    }
}

/// The place of the first `block_on`, without its folders.
fn title(events: &[TraceEvent]) -> String {
    let began = events.iter().find_map(|recorded| match &recorded.event {
        Event::MainBegan { metadata } => Some(metadata.location()),
        _ => None,
    });
    began.map_or("a trace of aside".to_owned(), |location| {
        let file = location.file().rsplit(['/', '\\']).next().unwrap_or_default();
        format!("{file}:{}", location.line())
    })
}
