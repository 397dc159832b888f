//! The committed replays: each of them is the page of a real run, made by a program of this folder.
//!
//! With `BLESS=1` in the environment, the test writes the pages and their index. Otherwise it runs
//! the programs, checks that each run shows what the index promises, and compares the committed
//! page: the whole of it if the order of its events is fixed, and else all but the events.
//! `tests/replays/run` opens the pages in a browser, in which they check themselves.
#![allow(clippy::unwrap_used)]

mod committed;
mod founding;
mod index;
mod loop_pages;
mod pool_pages;
mod socket_page;

use aside::observe::Trace;
use aside::time::Clock;
use aside::{Builder, Runtime};
use aside_trace::Reducer;
use aside_trace::replay::frames::{Document, Frame, RunFrames};

use crate::index::{Index, entry, masked};

/// A committed replay.
pub(crate) struct Replay {
    /// The name of the file, without its ending.
    pub(crate) file: &'static str,
    pub(crate) order: EventOrder,
    pub(crate) document: Document,
    /// Sentences for the index, each with the number of a frame of the first run.
    pub(crate) looks: Vec<(&'static str, usize)>,
}

/// The order of the events of a program that runs twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventOrder {
    /// One thread acts at a time.
    Fixed,
    /// Threads race.
    Free,
}

/// Runs a program on a recorded runtime, and appends the run to the document.
pub(crate) fn record(
    document: &mut Document,
    name: &str,
    settings: impl FnOnce(Builder) -> Builder,
    program: impl FnOnce(Runtime, &Trace),
) {
    let trace = Trace::new();
    program(settings(Runtime::builder().record(&trace)).build(), &trace);
    let recording = trace.recording();
    assert_eq!(Reducer::check(&recording), [], "{name}");
    document.add_recording(name, &recording);
}

/// Like [`record`], under virtual time. The program gets the clock, too.
pub(crate) fn record_virtual(
    document: &mut Document,
    name: &str,
    settings: impl FnOnce(Builder) -> Builder,
    program: impl FnOnce(&Runtime, &Clock),
) {
    let clock = Clock::virtual_time();
    let with_clock = |builder: Builder| settings(builder.clock(clock.clone()));
    record(document, name, with_clock, |runtime, _trace| program(&runtime, &clock));
}

pub(crate) fn page(title: &str, about: &str) -> Document {
    Document { title: title.into(), about: about.into(), ..Document::default() }
}

/// The number of the first frame of the first run whose event has this name and whose sentence
/// contains this text.
pub(crate) fn find(document: &Document, event: &str, text: &str) -> usize {
    let is_meant = |frame: &Frame| frame.event == event && frame.sentence.contains(text);
    let found = document.runs[0].frames.iter().position(is_meant);
    found.map_or_else(|| panic!("{}: no {event} with {text:?}", document.title), |index| index + 1)
}

/// The number of frames of a run whose event has this name.
pub(crate) fn count(run: &RunFrames, event: &str) -> usize {
    run.frames.iter().filter(|frame| frame.event == event).count()
}

#[test]
fn the_committed_replays_are_current_and_show_what_their_index_promises() {
    // The pages whose events are compared are made first: no other thread has a number before.
    let [blocked, elided, storm] =
        [loop_pages::blocked_loop(), loop_pages::elided_wake(), loop_pages::timer_storm()];
    let replays = [
        founding::eight_beside_four(),
        founding::four_beside_two(),
        blocked,
        elided,
        storm,
        socket_page::kept_edge(),
        pool_pages::burst_beside_sleep(),
        pool_pages::cancellation(),
        pool_pages::straggler(),
    ];
    let index = Index::read();
    let mut entries = String::new();
    for replay in &replays {
        assert_eq!(replay.document.check(), Ok(()), "{}", replay.file);
        let is_kept = committed::check(replay);
        let former = index.entry(&replay.document.title);
        let entry = former.filter(|former| is_kept && masked(former) == masked(&entry(replay)));
        entries.push_str(&entry.map_or_else(|| self::entry(replay), String::from));
    }
    index.check(&entries);
}
